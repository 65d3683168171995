// SPDX-License-Identifier: Apache-2.0
// The inside of a GEMM: a tile of C in registers, kTileRows rows by up to kPanelVecs vectors, or fewer rows by more
// vectors. Every element is one chain of fused multiply-adds in rising order of steps, in whatever tile it falls.
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_GEMM_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_GEMM_TILE_INL_H_
#undef DRAGOMAN_KERNELS_GEMM_TILE_INL_H_
#else
#define DRAGOMAN_KERNELS_GEMM_TILE_INL_H_
#endif

#include <array>
#include <cstdint>
#include <utility>

#include "hwy/highway.h"
#include "kernels/gemm_factor-inl.h"
#include "kernels/lanes-inl.h"
#include "kernels/prefetch.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// 8 x 3 accumulators leave 8 of 32 registers for what they are fed from, 6 x 2 leave 4 of 16.
#if HWY_TARGET == HWY_AVX3
constexpr int kPanelVecs = 3;
#else
constexpr int kPanelVecs = 2;
#endif
constexpr int kAccumulators = kTileRows * kPanelVecs;
constexpr int kMaxVecs = 12;  // of a tile with few rows

// Part `part` of `parts` of [0, count): parts as even as can be.
struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};
HWY_INLINE Range Part(int64_t count, int64_t parts, int64_t part) {
  return {count * part / parts, count * (part + 1) / parts};
}
HWY_INLINE int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Where a tile finds its columns of the right factor.
enum class Source {
  kMatrix,         // in the matrix itself, lines far apart
  kMatrixAndPack,  // likewise; it copies them to a panel for the tiles below
  kPanel,          // in a panel
};

// Asks for the lines of c that a tile will write: a row every 4 steps. All at once they would fill the queue of misses,
// and the factors' next lines would wait behind them.
template <int kRows, int kVecs>
HWY_INLINE void AskForLines(const Product& c, int64_t step) {
  constexpr int64_t kSteps = 4;
  if (step % kSteps != 0 || step >= kRows * kSteps) return;
  for (int v = 0; v < kVecs; ++v) Prefetch(c.data + step / kSteps * c.stride + v * kLanes);
}

// From this many rows on, a matrix read from memory arrives too late unless it is asked for a panel ahead. Tiles with
// fewer rows are wide enough for the hardware to see where they are going, and have no load to spare.
constexpr int kMinPrefetchRows = 5;

// One tile: c [kRows, kVecs vectors] (+)= a [kRows, steps] b [steps, kVecs vectors]. With kMatrixAndPack b is also
// copied to panel [steps, kVecs vectors].
template <int kRows, int kVecs, Source kSource, class Left>
HWY_NOINLINE void GemmTile(Left a, RightFactor b, int64_t steps, float* HWY_RESTRICT panel, Product c) {
  constexpr bool kPrefetch = kSource != Source::kPanel && kRows >= kMinPrefetchRows;
  const Tag d;
  const int64_t lanes = hn::Lanes(d);
  Floats acc[kRows][kVecs];
  ZeroTile(d, acc);
  for (int64_t i = 0; i < steps; ++i) {
    AskForLines<kRows, kVecs>(c, i);
    Floats right[kVecs];
    for (int v = 0; v < kVecs; ++v) {
      right[v] = hn::LoadU(d, b.data + v * lanes);
      if constexpr (kPrefetch) Prefetch(b.data + (kVecs + v) * lanes);
      if constexpr (kSource == Source::kMatrixAndPack) hn::StoreU(right[v], d, panel + v * lanes);
    }
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const Floats left = hn::Set(d, a.data[r * a.row_stride.value]);
      for (int v = 0; v < kVecs; ++v) acc[r][v] = hn::MulAdd(left, right[v], acc[r][v]);
    }
    a.NextStep();
    b.data += b.stride;
    if constexpr (kSource == Source::kMatrixAndPack) panel += kVecs * lanes;
  }
  StoreTile(d, acc, c);
}

// kTiles<Left, source>[rows - 1][vecs - 1]; null where the accumulators would not fit into the registers.
template <class Left>
using TileFunction = void (*)(Left, RightFactor, int64_t, float*, Product);

template <int kRows, int kVecs, Source kSource, class Left>
constexpr TileFunction<Left> TileOrNull() {
  constexpr int kWidest = kSource == Source::kMatrix ? kMaxVecs : kPanelVecs;
  if constexpr (kRows * kVecs <= kAccumulators && kVecs <= kWidest) {
    return &GemmTile<kRows, kVecs, kSource, Left>;
  } else {
    return nullptr;
  }
}

template <int kRows, Source kSource, class Left, int... kVecs>
constexpr auto TilesOfRows(std::integer_sequence<int, kVecs...>) {
  return std::array<TileFunction<Left>, kMaxVecs>{TileOrNull<kRows, kVecs + 1, kSource, Left>()...};
}

template <Source kSource, class Left, int... kRows>
constexpr auto AllTiles(std::integer_sequence<int, kRows...>) {
  return std::array{TilesOfRows<kRows + 1, kSource, Left>(std::make_integer_sequence<int, kMaxVecs>())...};
}

template <class Left, Source kSource>
inline constexpr auto kTiles = AllTiles<kSource, Left>(std::make_integer_sequence<int, kTileRows>());

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_GEMM_TILE_INL_H_
