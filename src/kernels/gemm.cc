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

#include "kernels/gemm_pairs.h"
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

// Columns in whole vectors, cut into panels as even as can be; what is left of b's columns fills one more vector.
struct Panels {
  int64_t vecs, count;

  static Panels Of(int64_t cols, int64_t panel_vecs) { return {cols / kLanes, CeilDiv(cols / kLanes, panel_vecs)}; }
  Range Vecs(int64_t p) const { return Part(vecs, count, p); }
};

// In floats, of a block's panels one after the other, [steps, panel's columns] each.
int64_t PanelFloats(int64_t steps, int64_t cols) { return steps * CeilDiv(cols, kLanes) * kLanes; }

// b in panels, or to be packed into some on the way.
template <bool kTranspose>
struct RightMatrix {
  static constexpr bool kIsPacked = false;
  static constexpr bool kIsTransposed = kTranspose;
  const Matrix& matrix;
};
struct RightPanels {
  static constexpr bool kIsPacked = true;
  static constexpr bool kIsTransposed = false;
  const float* data;
};

template <bool kTransposeA, class Right>
class Multiplication {
 public:
  Multiplication(const Matrix& a, const Right& b, const Matrix& c, bool accumulate)
      : a_(a), b_(b), c_(c), k_(kTransposeA ? a.rows : a.cols), accumulate_(accumulate) {
    thread_local FlatBuffer memory(kBlockFloats + 2 * kColumnsFloats);
    panels_ = memory.data();
    columns_ = memory.data() + kBlockFloats;
  }

  void Run() {
    for (step_ = 0; step_ < k_; step_ += kBlockSteps) {
      steps_ = std::min(kBlockSteps, k_ - step_);
      add_ = accumulate_ || step_ > 0;
      // A single tile of rows reads b once: packing would be in vain, and the fewer the rows, the wider the tile.
      const bool once = kCanReadInPlace && c_.rows <= kTileRows;
      const Panels panels =
          Panels::Of(c_.cols, once ? std::min<int64_t>(kMaxVecs, kAccumulators / c_.rows) : kPanelVecs);
      const int64_t block = once ? panels.count : kBlockFloats / steps_ / kPanelCols;
      for (int64_t p = 0; p < panels.count; p += block) {
        MultiplyPanels(panels, {p, std::min(p + block, panels.count)}, once);
      }
      if (panels.vecs * kLanes < c_.cols) MultiplyLastColumns(panels.vecs * kLanes);
    }
  }

 private:
  using Left = std::conditional_t<kTransposeA, Columns, Rows>;
  static constexpr bool kCanReadInPlace = !kTransposeA && !Right::kIsTransposed && !Right::kIsPacked;

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
      const int64_t first = Part(c_.rows, tiles, t - t % 2).begin;
      if (t % 2 == 0) CopyColumns(first, Part(c_.rows, tiles, std::min(t + 1, tiles - 1)).begin);
      return {columns_ + t % 2 * kColumnsFloats, a_.Row(step_) + first + 2 * kTileRows, a_.stride};
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

  // Columns [col, col + width) of the block of steps at hand; `panel` is where they may be packed to.
  RightFactor RightOf(int64_t col, int64_t width, Source source, bool first, float* panel) const {
    if constexpr (Right::kIsPacked) {
      return {b_.data + PanelFloats(step_, c_.cols) + col * steps_, width};
    } else if constexpr (Right::kIsTransposed) {
      if (first) PackPanel<true>(b_.matrix, step_, steps_, col, width, width, panel);
      return {panel, width};
    } else {
      if (source == Source::kPanel) return {panel, width};
      return {b_.matrix.Row(step_) + col, b_.matrix.stride};
    }
  }

  // Some panels, whose part of b stays in the second-level cache.
  void MultiplyPanels(const Panels& panels, Range block, bool once) {
    constexpr bool kPacksOnTheWay = !Right::kIsTransposed && !Right::kIsPacked;
    const int64_t first_vec = panels.Vecs(block.begin).begin;
    const int64_t tiles = CeilDiv(c_.rows, kTileRows);
    for (int64_t t = 0; t < tiles; ++t) {
      const Range rows = Part(c_.rows, tiles, t);
      const Left left = LeftOf(tiles, t);
      const Source source = once ? Source::kMatrix : kPacksOnTheWay && t == 0 ? Source::kMatrixAndPack : Source::kPanel;
      for (int64_t p = block.begin; p < block.end; ++p) {
        const Range vec = panels.Vecs(p);
        const int64_t col = vec.begin * kLanes, width = vec.size() * kLanes;
        float* const panel = panels_ + (vec.begin - first_vec) * kLanes * steps_;
        const RightFactor right = RightOf(col, width, source, t == 0, panel);
        TileFor(source, rows.size(), vec.size())(left, right, steps_, panel,
                                                 {c_.Row(rows.begin) + col, c_.stride, add_});
      }
    }
  }

  // The columns that do not fill a vector.
  void MultiplyLastColumns(int64_t col) {
    const int64_t cols = c_.cols - col;
    const float* panel = panels_;
    if constexpr (Right::kIsPacked) {
      panel = b_.data + PanelFloats(step_, c_.cols) + col * steps_;
    } else {
      PackPanel<Right::kIsTransposed>(b_.matrix, step_, steps_, col, cols, kLanes, panels_);
    }
    const int64_t tiles = CeilDiv(c_.rows, kTileRows);
    for (int64_t t = 0; t < tiles; ++t) {
      const Range rows = Part(c_.rows, tiles, t);
      HWY_ALIGN float sums[kTileRows * kLanes];
      TileFor(Source::kPanel, rows.size(), 1)(LeftOf(tiles, t), {panel, kLanes}, steps_, nullptr,
                                              {sums, kLanes, /*accumulate=*/false});
      for (int64_t r = 0; r < rows.size(); ++r) {
        float* const to = c_.Row(rows.begin + r) + col;
        for (int64_t i = 0; i < cols; ++i) to[i] = add_ ? to[i] + sums[r * kLanes + i] : sums[r * kLanes + i];
      }
    }
  }

  const Matrix a_;
  const Right b_;
  const Matrix c_;
  const int64_t k_;
  const bool accumulate_;
  float* panels_;                 // of a block of columns
  float* columns_;                // of a, of two tiles: [2][steps_, kTileRows]
  int64_t step_ = 0, steps_ = 0;  // the block of steps at hand
  bool add_ = false;              // to what c holds, or overwrite
};

template <class Right>
void MultiplyBy(const Matrix& a, bool transpose_a, const Right& b, const Matrix& c, bool accumulate) {
  if (transpose_a) {
    Multiplication<true, Right>(a, b, c, accumulate).Run();
  } else {
    Multiplication<false, Right>(a, b, c, accumulate).Run();
  }
}

void Multiply(const Matrix& a, bool transpose_a, const Matrix& b, bool transpose_b, const Matrix& c, bool accumulate) {
  transpose_b ? MultiplyBy(a, transpose_a, RightMatrix<true>{b}, c, accumulate)
              : MultiplyBy(a, transpose_a, RightMatrix<false>{b}, c, accumulate);
}

void MultiplyByPanels(const Matrix& a, bool transpose_a, const float* panels, const Matrix& c, bool accumulate) {
  MultiplyBy(a, transpose_a, RightPanels{panels}, c, accumulate);
}

template <bool kTranspose>
void PackBlocks(const Matrix& b, int64_t k, int64_t n, float* to) {
  const Panels panels = Panels::Of(n, kPanelVecs);
  for (int64_t step = 0; step < k; step += kBlockSteps) {
    const int64_t steps = std::min(kBlockSteps, k - step);
    for (int64_t p = 0; p <= panels.count; ++p) {
      const Range vec = p < panels.count ? panels.Vecs(p) : Range{panels.vecs, CeilDiv(n, kLanes)};
      const int64_t col = vec.begin * kLanes, width = vec.size() * kLanes;
      PackPanel<kTranspose>(b, step, steps, col, std::min(width, n - col), width,
                            to + PanelFloats(step, n) + col * steps);
    }
  }
}

void PackPanels(const Matrix& b, bool transpose_b, float* to) {
  transpose_b ? PackBlocks<true>(b, b.cols, b.rows, to) : PackBlocks<false>(b, b.rows, b.cols, to);
}

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

void PackedFactor::Pack(Precision precision, const Matrix& b, Transpose transpose_b) {
  const bool transpose = transpose_b == Transpose::kYes;
  precision_ = precision;
  k_ = transpose ? b.cols : b.rows;
  n_ = transpose ? b.rows : b.cols;
  const bool bf16 = precision == Precision::kBf16;
  const int64_t floats = bf16 ? PairPanelFloats(k_, n_) : HWY_DYNAMIC_DISPATCH(PanelFloats)(k_, n_);
  if (panels_.size() < floats) panels_ = FlatBuffer(floats);
  bf16 ? PackPairPanels(b, transpose, panels_.data()) : HWY_DYNAMIC_DISPATCH(PackPanels)(b, transpose, panels_.data());
}

void Gemm(const Matrix& a, Transpose transpose_a, const PackedFactor& b, const Matrix& c, bool accumulate) {
  if (NothingToAdd(a, transpose_a, Matrix(nullptr, b.k_, b.n_), Transpose::kNo, c, accumulate)) return;
  const bool transpose = transpose_a == Transpose::kYes;
  if (b.precision_ == Precision::kBf16) {
    MultiplyByPairPanels(a, transpose, b.panels_.data(), c, accumulate);
  } else {
    HWY_DYNAMIC_DISPATCH(MultiplyByPanels)(a, transpose, b.panels_.data(), c, accumulate);
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
