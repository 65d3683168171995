// SPDX-License-Identifier: Apache-2.0
// Layer normalisation written to be read: the twin of kernels/layer_norm.h, summing in double.
#ifndef DRAGOMAN_KERNELS_REFERENCE_LAYER_NORM_H_
#define DRAGOMAN_KERNELS_REFERENCE_LAYER_NORM_H_

#include "kernels/layer_norm.h"

namespace dragoman::kernels::reference {

void LayerNormForward(const ConstMatrix& x, const float* gain, const float* bias, float epsilon, const Matrix& y,
                      float* mean, float* inv_std);

void LayerNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* mean,
                       const float* inv_std, const Matrix& dx, bool accumulate, float* dgain, float* dbias);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_LAYER_NORM_H_
