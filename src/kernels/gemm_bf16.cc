// SPDX-License-Identifier: Apache-2.0
// Products of factors rounded to bfloat16, with AVX512_BF16: an instruction multiplies 16 pairs of neighbours in k and
// adds both products to 16 floats, twice the rate of f32. The loops are those of gemm_loop-inl.h; both factors are
// rounded, and laid out in pairs, while they are packed. Pairs travel in float vectors, as 32 bits of anything.
#include <algorithm>
#include <type_traits>

#include "base/check.h"
#include "kernels/gemm.h"
#include "kernels/gemm_pairs.h"
#include "kernels/gemm_shape.h"
#include "kernels/prefetch.h"
#include "tensor/flat_buffer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm_bf16.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/gemm_loop-inl.h"
#include "kernels/gemm_pack-inl.h"
#include "kernels/gemm_tile-inl.h"

#if HWY_TARGET == HWY_AVX3
HWY_PUSH_ATTRIBUTES(HWY_TARGET_STR ",avx512bf16")  // HWY_BEFORE_NAMESPACE, and what Highway's AVX3 does not ask for
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int64_t kBlockPairs = 512;
constexpr int64_t kRowStride = kBlockPairs + kLanes;  // of the left factor, packed by rows
constexpr int64_t kGroupRows = 2 * kTileRows;         // of it that are packed at a time: a vector's width
static_assert(kGroupRows == kLanes);

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

// Rows i and i + 1 of it, up to a vector's columns from `col`; a row that it does not have is 0.
HWY_INLINE Floats PairRows(const ConstMatrix& m, int64_t i, int64_t col) {
  const Floats upper = LoadFirst(m.Row(i) + col, m.cols - col);
  return RoundInPairs(upper, i + 1 < m.rows ? LoadFirst(m.Row(i + 1) + col, m.cols - col) : hn::Zero(Tag()));
}

template <bool kTransposed>
class PairTiles {
 public:
  // a [rows, steps], or [steps, rows]; memory: kGroupRows * kRowStride floats.
  PairTiles(const ConstMatrix& a, float* memory)
      : a_(a), rows_(kTransposed ? a.cols : a.rows), tiles_(CeilDiv(rows_, kTileRows)), memory_(memory) {}

  // To be asked for in order: two tiles are packed at a time, which then ask for the next two.
  auto Tile(int64_t t) const {
    const int64_t even = t - t % 2;
    const Range group = {Part(rows_, tiles_, even).begin, Part(rows_, tiles_, std::min(even + 1, tiles_ - 1)).end};
    if (t % 2 == 0) Pack(group);
    const int64_t row = Part(rows_, tiles_, t).begin - group.begin;  // in the group
    if constexpr (kTransposed) {
      return PackedColumns{memory_ + row, a_.data + group.end, a_.stride};
    } else {
      return PackedRows{memory_ + row * kRowStride, a_.Row(group.end + row)};
    }
  }

 private:
  void Pack(Range group) const {
    if constexpr (kTransposed) {
      const ConstMatrix columns = a_.Cols(group.begin, group.size());
      for (int64_t i = 0; i < a_.rows; i += 2) {
        hn::StoreU(PairRows(columns, i, 0), Tag(), memory_ + i / 2 * kGroupRows);
      }
    } else {
      for (int64_t r = 0; r < group.size(); ++r) PackRow(a_.Row(group.begin + r), a_.cols, memory_ + r * kRowStride);
    }
  }

  ConstMatrix a_;
  int64_t rows_, tiles_;
  float* memory_;
};

// op(b) becomes a panel [pairs, width]; a square of pairs may be filled up with zeros.
template <bool kTransposed>
void PackPairs(const ConstMatrix& b, int64_t width, float* HWY_RESTRICT panel) {
  if constexpr (kTransposed) {
    HWY_ALIGN float square[kLanes * kLanes];
    for (int64_t c = 0; c < b.rows; c += kLanes) {
      std::fill(std::begin(square), std::end(square), 0.0f);
      for (int64_t i = 0; i < b.cols; i += 2 * kLanes) {
        for (int64_t r = 0; r < std::min(kLanes, b.rows - c); ++r) {
          PackRow(b.Row(c + r) + i, std::min(2 * kLanes, b.cols - i), square + r * kLanes);
        }
        TransposeSquare(Tag(), square, kLanes, panel + i / 2 * width + c, width);
      }
    }
  } else {
    for (int64_t i = 0; i < b.rows; i += 2) {
      for (int64_t c = 0; c < b.cols; c += kLanes) {
        hn::StoreU(PairRows(b, i, c), Tag(), panel + i / 2 * width + c);
        for (int64_t r = i; r < i + 2; ++r) Prefetch(b.Row(r) + width + c);  // for the next panel
      }
    }
  }
}

// c [kRows, kVecs vectors] (+)= a [kRows, pairs] panel [pairs, kVecs vectors]: as GemmTile, with two products a step.
template <int kRows, int kVecs, class Left>
HWY_NOINLINE void PairTile(Left a, const float* HWY_RESTRICT panel, int64_t pairs, Product c) {
  const Tag d;
  Floats acc[kRows][kVecs];
  ZeroTile(d, acc);
  for (int64_t i = 0; i < pairs; ++i) {
    AskForLines<kRows, kVecs>(c, i);
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
  StoreTile(d, acc, c);
}

template <class Left>
using PairTileFunction = void (*)(Left, const float*, int64_t, Product);

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

struct PairFormat {
  static constexpr int64_t kBlockSteps = 2 * kBlockPairs;
  static constexpr int64_t kBlockFloats =
      6 * kPanelCols * kBlockPairs;  // 576 KB of the 1 MB that these processors have
  static constexpr bool kReadsInPlace = false;

  static float* Memory() {
    thread_local FlatBuffer memory(kBlockFloats + kGroupRows * kRowStride);
    return memory.data();
  }

  // Of so many pairs that squares of them can be transposed.
  static int64_t PanelFloats(int64_t steps, int64_t cols) {
    return CeilDiv(steps, 2 * kLanes) * kLanes * CeilDiv(cols, kLanes) * kLanes;
  }

  template <bool kTransposed>
  static void PackRight(const ConstMatrix& b, int64_t width, float* panel) {
    PackPairs<kTransposed>(b, width, panel);
  }

  template <bool kTransposed>
  using LeftTiles = PairTiles<kTransposed>;

  template <class Left>
  static void RunTile(const Left& left, RightFactor right, Source /*source*/, int64_t rows, int64_t vecs, int64_t steps,
                      float* /*panel*/, Product c) {
    kPairTiles<Left>[vecs - 1][rows - 1](left, right.data, CeilDiv(steps, 2), c);
  }
};

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
  return PairFormat::PanelFloats(k, n);
#else
  return 0;
#endif
}

void PackInPairs(const ConstMatrix& b, bool transpose_b, float* to) {
#if HWY_TARGET == HWY_AVX3
  PackMatrix<PairFormat>(b, transpose_b, to);
#endif
}

void GemmInPairs(const ConstMatrix& a, bool transpose_a, const ConstMatrix& b, bool transpose_b, const Matrix& c,
                 bool accumulate) {
#if HWY_TARGET == HWY_AVX3
  MultiplyMatrices<PairFormat>(a, transpose_a, b, transpose_b, c, accumulate);
#endif
}

void GemmByPairs(const ConstMatrix& a, bool transpose_a, const float* panels, const Matrix& c, bool accumulate) {
#if HWY_TARGET == HWY_AVX3
  MultiplyBy<PairFormat>(a, transpose_a, RightPanels{panels}, c, accumulate);
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

void PackPairPanels(const ConstMatrix& b, bool transpose_b, float* to) {
  DRAGOMAN_CHECK(HasFastBf16());
  HWY_DYNAMIC_DISPATCH(PackInPairs)(b, transpose_b, to);
}

void MultiplyByPairPanels(const ConstMatrix& a, bool transpose_a, const float* panels, const Matrix& c,
                          bool accumulate) {
  DRAGOMAN_CHECK(HasFastBf16());
  HWY_DYNAMIC_DISPATCH(GemmByPairs)(a, transpose_a, panels, c, accumulate);
}

void GemmBf16(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
              bool accumulate) {
  DRAGOMAN_CHECK(HasFastBf16());
  if (NothingToAdd(a, transpose_a, b, transpose_b, c, accumulate)) return;
  HWY_DYNAMIC_DISPATCH(GemmInPairs)
  (a, transpose_a == Transpose::kYes, b, transpose_b == Transpose::kYes, c, accumulate);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
