// SPDX-License-Identifier: Apache-2.0
// Small passes over whole matrices and spans.
#ifndef DRAGOMAN_KERNELS_ELEMENTWISE_H_
#define DRAGOMAN_KERNELS_ELEMENTWISE_H_

#include <cstdint>
#include <span>

#include "tensor/matrix.h"

namespace dragoman::kernels {

// to = from, of the same shape, or its transpose.
void Copy(const ConstMatrix& from, const Matrix& to);
void CopyTransposed(const ConstMatrix& from, const Matrix& to);

// to [rows, columns.size()]: of from [rows, n] these columns.
void SelectColumns(const ConstMatrix& from, std::span<const int32_t> columns, const Matrix& to);

// to += from, of the same shape.
void AddRows(const ConstMatrix& from, const Matrix& to);

// m[r, c] += bias[c].
void AddBias(const Matrix& m, const float* bias);

// out[c] += sum over rows of m[r, c]: a bias's gradient. Rows are summed in order.
void AddColumnSums(const ConstMatrix& m, float* out);

// y += x, elementwise.
void AddTo(std::span<const float> x, std::span<float> y);

// x *= factor.
void Scale(std::span<float> x, float factor);

// Sum of squares, accumulated in double; the order of summation depends on x.size() alone.
double SumOfSquares(std::span<const float> x);

// average = decay * average + (1 - decay) * x: the exponential moving average of weights.
void MovingAverage(std::span<const float> x, float decay, std::span<float> average);

// True when every element is finite.
bool AllFinite(std::span<const float> x);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_ELEMENTWISE_H_
