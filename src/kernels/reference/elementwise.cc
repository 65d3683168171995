// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/elementwise.h"

#include <cmath>

namespace dragoman::kernels::reference {

void AddBias(const Matrix& m, const float* bias) {
  for (int64_t r = 0; r < m.rows; ++r) {
    for (int64_t c = 0; c < m.cols; ++c) m.At(r, c) += bias[c];
  }
}

void AddColumnSums(const ConstMatrix& m, float* out) {
  for (int64_t r = 0; r < m.rows; ++r) {
    for (int64_t c = 0; c < m.cols; ++c) out[c] += m.At(r, c);
  }
}

void AddTo(std::span<const float> x, std::span<float> y) {
  for (size_t i = 0; i < x.size(); ++i) y[i] += x[i];
}

void Scale(std::span<float> x, float factor) {
  for (float& v : x) v *= factor;
}

double SumOfSquares(std::span<const float> x) {
  double sum = 0;
  for (const float v : x) sum += double{v} * double{v};
  return sum;
}

void MovingAverage(std::span<const float> x, float decay, std::span<float> average) {
  for (size_t i = 0; i < x.size(); ++i) average[i] = decay * average[i] + (1 - decay) * x[i];
}

bool AllFinite(std::span<const float> x) {
  for (const float v : x) {
    if (!std::isfinite(v)) return false;
  }
  return true;
}

}  // namespace dragoman::kernels::reference
