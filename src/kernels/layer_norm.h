// SPDX-License-Identifier: Apache-2.0
// Layer normalisation over the last axis. Source: Ba 2016, Eq. 4.
//   y = (x - mean(x)) / sqrt(var(x) + epsilon) * gain + bias,   var being the biased (1/n) variance
#ifndef DRAGOMAN_KERNELS_LAYER_NORM_H_
#define DRAGOMAN_KERNELS_LAYER_NORM_H_

#include "tensor/matrix.h"

namespace dragoman::kernels {

//   x, y [rows, d]; gain, bias [d], bias may be null; mean, inv_std [rows] are kept for the backward pass;
//   both may be null.
// y may be x.
void LayerNormForward(const ConstMatrix& x, const float* gain, const float* bias, float epsilon, const Matrix& y,
                      float* mean, float* inv_std);

//   dy, x [rows, d]; dx [rows, d] is overwritten, or added to when accumulate; dgain, dbias [d] are always added
//   to; dbias may be null. dx may be dy when accumulate is false.
void LayerNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* mean,
                       const float* inv_std, const Matrix& dx, bool accumulate, float* dgain, float* dbias);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_LAYER_NORM_H_
