// SPDX-License-Identifier: Apache-2.0
// Dropout written to be read: the twins of kernels/dropout.h, one DropoutFactor() per element.
#ifndef DRAGOMAN_KERNELS_REFERENCE_DROPOUT_H_
#define DRAGOMAN_KERNELS_REFERENCE_DROPOUT_H_

#include "kernels/dropout.h"

namespace dragoman::kernels::reference {

void ApplyDropout(const Dropout& dropout, const ConstMatrix& x, const Matrix& y, bool accumulate);

void ResidualDropout(const Dropout& dropout, const ConstMatrix& x, const float* bias, const ConstMatrix& residual,
                     const Matrix& y);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_DROPOUT_H_
