// SPDX-License-Identifier: Apache-2.0
// Products of factors rounded to bfloat16, with AVX512_BF16: an instruction multiplies 16 pairs of neighbours in k and
// adds both products to 16 floats, twice the rate of f32. The loops are those of gemm.cc, with two differences: factors
// are rounded, and laid out in pairs, while they are packed; and the left factor is packed, too, a tile at a time.
// Pairs travel in float vectors, as 32 bits of anything.
#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "kernels/gemm.h"
#include "kernels/gemm_pairs.h"
#include "kernels/gemm_shape.h"
#include "tensor/flat_buffer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_bf16.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/gemm_pack-inl.h"
#include "kernels/gemm_tile-inl.h"

#if HWY_TARGET == HWY_AVX3
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512bf16")  // HWY_BEFORE_NAMESPACE, and what Highway's AVX3 does not ask for
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int64_t kBlockPairs = 512;
constexpr int64_t kPanelCols = kPanelVecs * kLanes;
constexpr int64_t kPanelFloats = 12 * kPanelCols * kBlockPairs / 2;  // 576 KB of the 1 MB that these processors have
constexpr int64_t kRowStride = kBlockPairs + kLanes;                 // of a tile's left factor, packed by rows
constexpr int64_t kGroupRows = 2 * kTileRows;  // whose left factor is packed at a time: a vector's width
static_assert(kGroupRows == kLanes);
constexpr int64_t kLeftFloats = kGroupRows * kRowStride;

// The left factor packed as it lies in memory: a row is a row of [kGroupRows, kRowStride], or a column of
// [pairs, kGroupRows].
using PackedRows = CopiedRows<kRowStride>;
using PackedColumns = CopiedColumns<kGroupRows, 2>;

HWY_INLINE Floats LoadFirst(const float* from, int64_t count) {
  return hn::MaskedLoad(hn::FirstN(Tag(), static_cast<size_t>(std::clamp<int64_t>(count, 0, kLanes))), Tag(), from);
}

// 32 floats, rounded to nearest even.
HWY_INLINE Floats Round(Floats first, Floats second) {
  const __m512bh rounded = _mm512_cvtne2ps_pbh(second.raw, first.raw);
  return Floats{_mm512_castsi512_ps((__m512i)rounded)};
}

// 16 pairs of elements that stand below each other.
HWY_INLINE Floats RoundInPairs(Floats upper, Floats lower) {
  alignas(64) static constexpr uint16_t kOrder[32] = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                                                      8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const __m512i rounded = _mm512_castps_si512(Round(upper, lower).raw);
  return Floats{_mm512_castsi512_ps(_mm512_permutexvar_epi16(_mm512_load_si512(kOrder), rounded))};
}

// Rows of a matrix in memory: pairs of neighbours, 0 where there is none.
HWY_INLINE void PackRow(const float* from, int64_t steps, float* HWY_RESTRICT to) {
  for (int64_t i = 0; i < steps; i += 2 * kLanes) {
    hn::StoreU(Round(LoadFirst(from + i, steps - i), LoadFirst(from + i + kLanes, steps - i - kLanes)), Tag(),
               to + i / 2);
  }
}

// Two rows of it, from `col`; the second is absent (0) when it would be beyond the last of `steps`.
HWY_INLINE Floats PairRows(const Matrix& m, int64_t step, int64_t i, int64_t steps, int64_t col, int64_t cols) {
  const Floats upper = LoadFirst(m.Row(step + i) + col, cols);
  return RoundInPairs(upper, i + 1 < steps ? LoadFirst(m.Row(step + i + 1) + col, cols) : hn::Zero(Tag()));
}

// A group's part of the left factor: rows of op(a), `steps` of them from `step`.
template <bool kTranspose>
auto PackLeft(const Matrix& a, Range rows, int64_t step, int64_t steps, float* HWY_RESTRICT to) {
  if constexpr (kTranspose) {
    for (int64_t i = 0; i < steps; i += 2) {
      hn::StoreU(PairRows(a, step, i, steps, rows.begin, rows.size()), Tag(), to + i / 2 * kGroupRows);
    }
    return PackedColumns{to, a.Row(step) + rows.end, a.stride};
  } else {
    for (int64_t r = 0; r < rows.size(); ++r) PackRow(a.Row(rows.begin + r) + step, steps, to + r * kRowStride);
    return PackedRows{to, to, 0};
  }
}

// `cols` columns of op(b) from `col` become a panel [pairs, width]; a square of pairs may be filled up with zeros.
template <bool kTranspose>
void PackRight(const Matrix& b, int64_t step, int64_t steps, int64_t col, int64_t cols, int64_t width,
               float* HWY_RESTRICT panel) {
  if constexpr (kTranspose) {
    HWY_ALIGN float square[kLanes * kLanes];
    for (int64_t c = 0; c < cols; c += kLanes) {
      std::fill(std::begin(square), std::end(square), 0.0f);
      for (int64_t i = 0; i < steps; i += 2 * kLanes) {
        for (int64_t r = 0; r < std::min(kLanes, cols - c); ++r) {
          PackRow(b.Row(col + c + r) + step + i, std::min(2 * kLanes, steps - i), square + r * kLanes);
        }
        TransposeSquare(Tag(), square, kLanes, panel + i / 2 * width + c, width);
      }
    }
  } else {
    for (int64_t i = 0; i < steps; i += 2) {
      for (int64_t c = 0; c < cols; c += kLanes) {
        hn::StoreU(PairRows(b, step, i, steps, col + c, cols - c), Tag(), panel + i / 2 * width + c);
        for (int64_t r = i; r < i + 2; ++r) hwy::Prefetch(b.Row(step + r) + col + width + c);  // for the next panel
      }
    }
  }
}

// As GemmTile, with two products a step. Of the last vector, `last_cols` columns are c's.
template <int kRows, int kVecs, class Left>
HWY_NOINLINE void PairTile(Left a, const float* HWY_RESTRICT panel, int64_t pairs, Product c, int64_t last_cols) {
  const Tag d;
  Floats acc[kRows][kVecs];
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) {
      acc[r][v] = hn::Zero(d);
      hwy::Prefetch(c.data + r * c.stride + v * kLanes);
    }
  }
  for (int64_t i = 0; i < pairs; ++i) {
    Floats right[kVecs];
    for (int v = 0; v < kVecs; ++v) right[v] = hn::LoadU(d, panel + v * kLanes);
    HWY_UNROLL(8)
    for (int r = 0; r < kRows; ++r) {
      const Floats left = hn::Set(d, a.data[r * a.row_stride.value]);
      for (int v = 0; v < kVecs; ++v) {
        acc[r][v].raw = _mm512_dpbf16_ps(acc[r][v].raw, (__m512bh)left.raw, (__m512bh)right[v].raw);
      }
    }
    a.NextStep();
    panel += kVecs * kLanes;
  }
  const auto last = hn::FirstN(d, static_cast<size_t>(last_cols));
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) {
      float* const to = c.data + r * c.stride + v * kLanes;
      const auto mask = v + 1 < kVecs ? hn::FirstN(d, static_cast<size_t>(kLanes)) : last;
      if (c.accumulate) acc[r][v] = hn::Add(hn::MaskedLoad(mask, d, to), acc[r][v]);
      hn::BlendedStore(acc[r][v], mask, d, to);
    }
  }
}

template <class Left>
using PairTileFunction = void (*)(Left, const float*, int64_t, Product, int64_t);

template <class Left, int kVecs, int... kRows>
constexpr auto PairTilesOf(std::integer_sequence<int, kRows...>) {
  return std::array<PairTileFunction<Left>, kTileRows>{&PairTile<kRows + 1, kVecs, Left>...};
}

template <class Left, int... kVecs>
constexpr auto AllPairTiles(std::integer_sequence<int, kVecs...>) {
  return std::array{PairTilesOf<Left, kVecs + 1>(std::make_integer_sequence<int, kTileRows>())...};
}

// kPairTiles<Left>[vecs - 1][rows - 1]
template <class Left>
inline constexpr auto kPairTiles = AllPairTiles<Left>(std::make_integer_sequence<int, kPanelVecs>());

// A block of steps, in pairs, and so many of these that squares of them can be transposed.
inline int64_t PaddedPairs(int64_t steps) { return CeilDiv(steps, 2 * kLanes) * kLanes; }

inline int64_t PanelFloatsOf(int64_t steps, int64_t cols) {
  return PaddedPairs(steps) * CeilDiv(cols, kLanes) * kLanes;
}

// op(b), to be packed into panels on the way, or in panels already.
template <bool kTranspose>
struct RightMatrix {
  const Matrix& matrix;

  // Columns [col, col + width) of a block of steps, cols in all; `panel` is where they are packed to at first.
  const float* Panel(int64_t step, int64_t steps, int64_t col, int64_t width, int64_t cols, bool first,
                     float* panel) const {
    if (first) PackRight<kTranspose>(matrix, step, steps, col, std::min(width, cols - col), width, panel);
    return panel;
  }
};
struct RightPanels {
  const float* data;

  const float* Panel(int64_t step, int64_t steps, int64_t col, int64_t /*width*/, int64_t cols, bool /*first*/,
                     float* /*panel*/) const {
    return data + PanelFloatsOf(step, cols) + col * PaddedPairs(steps);
  }
};

// One block of steps, and of panels.
template <bool kTransposeA, class Right>
void MultiplyPairsBlock(const Matrix& a, const Right& b, const Matrix& c, int64_t step, int64_t steps, Range block,
                        bool add) {
  using Left = std::conditional_t<kTransposeA, PackedColumns, PackedRows>;
  thread_local FlatBuffer memory(kPanelFloats + kLeftFloats);
  float* const packed_left = memory.data() + kPanelFloats;
  const int64_t vecs = CeilDiv(c.cols, kLanes), panels = CeilDiv(vecs, kPanelVecs);
  const int64_t first_vec = Part(vecs, panels, block.begin).begin;
  const int64_t groups = CeilDiv(c.rows, kGroupRows);
  for (int64_t g = 0; g < groups; ++g) {
    const Range group = Part(c.rows, groups, g);
    const int64_t tiles = CeilDiv(group.size(), kTileRows);
    const Left left = PackLeft<kTransposeA>(a, group, step, steps, packed_left);
    for (int64_t p = block.begin; p < block.end; ++p) {
      const Range vec = Part(vecs, panels, p);
      const int64_t col = vec.begin * kLanes;
      const float* const panel = b.Panel(step, steps, col, vec.size() * kLanes, c.cols, g == 0,
                                         memory.data() + (vec.begin - first_vec) * kLanes * PaddedPairs(steps));
      const int64_t last_cols = std::min(kLanes, c.cols - (vec.end - 1) * kLanes);
      for (int64_t t = 0; t < tiles; ++t) {
        const Range rows = Part(group.size(), tiles, t);
        Left tile = left;
        tile.data += rows.begin * left.row_stride.value;
        if constexpr (!kTransposeA) {  // the first panel's tiles ask for as many rows of the next group as they have
          tile.upcoming = a.Row(group.end + rows.begin) + step;
          tile.upcoming_stride = p == block.begin ? kLineFloats : 0;
        }
        kPairTiles<Left>[vec.size() - 1][rows.size() - 1](
            tile, panel, CeilDiv(steps, 2), {c.Row(group.begin + rows.begin) + col, c.stride, add}, last_cols);
      }
    }
  }
}

template <bool kTransposeA, class Right>
void MultiplyPairs(const Matrix& a, const Right& b, const Matrix& c, bool accumulate) {
  const int64_t k = kTransposeA ? a.rows : a.cols;
  const int64_t panels = CeilDiv(CeilDiv(c.cols, kLanes), kPanelVecs);
  for (int64_t step = 0; step < k; step += 2 * kBlockPairs) {
    const int64_t steps = std::min(2 * kBlockPairs, k - step);
    const int64_t block = kPanelFloats / PaddedPairs(steps) / kPanelCols;
    for (int64_t p = 0; p < panels; p += block) {
      MultiplyPairsBlock<kTransposeA>(a, b, c, step, steps, {p, std::min(p + block, panels)}, accumulate || step > 0);
    }
  }
}

template <class Right>
void MultiplyPairsBy(const Matrix& a, bool transpose_a, const Right& b, const Matrix& c, bool accumulate) {
  transpose_a ? MultiplyPairs<true>(a, b, c, accumulate) : MultiplyPairs<false>(a, b, c, accumulate);
}

template <bool kTranspose>
void PackPairs(const Matrix& b, int64_t k, int64_t n, float* to) {
  const int64_t vecs = CeilDiv(n, kLanes), panels = CeilDiv(vecs, kPanelVecs);
  for (int64_t step = 0; step < k; step += 2 * kBlockPairs) {
    const int64_t steps = std::min(2 * kBlockPairs, k - step);
    for (int64_t p = 0; p < panels; ++p) {
      const Range vec = Part(vecs, panels, p);
      const int64_t col = vec.begin * kLanes, width = vec.size() * kLanes;
      PackRight<kTranspose>(b, step, steps, col, std::min(width, n - col), width,
                            to + PanelFloatsOf(step, n) + col * PaddedPairs(steps));
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_POP_ATTRIBUTES
#endif  // HWY_TARGET == HWY_AVX3

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

bool MultipliesPairs() { return HWY_TARGET == HWY_AVX3; }

int64_t PairFloats(int64_t k, int64_t n) {
#if HWY_TARGET == HWY_AVX3
  return PanelFloatsOf(k, n);
#else
  return 0;
#endif
}

void PackInPairs(const Matrix& b, bool transpose_b, float* to) {
#if HWY_TARGET == HWY_AVX3
  transpose_b ? PackPairs<true>(b, b.cols, b.rows, to) : PackPairs<false>(b, b.rows, b.cols, to);
#endif
}

void GemmInPairs(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, const Matrix& c,
                 bool accumulate) {
#if HWY_TARGET == HWY_AVX3
  transpose_b ? MultiplyPairsBy(a, transpose_a, RightMatrix<true>{b}, c, accumulate)
              : MultiplyPairsBy(a, transpose_a, RightMatrix<false>{b}, c, accumulate);
#endif
}

void GemmByPairs(const Matrix& a, bool transpose_a, const float* panels, const Matrix& c, bool accumulate) {
#if HWY_TARGET == HWY_AVX3
  MultiplyPairsBy(a, transpose_a, RightPanels{panels}, c, accumulate);
#endif
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(MultipliesPairs);
HWY_EXPORT(PairFloats);
HWY_EXPORT(PackInPairs);
HWY_EXPORT(GemmInPairs);
HWY_EXPORT(GemmByPairs);

bool HasFastBf16() {
#if HWY_ARCH_X86
  static const bool processor_has = __builtin_cpu_supports("avx512bf16");
  return processor_has && HWY_DYNAMIC_DISPATCH(MultipliesPairs)();
#else
  return false;
#endif
}

int64_t PairPanelFloats(int64_t k, int64_t n) {
  DRAGOMAN_CHECK(HasFastBf16());
  return HWY_DYNAMIC_DISPATCH(PairFloats)(k, n);
}

void PackPairPanels(const Matrix& b, bool transpose_b, float* to) {
  DRAGOMAN_CHECK(HasFastBf16());
  HWY_DYNAMIC_DISPATCH(PackInPairs)(b, transpose_b, to);
}

void MultiplyByPairPanels(const Matrix& a, bool transpose_a, const float* panels, const Matrix& c, bool accumulate) {
  DRAGOMAN_CHECK(HasFastBf16());
  HWY_DYNAMIC_DISPATCH(GemmByPairs)(a, transpose_a, panels, c, accumulate);
}

void GemmBf16(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c,
              bool accumulate) {
  DRAGOMAN_CHECK(HasFastBf16());
  if (NothingToAdd(a, transpose_a, b, transpose_b, c, accumulate)) return;
  HWY_DYNAMIC_DISPATCH(GemmInPairs)
  (a, transpose_a == Transpose::kYes, b, transpose_b == Transpose::kYes, c, accumulate);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
