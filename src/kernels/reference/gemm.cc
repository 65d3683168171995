// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/gemm.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace dragoman::kernels::reference {
namespace {

constexpr int64_t kBlockSteps = 512;

float At(const ConstMatrix& m, Transpose transpose, int64_t r, int64_t c) {
  return transpose == Transpose::kYes ? m.At(c, r) : m.At(r, c);
}

}  // namespace

void Gemm(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
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

void GemmBf16(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
              bool accumulate) {
  const int64_t k = transpose_a == Transpose::kYes ? a.rows : a.cols;
  for (int64_t row = 0; row < c.rows; ++row) {
    for (int64_t col = 0; col < c.cols; ++col) {
      double sum = accumulate ? c.At(row, col) : 0.0f;
      for (int64_t i = 0; i < k; ++i) {
        sum += double{RoundToBf16(At(a, transpose_a, row, i))} * RoundToBf16(At(b, transpose_b, i, col));
      }
      c.At(row, col) = static_cast<float>(sum);
    }
  }
}

float RoundToBf16(float x) {
  if (std::isnan(x)) return x;
  const auto bits = std::bit_cast<uint32_t>(x);
  const uint32_t odd = bits >> 16 & 1;  // a tie goes up from here only
  return std::bit_cast<float>((bits + 0x7fff + odd) & 0xffff0000);
}

}  // namespace dragoman::kernels::reference
