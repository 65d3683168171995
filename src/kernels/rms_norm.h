// SPDX-License-Identifier: Apache-2.0
// Normalisation by the root of the mean square over the last axis: layer norm without its mean and its bias.
// Source: Zhang 2019, Eq. 4.
//   y = x / sqrt(mean(x^2) + epsilon) * gain
#ifndef DRAGOMAN_KERNELS_RMS_NORM_H_
#define DRAGOMAN_KERNELS_RMS_NORM_H_

#include "tensor/matrix.h"

namespace dragoman::kernels {

//   x, y [rows, d]; gain [d]; inv_rms [rows] is kept for the backward pass, and may be null.
// y may be x.
void RmsNormForward(const ConstMatrix& x, const float* gain, float epsilon, const Matrix& y, float* inv_rms);

//   dy, x [rows, d]; dx [rows, d] is overwritten, or added to when accumulate; dgain [d] is always added to. dx may be
//   dy when accumulate is false.
void RmsNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* inv_rms,
                     const Matrix& dx, bool accumulate, float* dgain);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_RMS_NORM_H_
