// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed_weight.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "base/check.h"
#include "kernels/packed_rows.h"
#include "tensor/flat_buffer.h"
#include "tensor/half.h"

namespace dragoman::kernels {
namespace {

constexpr int kMostLevel = 127;  // of int8

int64_t ProductBytes(PackedFormat format) { return format == PackedFormat::kInt8 ? 1 : 2; }

int64_t StepsOf(PackedFormat format, int64_t k) { return (k + StepProducts(format) - 1) / StepProducts(format); }

// Bytes from a panel's start to the product of row i and column c.
int64_t PlaceOf(PackedFormat format, int64_t i, int64_t c) {
  const int64_t products = StepProducts(format);
  return ((i / products * kPanelColumns + c) * products + i % products) * ProductBytes(format);
}

uint8_t* PanelOf(PackedFormat format, uint8_t* panels, int64_t k, int64_t c) {
  return panels + c / kPanelColumns * PanelBytes(format, k, 1);
}

// column [k] becomes levels; returns their scale.
float RoundToLevels(std::span<const float> column, std::span<int> levels) {
  float largest = 0;
  for (const float w : column) {
    if (!std::isfinite(w)) return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, std::abs(w));
  }
  const float inverse = kMostLevel / largest;
  if (!(inverse <= std::numeric_limits<float>::max())) return 0;  // nothing but zeros, or all but
  for (size_t i = 0; i < column.size(); ++i) levels[i] = static_cast<int>(std::nearbyint(column[i] * inverse));
  return largest / kMostLevel;
}

}  // namespace

bool IsRowMultiplier(float multiplier) { return multiplier > 0 && std::isnormal(multiplier); }

int64_t PanelBytes(PackedFormat format, int64_t k, int64_t n) {
  const int64_t columns = (n + kPanelColumns - 1) / kPanelColumns * kPanelColumns;
  return StepsOf(format, k) * StepProducts(format) * columns * ProductBytes(format);
}

void PackWeight(PackedFormat format, const ConstMatrix& w, Transpose transpose_w, uint8_t* panels, float* scales) {
  const bool transpose = transpose_w == Transpose::kYes;
  const int64_t k = transpose ? w.cols : w.rows, n = transpose ? w.rows : w.cols;
  std::fill_n(panels, PanelBytes(format, k, n), static_cast<uint8_t>(format == PackedFormat::kInt8 ? kInt8Zero : 0));
  std::vector<float> column(static_cast<size_t>(k));
  std::vector<int> levels(static_cast<size_t>(k));
  for (int64_t c = 0; c < n; ++c) {
    for (int64_t i = 0; i < k; ++i) column[static_cast<size_t>(i)] = transpose ? w.At(c, i) : w.At(i, c);
    uint8_t* const panel = PanelOf(format, panels, k, c);
    if (format == PackedFormat::kInt8) {
      std::ranges::fill(levels, 0);
      scales[c] = RoundToLevels(column, levels);
    }
    for (int64_t i = 0; i < k; ++i) {
      const auto at = static_cast<size_t>(i);
      uint8_t* const to = panel + PlaceOf(format, i, c % kPanelColumns);
      if (format == PackedFormat::kInt8) {
        *to = static_cast<uint8_t>(kInt8Zero + levels[at]);
      } else {
        const uint16_t half = format == PackedFormat::kBf16 ? Bf16FromFloat(column[at]) : F16FromFloat(column[at]);
        std::memcpy(to, &half, sizeof(half));
      }
    }
  }
}

void SetInt8Column(std::span<const int8_t> levels, int64_t c, uint8_t* panels) {
  const auto k = static_cast<int64_t>(levels.size());
  uint8_t* const panel = PanelOf(PackedFormat::kInt8, panels, k, c);
  for (int64_t i = 0; i < k; ++i) {
    panel[PlaceOf(PackedFormat::kInt8, i, c % kPanelColumns)] =
        static_cast<uint8_t>(kInt8Zero + levels[static_cast<size_t>(i)]);
  }
}

PackedWeight ColumnsOf(const PackedWeight& w, int64_t first, int64_t count) {
  DRAGOMAN_CHECK(first % kPanelColumns == 0 && first + count <= w.n);
  PackedWeight columns = w;
  columns.panels += PanelBytes(w.format, w.k, first);
  if (w.scales != nullptr) columns.scales += first;
  columns.n = count;
  return columns;
}

void UnpackColumn(const PackedWeight& w, int64_t c, float* to) {
  const uint8_t* const panel = w.panels + c / kPanelColumns * PanelBytes(w.format, w.k, 1);
  for (int64_t i = 0; i < w.k; ++i) {
    const uint8_t* const from = panel + PlaceOf(w.format, i, c % kPanelColumns);
    if (w.format == PackedFormat::kInt8) {
      to[i] = static_cast<float>(int{*from} - kInt8Zero) * w.scales[c];
    } else {
      uint16_t half;
      std::memcpy(&half, from, sizeof(half));
      to[i] = w.format == PackedFormat::kBf16 ? FloatFromBf16(half) : FloatFromF16(half);
    }
  }
}

namespace {

// Steps are words of one size: what a column has of a step.
template <class Word>
void CopyColumn(const uint8_t* from, int64_t steps, uint8_t* to) {
  for (int64_t s = 0; s < steps; ++s) {
    std::memcpy(to + s * kPanelColumns * int64_t{sizeof(Word)}, from + s * kPanelColumns * int64_t{sizeof(Word)},
                sizeof(Word));
  }
}

}  // namespace

void SelectColumns(const PackedWeight& w, std::span<const int32_t> columns, uint8_t* panels, float* scales) {
  const auto n = static_cast<int64_t>(columns.size());
  const int64_t bytes = StepProducts(w.format) * ProductBytes(w.format), steps = StepsOf(w.format, w.k);
  const int64_t panel = PanelBytes(w.format, w.k, 1);
  if (n % kPanelColumns != 0) {  // what fills up the last one
    std::fill_n(panels + n / kPanelColumns * panel, panel,
                static_cast<uint8_t>(w.format == PackedFormat::kInt8 ? kInt8Zero : 0));
  }
  for (int64_t c = 0; c < n; ++c) {
    const int64_t column = columns[static_cast<size_t>(c)];
    const uint8_t* const from = w.panels + column / kPanelColumns * panel + column % kPanelColumns * bytes;
    uint8_t* const to = panels + c / kPanelColumns * panel + c % kPanelColumns * bytes;
    bytes == 4 ? CopyColumn<uint32_t>(from, steps, to) : CopyColumn<uint16_t>(from, steps, to);
    if (w.format == PackedFormat::kInt8) scales[c] = w.scales[column];
  }
}

void Gemm(const ConstMatrix& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  DRAGOMAN_CHECK(x.cols == w.k && y.cols == w.n && x.rows == y.rows);
  if (y.size() == 0) return;
  thread_local FlatBuffer memory;  // for the rounded rows; each thread keeps its own
  const bool int8 = w.format == PackedFormat::kInt8, pairs = w.format == PackedFormat::kBf16 && HasFastBf16();
  const int64_t steps = StepsOf(w.format, w.k);
  const int64_t row_floats = int8 || pairs ? steps : steps * StepProducts(w.format);
  const int64_t floats = x.rows * row_floats + (int8 ? 2 * x.rows : 0);
  if (memory.size() < floats) memory = FlatBuffer(floats);
  PackedRows rows{memory.data(), steps};
  if (int8) {
    rows.scales = memory.data() + x.rows * row_floats;
    rows.sums = reinterpret_cast<int32_t*>(rows.scales + x.rows);
    w.row_multiplier > 0 ? MultiplyRowsToInt8(x, w.row_multiplier, rows) : RoundRowsToInt8(x, rows);
    GemmInt8(rows, w, epilogue, y);
  } else if (pairs) {
    RoundRowsToBf16(x, rows);
    GemmBf16Panels(rows, w, epilogue, y);
  } else {
    for (int64_t r = 0; r < x.rows; ++r) {
      float* const to = memory.data() + r * row_floats;
      std::fill(std::copy_n(x.Row(r), x.cols, to), to + row_floats, 0.0f);
    }
    GemmHalf(rows, w, epilogue, y);
  }
}

}  // namespace dragoman::kernels
