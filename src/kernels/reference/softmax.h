// SPDX-License-Identifier: Apache-2.0
// Log-softmax and cross-entropy written to be read, in double: the twins of kernels/softmax.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_SOFTMAX_H_
#define DRAGOMAN_KERNELS_REFERENCE_SOFTMAX_H_

#include "kernels/softmax.h"

namespace dragoman::kernels::reference {

void LogSoftmaxRows(const Matrix& x);

CrossEntropySums CrossEntropyRows(const Matrix& logits, std::span<const int32_t> targets, float smoothing,
                                  float gradient_scale);

CrossEntropySums ConsistentCrossEntropyRows(const Matrix& first, const Matrix& second, std::span<const int32_t> targets,
                                            float smoothing, float weight, float gradient_scale);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_SOFTMAX_H_
