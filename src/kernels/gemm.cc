// SPDX-License-Identifier: Apache-2.0
// The loops around the tiles of gemm_tile-inl.h. From outside to inside:
//   blocks of kBlockSteps steps: a chain of multiply-adds is this long, then it is added to c. Fixed by k alone.
//   blocks of columns, so many that their part of b, packed into panels, stays in the second-level cache;
//   tiles of rows: the first one packs b while it computes with it, the others read the panels;
//   panels of kPanelVecs vectors: the tile's part of a stays in the first-level cache.
// A tile's rows of a are read where they lie. Its columns, when a is transposed, are copied first: far apart as they
// are, most would fall into the same few places of the caches, and every panel would fetch them from memory again.
#include "kernels/gemm.h"

#include <algorithm>
#include <type_traits>

#include "kernels/gemm_shape.h"
#include "tensor/flat_buffer.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gemm.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/gemm_pack-inl.h"
#include "kernels/gemm_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int64_t kBlockSteps = 512;
constexpr int64_t kBlockFloats = int64_t{192} * 1024 / sizeof(float);  // of the 256 KB that the smallest caches have
constexpr int64_t kPanelCols = kPanelVecs * kLanes;
static_assert(kBlockSteps * kPanelCols <= kBlockFloats);

// A tile's part of the left factor: rows in memory, or columns copied to [steps, kTileRows].
using Rows = LeftFactor<AnyStride, FixedStride<1>>;
using Columns = CopiedColumns<kTileRows, 1>;
constexpr int64_t kColumnsFloats = kBlockSteps * kTileRows;

template <bool kTransposeA, bool kTransposeB>
class Multiplication {
 public:
  Multiplication(const Matrix& a, const Matrix& b, const Matrix& c, bool accumulate)
      : a_(a), b_(b), c_(c), k_(kTransposeA ? a.rows : a.cols), accumulate_(accumulate) {
    thread_local FlatBuffer memory(kBlockFloats + 2 * kColumnsFloats);
    panels_ = memory.data();
    columns_ = memory.data() + kBlockFloats;
  }

  void Run() {
    for (step_ = 0; step_ < k_; step_ += kBlockSteps) {
      steps_ = std::min(kBlockSteps, k_ - step_);
      add_ = accumulate_ || step_ > 0;
      const int64_t whole = c_.cols - c_.cols % kLanes;
      // A single tile of rows reads b once: packing would be in vain, and the fewer the rows, the wider the tile.
      const bool once = kCanReadInPlace && c_.rows <= kTileRows;
      const int64_t block = once ? whole : kBlockFloats / steps_ / kPanelCols * kPanelCols;
      const int64_t panel_vecs = once ? std::min<int64_t>(kMaxVecs, kAccumulators / c_.rows) : kPanelVecs;
      for (int64_t col = 0; col < whole; col += block) {
        MultiplyColumns({col, std::min(col + block, whole)}, panel_vecs, once);
      }
      if (whole < c_.cols) MultiplyLastColumns(whole);
    }
  }

 private:
  using Left = std::conditional_t<kTransposeA, Columns, Rows>;
  static constexpr bool kCanReadInPlace = !kTransposeA && !kTransposeB;

  static TileFunction<Left> TileFor(Source source, int64_t rows, int64_t vecs) {
    if (source == Source::kPanel) return kTiles<Left, Source::kPanel>[rows - 1][vecs - 1];
    if constexpr (kCanReadInPlace) {
      if (source == Source::kMatrix) return kTiles<Left, Source::kMatrix>[rows - 1][vecs - 1];
    }
    return kTiles<Left, Source::kMatrixAndPack>[rows - 1][vecs - 1];
  }

  // Of the tiles [0, tiles) of c's rows, tile t's part of a. To be asked for in order.
  Left LeftOf(int64_t tiles, int64_t t) const {
    if constexpr (kTransposeA) {
      // Two tiles at a time are as wide as a cache line.
      if (t % 2 == 0)
        CopyColumns(Part(c_.rows, tiles, t).begin, Part(c_.rows, tiles, std::min(t + 1, tiles - 1)).begin);
      return {columns_ + t % 2 * kColumnsFloats, a_.Row(step_) + Part(c_.rows, tiles, t - t % 2).begin + 2 * kTileRows,
              a_.stride};
    } else {
      return {a_.Row(Part(c_.rows, tiles, t).begin) + step_, {a_.stride}, {}};
    }
  }

  // Up to kTileRows columns of a from `first`, and from `second`.
  void CopyColumns(int64_t first, int64_t second) const {
    const auto copy = [](const float* from, int64_t count, float* HWY_RESTRICT to) HWY_ATTR {
      for (int64_t r = 0; r < count; ++r) to[r] = from[r];
    };
    const bool whole = second + kTileRows <= a_.cols;
    for (int64_t i = 0; i < steps_; ++i) {
      const float* const row = a_.Row(step_ + i);
      float* const to = columns_ + i * kTileRows;
      if (whole) {
        copy(row + first, kTileRows, to);
        copy(row + second, kTileRows, to + kColumnsFloats);
      } else {
        copy(row + first, std::min<int64_t>(kTileRows, a_.cols - first), to);
        copy(row + second, a_.cols - second, to + kColumnsFloats);
      }
    }
  }

  // A block of columns, in whole vectors.
  void MultiplyColumns(Range block, int64_t panel_vecs, bool once) {
    const int64_t vecs = block.size() / kLanes;
    const int64_t panels = CeilDiv(vecs, panel_vecs);
    const int64_t tiles = CeilDiv(c_.rows, kTileRows);
    for (int64_t t = 0; t < tiles; ++t) {
      const Range rows = Part(c_.rows, tiles, t);
      const Left left = LeftOf(tiles, t);
      for (int64_t p = 0; p < panels; ++p) {
        const Range vec = Part(vecs, panels, p);
        const int64_t col = block.begin + vec.begin * kLanes, width = vec.size() * kLanes;
        float* const panel = panels_ + vec.begin * kLanes * steps_;
        const Product product{c_.Row(rows.begin) + col, c_.stride, add_};
        const bool in_place = !kTransposeB && t == 0;
        if (kTransposeB && t == 0) PackPanel<kTransposeB>(b_, step_, steps_, col, width, width, panel);
        const RightFactor right = in_place ? RightFactor{b_.Row(step_) + col, b_.stride} : RightFactor{panel, width};
        const Source source = once ? Source::kMatrix : in_place ? Source::kMatrixAndPack : Source::kPanel;
        TileFor(source, rows.size(), vec.size())(left, right, steps_, panel, product);
      }
    }
  }

  // The columns that do not fill a vector.
  void MultiplyLastColumns(int64_t col) {
    const int64_t cols = c_.cols - col;
    PackPanel<kTransposeB>(b_, step_, steps_, col, cols, kLanes, panels_);
    const int64_t tiles = CeilDiv(c_.rows, kTileRows);
    for (int64_t t = 0; t < tiles; ++t) {
      const Range rows = Part(c_.rows, tiles, t);
      HWY_ALIGN float sums[kTileRows * kLanes];
      TileFor(Source::kPanel, rows.size(), 1)(LeftOf(tiles, t), {panels_, kLanes}, steps_, nullptr,
                                              {sums, kLanes, /*accumulate=*/false});
      for (int64_t r = 0; r < rows.size(); ++r) {
        float* const to = c_.Row(rows.begin + r) + col;
        for (int64_t i = 0; i < cols; ++i) to[i] = add_ ? to[i] + sums[r * kLanes + i] : sums[r * kLanes + i];
      }
    }
  }

  const Matrix a_, b_, c_;
  const int64_t k_;
  const bool accumulate_;
  float* panels_;                 // [steps_, panel's columns], one after the other
  float* columns_;                // of a, of two tiles: [2][steps_, kTileRows]
  int64_t step_ = 0, steps_ = 0;  // the block of steps at hand
  bool add_ = false;              // to what c holds, or overwrite
};

template <bool kTransposeA>
void MultiplyBy(const Matrix& a, const Matrix& b, bool transpose_b, const Matrix& c, bool accumulate) {
  if (transpose_b) {
    Multiplication<kTransposeA, true>(a, b, c, accumulate).Run();
  } else {
    Multiplication<kTransposeA, false>(a, b, c, accumulate).Run();
  }
}

void Multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, const Matrix& c, bool accumulate) {
  transpose_a ? MultiplyBy<true>(a, b, transpose_b, c, accumulate)
              : MultiplyBy<false>(a, b, transpose_b, c, accumulate);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(Multiply);

void Gemm(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate) {
  if (NothingToAdd(a, transpose_a, b, transpose_b, c, accumulate)) return;
  HWY_DYNAMIC_DISPATCH(Multiply)(a, transpose_a == Transpose::kYes, b, transpose_b == Transpose::kYes, c, accumulate);
}

void Gemm(Precision precision, const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b,
          const Matrix& c, bool accumulate) {
  if (precision == Precision::kBf16) {
    GemmBf16(a, transpose_a, b, transpose_b, c, accumulate);
  } else {
    Gemm(a, transpose_a, b, transpose_b, c, accumulate);
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
