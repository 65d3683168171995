// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/gemm.h"

#include <algorithm>
#include <cmath>

namespace dragoman::kernels::reference {
namespace {

constexpr int64_t kBlockSteps = 512;

float At(const Matrix& m, Transpose transpose, int64_t r, int64_t c) {
  return transpose == Transpose::kYes ? m.At(c, r) : m.At(r, c);
}

}  // namespace

void Gemm(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate) {
  const int64_t k = transpose_a == Transpose::kYes ? a.rows : a.cols;
  for (int64_t row = 0; row < c.rows; ++row) {
    for (int64_t col = 0; col < c.cols; ++col) {
      float& element = c.At(row, col);
      if (!accumulate) element = 0;
      for (int64_t begin = 0; begin < k; begin += kBlockSteps) {
        float sum = 0;
        for (int64_t i = begin; i < std::min(begin + kBlockSteps, k); ++i) {
          sum = std::fma(At(a, transpose_a, row, i), At(b, transpose_b, i, col), sum);
        }
        element += sum;
      }
    }
  }
}

}  // namespace dragoman::kernels::reference
