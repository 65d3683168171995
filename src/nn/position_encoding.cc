// SPDX-License-Identifier: Apache-2.0
#include "nn/position_encoding.h"

#include <algorithm>
#include <cmath>

namespace dragoman {

void FillSinusoids(SinusoidLayout layout, SinusoidExponent exponent, const Matrix& table) {
  const int64_t half = table.cols / 2;
  for (int64_t i = 0; i < half; ++i) {
    const double power = exponent == SinusoidExponent::kPaper
                             ? 2.0 * static_cast<double>(i) / static_cast<double>(table.cols)
                             : static_cast<double>(i) / static_cast<double>(std::max<int64_t>(1, half - 1));
    const double frequency = std::pow(10000.0, -power);
    const int64_t sin_col = layout == SinusoidLayout::kInterleaved ? 2 * i : i;
    const int64_t cos_col = layout == SinusoidLayout::kInterleaved ? 2 * i + 1 : half + i;
    for (int64_t position = 0; position < table.rows; ++position) {
      const double angle = static_cast<double>(position) * frequency;
      table.At(position, sin_col) = static_cast<float>(std::sin(angle));
      table.At(position, cos_col) = static_cast<float>(std::cos(angle));
    }
  }
}

}  // namespace dragoman
