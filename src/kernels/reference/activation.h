// SPDX-License-Identifier: Apache-2.0
// The activations written to be read, in double: the twins of kernels/activation.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_ACTIVATION_H_
#define DRAGOMAN_KERNELS_REFERENCE_ACTIVATION_H_

#include "kernels/activation.h"

namespace dragoman::kernels::reference {

// act(x) and its derivative.
double Activate(Activation activation, double x);
double ActivationSlope(Activation activation, double x);

void ActivationForward(Activation activation, const Matrix& x, const float* bias, const Matrix& y);

void ActivationBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dx);

void GatedForward(Activation activation, const ConstMatrix& gate, const ConstMatrix& x, const Matrix& y);

void GatedBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& gate, const ConstMatrix& x,
                   const Matrix& dgate, const Matrix& dx);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_ACTIVATION_H_
