// SPDX-License-Identifier: Apache-2.0
// The feed-forward layer's non-linearities and their gated forms.
//   ReLU    max(0, x)                                                      Vaswani 2017, §3.3, Eq. 2
//   GELU    x Phi(x), Phi the normal distribution (erf)                    Hendrycks 2016, Eq. 1
//   GELU'   its tanh approximation 0.5 x (1 + tanh(sqrt(2/pi)(x + 0.044715 x^3)))   ibid., §2
//   GELU"   its sigmoid approximation x sigmoid(1.702 x)                    ibid., §2
//   SiLU    x sigmoid(x)                                                   ibid., §4
// Gated: y = act(gate) * x                                                 Shazeer 2020, Eq. 5 and 6
#ifndef DRAGOMAN_KERNELS_ACTIVATION_H_
#define DRAGOMAN_KERNELS_ACTIVATION_H_

#include "tensor/matrix.h"

namespace dragoman::kernels {

enum class Activation { kRelu, kGelu, kGeluTanh, kSilu, kGeluSigmoid };

// y = act(x + bias); bias [cols] may be null. Leaves x + bias in x, where the backward pass wants it; y may be x
// (ReLU's gradient can be told from its output, the others' cannot).
void ActivationForward(Activation activation, const Matrix& x, const float* bias, const Matrix& y);

// dx = dy * act'(x). x is what ActivationForward left there (for ReLU, its output serves as well). dx may be dy.
void ActivationBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& x, const Matrix& dx);

// y = act(gate) * x. All [rows, cols].
void GatedForward(Activation activation, const ConstMatrix& gate, const ConstMatrix& x, const Matrix& y);

// dgate = dy * x * act'(gate); dx = dy * act(gate). dgate or dx may be dy (not both).
void GatedBackward(Activation activation, const ConstMatrix& dy, const ConstMatrix& gate, const ConstMatrix& x,
                   const Matrix& dgate, const Matrix& dx);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_ACTIVATION_H_
