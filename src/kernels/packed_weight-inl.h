// SPDX-License-Identifier: Apache-2.0
// The loops of products by packed weights. From outside to inside: groups of panels, whose weights stay in the
// second-level cache while all rows are multiplied by them; tiles of rows; all steps of k, the tile's sums in
// registers. What an instruction set is good at is its Dots:
//   kRows, kPanels            of the largest tile, so that its sums fill the registers; fewer rows may be more panels
//   Row, Result               what a row's step is read as, and what sums are made of
//   Sum<kRows, kPanels>(...)  the sums of one tile
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_PACKED_WEIGHT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_PACKED_WEIGHT_INL_H_
#undef DRAGOMAN_KERNELS_PACKED_WEIGHT_INL_H_
#else
#define DRAGOMAN_KERNELS_PACKED_WEIGHT_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "hwy/highway.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/lanes-inl.h"
#include "kernels/packed_rows.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int kMaxTileRows = 8;
constexpr int kMaxTilePanels = 8;

// What a tile is the product of: rows, and panels from `panel` on.
template <class Row>
struct PanelFactors {
  const Row* rows;     // a row's steps
  int64_t row_stride;  // in steps
  const int32_t* row_sums;
  const uint8_t* panel;
  int64_t panel_bytes;
  int64_t steps;
};

// kSums<Dots>[rows - 1][panels - 1]
template <class Dots>
using SumFunction = void (*)(const PanelFactors<typename Dots::Row>&, typename Dots::Result*);

template <class Dots, int kTileRows, int kTilePanels>
constexpr SumFunction<Dots> SumOrNull() {
  constexpr int kWidest = Dots::kPanels == 1 ? 1 : kMaxTilePanels;
  if constexpr (kTileRows * kTilePanels <= Dots::kRows * Dots::kPanels && kTilePanels <= kWidest) {
    return &Dots::template Sum<kTileRows, kTilePanels>;
  } else {
    return nullptr;
  }
}

template <class Dots, int kTileRows, int... kPanels>
constexpr auto SumsOfRows(std::integer_sequence<int, kPanels...>) {
  return std::array<SumFunction<Dots>, kMaxTilePanels>{SumOrNull<Dots, kTileRows, kPanels + 1>()...};
}

template <class Dots, int... kRows>
constexpr auto AllSums(std::integer_sequence<int, kRows...>) {
  return std::array{SumsOfRows<Dots, kRows + 1>(std::make_integer_sequence<int, kMaxTilePanels>())...};
}

template <class Dots>
inline constexpr auto kSums = AllSums<Dots>(std::make_integer_sequence<int, Dots::kRows>());

HWY_INLINE Floats LoadSums(const int32_t* sums) {
  const hn::RebindToSigned<Tag> ints;
  return hn::ConvertTo(Tag(), hn::LoadU(ints, sums));
}
HWY_INLINE Floats LoadSums(const float* sums) { return hn::LoadU(Tag(), sums); }

// One row of a tile: sums become elements of y. scales [n] of columns, or null: then there is none of the row, either.
template <class Result>
HWY_INLINE void FinishRow(const Result* sums, int64_t cols, float row_scale, const float* scales, const float* bias,
                          const Epilogue& epilogue, float* to) {
  ForEachVector(cols, [&](int64_t c, auto lanes) DRAGOMAN_LANES {
    Floats v = LoadSums(sums + c);
    if (scales != nullptr) {
      const Floats scale = hn::Mul(hn::Set(Tag(), row_scale), lanes.Load(scales + c));
      v = bias != nullptr ? hn::MulAdd(v, scale, lanes.Load(bias + c)) : hn::Mul(v, scale);
    } else if (bias != nullptr) {
      v = hn::Add(v, lanes.Load(bias + c));
    }
    if (epilogue.relu) v = hn::IfThenZeroElse(hn::Lt(v, hn::Zero(Tag())), v);
    if (epilogue.accumulate) v = hn::Add(lanes.Load(to + c), v);
    lanes.Store(v, to + c);
  });
}

template <class Dots>
void MultiplyPanels(const PackedRows& x, const PackedWeight& w, const Epilogue& epilogue, const Matrix& y) {
  using Row = typename Dots::Row;
  using Result = typename Dots::Result;
  constexpr bool kIsScaled = std::is_same_v<Result, int32_t>;
  const int64_t steps = x.steps;
  const int64_t panel_bytes = PanelBytes(w.format, w.k, 1);
  const int64_t panels = CeilDiv(w.n, kPanelColumns);
  const int64_t tiles = CeilDiv(y.rows, Dots::kRows);
  const int64_t tallest = CeilDiv(y.rows, tiles);
  const int64_t widest =
      Dots::kPanels == 1 ? 1 : std::min<int64_t>(kMaxTilePanels, Dots::kRows * Dots::kPanels / tallest);
  const int64_t groups = CeilDiv(panels, widest);
  HWY_ALIGN Result sums[kMaxTileRows * kMaxTilePanels * kPanelColumns];
  for (int64_t g = 0; g < groups; ++g) {
    const Range group = Part(panels, groups, g);
    const int64_t col = group.begin * kPanelColumns, tile_cols = group.size() * kPanelColumns;
    const int64_t cols = std::min(tile_cols, w.n - col);
    for (int64_t t = 0; t < tiles; ++t) {
      const Range rows = Part(y.rows, tiles, t);
      const PanelFactors<Row> factors{static_cast<const Row*>(x.values) + rows.begin * steps,
                                      steps,
                                      kIsScaled ? x.sums + rows.begin : nullptr,
                                      w.panels + group.begin * panel_bytes,
                                      panel_bytes,
                                      steps};
      kSums<Dots>[rows.size() - 1][group.size() - 1](factors, sums);
      for (int64_t r = rows.begin; r < rows.end; ++r) {
        FinishRow(sums + (r - rows.begin) * tile_cols, cols, kIsScaled ? x.scales[r] : 1.0f,
                  kIsScaled ? w.scales + col : nullptr, epilogue.bias == nullptr ? nullptr : epilogue.bias + col,
                  epilogue, y.Row(r) + col);
      }
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_PACKED_WEIGHT_INL_H_
