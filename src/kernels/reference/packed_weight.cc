// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/packed_weight.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tensor/half.h"

namespace dragoman::kernels::reference {
namespace {

struct Rounded {
  std::vector<int> levels;
  float scale = 0;
};

Rounded Round(const std::vector<float>& values) {
  Rounded rounded{std::vector<int>(values.size()), 0};
  float largest = 0;
  for (const float v : values) {
    if (!std::isfinite(v)) {
      rounded.scale = std::numeric_limits<float>::quiet_NaN();
      return rounded;
    }
    largest = std::max(largest, std::abs(v));
  }
  const float inverse = 127 / largest;
  if (!(inverse <= std::numeric_limits<float>::max())) return rounded;
  rounded.scale = largest / 127;
  for (size_t i = 0; i < values.size(); ++i) rounded.levels[i] = static_cast<int>(std::nearbyint(values[i] * inverse));
  return rounded;
}

// By a number that is given.
Rounded RoundBy(float multiplier, const std::vector<float>& values) {
  Rounded rounded{std::vector<int>(values.size()), 1 / multiplier};
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) return {std::vector<int>(values.size()), std::numeric_limits<float>::quiet_NaN()};
    rounded.levels[i] = static_cast<int>(std::clamp(std::nearbyint(values[i] * multiplier), -127.0f, 127.0f));
  }
  return rounded;
}

}  // namespace

void GemmInt8(const ConstMatrix& x, const ConstMatrix& w, const Epilogue& epilogue, const Matrix& y,
              float row_multiplier) {
  for (int64_t r = 0; r < y.rows; ++r) {
    const std::vector<float> activations(x.Row(r), x.Row(r) + x.cols);
    const Rounded row = row_multiplier > 0 ? RoundBy(row_multiplier, activations) : Round(activations);
    for (int64_t c = 0; c < y.cols; ++c) {
      std::vector<float> values;
      for (int64_t i = 0; i < w.rows; ++i) values.push_back(w.At(i, c));
      const Rounded column = Round(values);
      int64_t sum = 0;
      for (size_t i = 0; i < values.size(); ++i) sum += int64_t{row.levels[i]} * column.levels[i];
      const float scale = row.scale * column.scale;
      const float bias = epilogue.bias != nullptr ? epilogue.bias[c] : 0.0f;
      float element = std::fma(static_cast<float>(sum), scale, bias);
      if (epilogue.relu && element < 0) element = 0;
      y.At(r, c) = epilogue.accumulate ? y.At(r, c) + element : element;
    }
  }
}

void GemmHalf(PackedFormat format, bool round_rows, const ConstMatrix& x, const ConstMatrix& w,
              const Epilogue& epilogue, const Matrix& y) {
  const auto rounded = [&](float value) {
    return format == PackedFormat::kBf16 ? FloatFromBf16(Bf16FromFloat(value)) : FloatFromF16(F16FromFloat(value));
  };
  for (int64_t r = 0; r < y.rows; ++r) {
    for (int64_t c = 0; c < y.cols; ++c) {
      double sum = epilogue.bias != nullptr ? double{epilogue.bias[c]} : 0.0;
      for (int64_t i = 0; i < w.rows; ++i) {
        sum += double{round_rows ? rounded(x.At(r, i)) : x.At(r, i)} * double{rounded(w.At(i, c))};
      }
      if (epilogue.relu && sum < 0) sum = 0;
      y.At(r, c) = static_cast<float>(epilogue.accumulate ? double{y.At(r, c)} + sum : sum);
    }
  }
}

}  // namespace dragoman::kernels::reference
