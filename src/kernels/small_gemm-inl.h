// SPDX-License-Identifier: Apache-2.0
// Products of one head's matrices, which lie in the first-level cache: C[m, n] (+)= A[m, k] B[k, n], whole or
// triangular, a tile of C held in registers. (gemm_tile-inl.h has the tiles of large products, which pack and
// prefetch.) Every element of C is one chain of fused multiply-adds over k in rising order, whatever the tile it falls
// in: its value depends on its row of A and its column of B, and on nothing else. Included once per instruction set
// (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_SMALL_GEMM_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_SMALL_GEMM_INL_H_
#undef DRAGOMAN_KERNELS_SMALL_GEMM_INL_H_
#else
#define DRAGOMAN_KERNELS_SMALL_GEMM_INL_H_
#endif

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"
#include "kernels/gemm_factor-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int kTileVecs = 2;  // of a tile, by kTileRows

// One tile. With kTriangle, row r is the sum over the first steps + r + 1 products.
template <int kRows, int kVecs, bool kTriangle, class D, class Left>
HWY_NOINLINE void MulTile(D d, Left a, RightFactor b, int64_t steps, Product c) {
  const int64_t lanes = hn::Lanes(d);
  hn::Vec<D> acc[kRows][kVecs];
  ZeroTile(d, acc);
  for (int64_t i = 0; i < steps; ++i) {
    hn::Vec<D> right[kVecs];
    for (int v = 0; v < kVecs; ++v) right[v] = hn::LoadU(d, b.data + v * lanes);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const auto left = hn::Set(d, a.data[r * a.row_stride.value]);
      for (int v = 0; v < kVecs; ++v) acc[r][v] = hn::MulAdd(left, right[v], acc[r][v]);
    }
    a.NextStep();
    b.data += b.stride;
  }
  if constexpr (kTriangle) {
    HWY_UNROLL(8)
    for (int i = 0; i < kRows; ++i) {
      hn::Vec<D> right[kVecs];
      for (int v = 0; v < kVecs; ++v) right[v] = hn::LoadU(d, b.data + i * b.stride + v * lanes);
      HWY_UNROLL(8)
      for (int r = i; r < kRows; ++r) {
        const auto left = hn::Set(d, a.data[r * a.row_stride.value + i * a.step_stride.value]);
        for (int v = 0; v < kVecs; ++v) acc[r][v] = hn::MulAdd(left, right[v], acc[r][v]);
      }
    }
  }
  StoreTile(d, acc, c);
}

template <int kVecs, bool kTriangle, class D, class Left, int... kRows>
constexpr auto TilesByRows(std::integer_sequence<int, kRows...>) {
  return std::array{&MulTile<kRows + 1, kVecs, kTriangle, D, Left>...};
}

// Which products make up row r of C.
enum class Steps {
  kAll,            // the first `steps`
  kLowerTriangle,  // the first steps + r + 1
  kUpperTriangle,  // of the first `steps`, those from step r - skip on; earlier ones of A are 0 and may be left out
};

template <int kVecs, Steps kSteps, class D, class Left>
HWY_INLINE void MulColumns(D d, int64_t rows, const Left& a, RightFactor b, int64_t steps, int64_t skip, Product c) {
  constexpr bool kTriangle = kSteps == Steps::kLowerTriangle;
  static constexpr auto kTiles = TilesByRows<kVecs, kTriangle, D, Left>(std::make_integer_sequence<int, kTileRows>());
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  for (int64_t t = 0, r = 0; t < tiles; ++t) {
    const int64_t tile_rows = (rows - r + tiles - t - 1) / (tiles - t);  // as even as can be: 14 is 7 + 7
    const int64_t first_step = kSteps == Steps::kUpperTriangle ? std::max<int64_t>(0, r - skip) : 0;
    const int64_t end_step = kTriangle ? steps + r : steps;
    kTiles[tile_rows - 1](d, a.From(r, first_step), {b.data + first_step * b.stride, b.stride},
                          std::max<int64_t>(0, end_step - first_step), {c.data + r * c.stride, c.stride, c.accumulate});
    r += tile_rows;
  }
}

// C[rows, vecs * Lanes(d)] (+)= A B. B and C are read and written in whole vectors.
template <Steps kSteps, class D, class Left>
HWY_INLINE void SmallGemm(D d, int64_t rows, int64_t vecs, const Left& a, RightFactor b, int64_t steps, int64_t skip,
                          Product c) {
  const int64_t lanes = hn::Lanes(d);
  int64_t v = 0;
  for (; v + kTileVecs <= vecs; v += kTileVecs) {
    MulColumns<kTileVecs, kSteps>(d, rows, a, {b.data + v * lanes, b.stride}, steps, skip,
                                  {c.data + v * lanes, c.stride, c.accumulate});
  }
  if (v < vecs) {
    MulColumns<1, kSteps>(d, rows, a, {b.data + v * lanes, b.stride}, steps, skip,
                          {c.data + v * lanes, c.stride, c.accumulate});
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_SMALL_GEMM_INL_H_
