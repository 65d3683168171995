// SPDX-License-Identifier: Apache-2.0
#include "nn/position_encoding.h"

#include <algorithm>
#include <cmath>

namespace dragoman {

void FillSinusoids(SinusoidLayout layout, SinusoidExponent exponent, int64_t first, const Matrix& table) {
  const int64_t half = table.cols / 2;
  for (int64_t i = 0; i < half; ++i) {
    const double power = exponent == SinusoidExponent::kPaper
                             ? 2.0 * static_cast<double>(i) / static_cast<double>(table.cols)
                             : static_cast<double>(i) / static_cast<double>(std::max<int64_t>(1, half - 1));
    const double frequency = std::pow(10000.0, -power);
    const int64_t sin_col = layout == SinusoidLayout::kInterleaved ? 2 * i : i;
    const int64_t cos_col = layout == SinusoidLayout::kInterleaved ? 2 * i + 1 : half + i;
    for (int64_t row = 0; row < table.rows; ++row) {
      const double angle = static_cast<double>(first + row) * frequency;
      table.At(row, sin_col) = static_cast<float>(std::sin(angle));
      table.At(row, cos_col) = static_cast<float>(std::cos(angle));
    }
  }
}

}  // namespace dragoman
