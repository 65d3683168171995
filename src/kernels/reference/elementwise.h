// SPDX-License-Identifier: Apache-2.0
// Small passes written to be read: the twins of kernels/elementwise.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_ELEMENTWISE_H_
#define DRAGOMAN_KERNELS_REFERENCE_ELEMENTWISE_H_

#include "kernels/elementwise.h"

namespace dragoman::kernels::reference {

void AddBias(const Matrix& m, const float* bias);
void AddColumnSums(const ConstMatrix& m, float* out);
void AddTo(std::span<const float> x, std::span<float> y);
void Scale(std::span<float> x, float factor);
double SumOfSquares(std::span<const float> x);
void MovingAverage(std::span<const float> x, float decay, std::span<float> average);
bool AllFinite(std::span<const float> x);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_ELEMENTWISE_H_
