// SPDX-License-Identifier: Apache-2.0
// Products of f32 factors: how the loops of gemm_loop-inl.h find them. A tile's rows of a are read where they lie. Its
// columns, when a is transposed, are copied first: far apart as they are, most would fall into the same few places of
// the caches, and every panel would fetch them from memory again.
#include "kernels/gemm.h"

#include <algorithm>
#include <type_traits>

#include "kernels/gemm_pairs.h"
#include "kernels/gemm_shape.h"
#include "tensor/flat_buffer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/few_rows-inl.h"
#include "kernels/gemm_loop-inl.h"
#include "kernels/gemm_pack-inl.h"
#include "kernels/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// A tile's part of the left factor: rows in memory, or columns copied to [steps, kTileRows].
using Rows = LeftFactor<AnyStride, FixedStride<1>>;
using Columns = CopiedColumns<kTileRows, 1>;

class RowTiles {
 public:
  // a [rows, steps]
  RowTiles(const ConstMatrix& a, float* /*memory*/) : a_(a), tiles_(CeilDiv(a.rows, kTileRows)) {}

  Rows Tile(int64_t t) const { return {a_.Row(Part(a_.rows, tiles_, t).begin), {a_.stride}, {}}; }

 private:
  ConstMatrix a_;
  int64_t tiles_;
};

class ColumnTiles {
 public:
  // a [steps, rows], memory [2][steps, kTileRows]: for two tiles.
  ColumnTiles(const ConstMatrix& a, float* memory) : a_(a), tiles_(CeilDiv(a.cols, kTileRows)), memory_(memory) {}

  // To be asked for in order. Two tiles at a time are copied: with AVX-512 they are as wide as a cache line.
  Columns Tile(int64_t t) const {
    const int64_t first = Part(a_.cols, tiles_, t - t % 2).begin;
    if (t % 2 == 0) Copy(first, Part(a_.cols, tiles_, std::min(t + 1, tiles_ - 1)).begin);
    return {memory_ + t % 2 * a_.rows * kTileRows, a_.data + first + int64_t{2} * kTileRows, a_.stride};
  }

 private:
  // Up to kTileRows columns from `first`, and from `second`.
  void Copy(int64_t first, int64_t second) const {
    const auto copy = [](const float* from, int64_t count, float* HWY_RESTRICT to) HWY_ATTR {
      for (int64_t r = 0; r < count; ++r) to[r] = from[r];
    };
    const bool whole = second + kTileRows <= a_.cols;
    for (int64_t i = 0; i < a_.rows; ++i) {
      const float* const row = a_.Row(i);
      float* const to = memory_ + i * kTileRows;
      if (whole) {
        copy(row + first, kTileRows, to);
        copy(row + second, kTileRows, to + a_.rows * kTileRows);
      } else {
        copy(row + first, std::min<int64_t>(kTileRows, a_.cols - first), to);
        copy(row + second, a_.cols - second, to + a_.rows * kTileRows);
      }
    }
  }

  ConstMatrix a_;
  int64_t tiles_;
  float* memory_;
};

struct F32Format {
  static constexpr int64_t kBlockSteps = 512;
#if HWY_TARGET == HWY_AVX3
  static constexpr int64_t kBlockFloats = int64_t{384} * 1024 / sizeof(float);  // of 512 KB, the smallest such cache
#else
  static constexpr int64_t kBlockFloats = int64_t{192} * 1024 / sizeof(float);  // of 256 KB
#endif
  static constexpr bool kReadsInPlace = true;
  static_assert(kBlockSteps * kPanelCols <= kBlockFloats && kBlockSteps * kMaxVecs * kLanes <= kBlockFloats);

  static float* Memory() {
    thread_local FlatBuffer memory(kBlockFloats + 2 * kBlockSteps * kTileRows);
    return memory.data();
  }

  static int64_t PanelFloats(int64_t steps, int64_t cols) { return steps * CeilDiv(cols, kLanes) * kLanes; }

  template <bool kTransposed>
  static void PackRight(const ConstMatrix& b, int64_t width, float* panel) {
    PackPanel<kTransposed>(b, width, panel);
  }

  template <bool kTransposed>
  using LeftTiles = std::conditional_t<kTransposed, ColumnTiles, RowTiles>;

  template <class Left>
  static void RunTile(const Left& left, RightFactor right, Source source, int64_t rows, int64_t vecs, int64_t steps,
                      float* panel, Product c) {
    TileFor<Left>(source, rows, vecs)(left, right, steps, panel, c);
  }

 private:
  template <class Left>
  static TileFunction<Left> TileFor(Source source, int64_t rows, int64_t vecs) {
    if (source == Source::kPanel) return kTiles<Left, Source::kPanel>[rows - 1][vecs - 1];
    if constexpr (std::is_same_v<Left, Rows>) {
      if (source == Source::kMatrix) return kTiles<Left, Source::kMatrix>[rows - 1][vecs - 1];
    }
    return kTiles<Left, Source::kMatrixAndPack>[rows - 1][vecs - 1];
  }
};

void Multiply(const ConstMatrix& a, bool transpose_a, const ConstMatrix& b, bool transpose_b, const Matrix& c,
              bool accumulate) {
  // What the second-level cache cannot hold comes from memory.
  if (!transpose_a && !transpose_b && a.rows <= kFewRows && b.size() > F32Format::kBlockFloats) {
    MultiplyFewRows(a, b, c, accumulate, F32Format::kBlockSteps, F32Format::Memory(), F32Format::kBlockFloats);
    return;
  }
  MultiplyMatrices<F32Format>(a, transpose_a, b, transpose_b, c, accumulate);
}

void MultiplyByPanels(const ConstMatrix& a, bool transpose_a, const float* panels, const Matrix& c, bool accumulate) {
  MultiplyBy<F32Format>(a, transpose_a, RightPanels{panels}, c, accumulate);
}

void PackPanels(const ConstMatrix& b, bool transpose_b, float* to) { PackMatrix<F32Format>(b, transpose_b, to); }

int64_t PanelFloats(int64_t k, int64_t n) { return F32Format::PanelFloats(k, n); }

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(Multiply);
HWY_EXPORT(MultiplyByPanels);
HWY_EXPORT(PackPanels);
HWY_EXPORT(PanelFloats);

void Gemm(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate) {
  if (NothingToAdd(a, transpose_a, b, transpose_b, c, accumulate)) return;
  HWY_DYNAMIC_DISPATCH(Multiply)(a, transpose_a == Transpose::kYes, b, transpose_b == Transpose::kYes, c, accumulate);
}

void Gemm(Precision precision, const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b,
          const Matrix& c, bool accumulate) {
  if (precision == Precision::kBf16) {
    GemmBf16(a, transpose_a, b, transpose_b, c, accumulate);
  } else {
    Gemm(a, transpose_a, b, transpose_b, c, accumulate);
  }
}

void PackedFactor::Pack(Precision precision, const ConstMatrix& b, Transpose transpose_b) {
  const bool transpose = transpose_b == Transpose::kYes;
  precision_ = precision;
  k_ = transpose ? b.cols : b.rows;
  n_ = transpose ? b.rows : b.cols;
  const bool bf16 = precision == Precision::kBf16;
  const int64_t floats = bf16 ? PairPanelFloats(k_, n_) : HWY_DYNAMIC_DISPATCH(PanelFloats)(k_, n_);
  if (panels_.size() < floats) panels_ = FlatBuffer(floats);
  bf16 ? PackPairPanels(b, transpose, panels_.data()) : HWY_DYNAMIC_DISPATCH(PackPanels)(b, transpose, panels_.data());
}

void Gemm(const ConstMatrix& a, Transpose transpose_a, const PackedFactor& b, const Matrix& c, bool accumulate) {
  if (NothingToAdd(a, transpose_a, ConstMatrix(nullptr, b.k_, b.n_), Transpose::kNo, c, accumulate)) return;
  const bool transpose = transpose_a == Transpose::kYes;
  if (b.precision_ == Precision::kBf16) {
    MultiplyByPairPanels(a, transpose, b.panels_.data(), c, accumulate);
  } else {
    HWY_DYNAMIC_DISPATCH(MultiplyByPanels)(a, transpose, b.panels_.data(), c, accumulate);
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
