// SPDX-License-Identifier: Apache-2.0
// The loops around a GEMM's tiles, for any precision. From outside to inside:
//   blocks of steps: a chain of multiply-adds is this long, then it is added to c. Fixed by k alone;
//   blocks of columns, so many that their part of b, packed into panels, stays in the second-level cache;
//   tiles of rows: the first one finds b packed, or packs it while it computes with it; the others read the panels;
//   panels of kPanelVecs vectors: the tile's part of a stays in the first-level cache.
// How factors are laid out, and what computes a tile, is the Format's (gemm.cc, gemm_bf16.cc):
//   kBlockSteps, kBlockFloats       of a block of steps, and of a block's panels
//   kReadsInPlace                   whether tiles can read b where it lies
//   PanelFloats(steps, cols)        that columns of b take when packed
//   PackRight<kTransposed>(...)     packs a part of b, steps of some columns
//   LeftTiles<kTransposed>          the tiles' parts of steps of a
//   RunTile(...)                    one tile by one panel
//   Memory()                        for a block's panels, and what LeftTiles copies behind them
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_GEMM_LOOP_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_GEMM_LOOP_INL_H_
#undef DRAGOMAN_KERNELS_GEMM_LOOP_INL_H_
#else
#define DRAGOMAN_KERNELS_GEMM_LOOP_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/gemm_factor-inl.h"
#include "kernels/gemm_tile-inl.h"
#include "kernels/lanes-inl.h"
#include "tensor/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int64_t kPanelCols = kPanelVecs * kLanes;

// b's columns, cut into panels: whole vectors, as evenly as can be; what is left of them fills one more.
class Panels {
 public:
  Panels(int64_t cols, int64_t panel_vecs) : cols_(cols), whole_(CeilDiv(cols / kLanes, panel_vecs)) {}

  int64_t count() const { return whole_ + (cols_ % kLanes != 0); }
  Range Cols(int64_t p) const {
    if (p == whole_) return {cols_ / kLanes * kLanes, cols_};
    const Range vecs = Part(cols_ / kLanes, whole_, p);
    return {vecs.begin * kLanes, vecs.end * kLanes};
  }

 private:
  int64_t cols_, whole_;
};

// Steps of some columns of op(b).
template <bool kTransposed>
ConstMatrix PartOf(const ConstMatrix& b, Range steps, Range cols) {
  return kTransposed ? b.Rows(cols.begin, cols.size()).Cols(steps.begin, steps.size())
                     : b.Rows(steps.begin, steps.size()).Cols(cols.begin, cols.size());
}

// Columns in whole vectors.
HWY_INLINE int64_t WidthOf(Range cols) { return CeilDiv(cols.size(), kLanes) * kLanes; }

// b to be packed into panels on the way, or in panels already: all panels of a block of steps, one after the other.
template <bool kTransposed>
struct RightMatrix {
  static constexpr bool kIsPacked = false;
  static constexpr bool kIsTransposed = kTransposed;
  const ConstMatrix& matrix;
};
struct RightPanels {
  static constexpr bool kIsPacked = true;
  static constexpr bool kIsTransposed = false;
  const float* data;
};

// One product, c (+)= op(a) b, on the calling thread.
template <class Format, bool kTransposeA, class Right>
class Multiplication {
 public:
  Multiplication(const ConstMatrix& a, const Right& b, const Matrix& c, bool accumulate)
      : a_(a), b_(b), c_(c), accumulate_(accumulate) {}

  void Run() {
    const int64_t k = kTransposeA ? a_.rows : a_.cols;
    for (step_ = 0; step_ < k; step_ += Format::kBlockSteps) {
      steps_ = std::min<int64_t>(Format::kBlockSteps, k - step_);
      add_ = accumulate_ || step_ > 0;
      // A single tile of rows reads b once: packing would be in vain, and the fewer the rows, the wider the tile.
      once_ = kCanReadInPlace && c_.rows <= kTileRows;
      const Panels panels(c_.cols, once_ ? std::min<int64_t>(kMaxVecs, kAccumulators / c_.rows) : kPanelVecs);
      const int64_t block = once_ ? panels.count() : Format::kBlockFloats / Format::PanelFloats(steps_, kPanelCols);
      for (int64_t p = 0; p < panels.count(); p += block) {
        MultiplyPanels(panels, {p, std::min(p + block, panels.count())});
      }
    }
  }

 private:
  static constexpr bool kCanReadInPlace =
      Format::kReadsInPlace && !kTransposeA && !Right::kIsTransposed && !Right::kIsPacked;
  static constexpr bool kPacksOnTheWay = Format::kReadsInPlace && !Right::kIsTransposed && !Right::kIsPacked;

  // Some panels, whose part of b stays in the second-level cache.
  void MultiplyPanels(const Panels& panels, Range block) {
    const int64_t first_col = panels.Cols(block.begin).begin;
    const int64_t tiles = CeilDiv(c_.rows, kTileRows);
    const typename Format::template LeftTiles<kTransposeA> left_tiles(
        PartOf<kTransposeA>(a_, {0, c_.rows}, {step_, step_ + steps_}), Format::Memory() + Format::kBlockFloats);
    for (int64_t t = 0; t < tiles; ++t) {
      const auto left = left_tiles.Tile(t);
      for (int64_t p = block.begin; p < block.end; ++p) {
        const Range cols = panels.Cols(p);
        // Where b is not packed at all, the last columns, which no vector can read in place, have the memory alone.
        float* const panel = Format::Memory() + (once_ ? 0 : Format::PanelFloats(steps_, cols.begin - first_col));
        const Source source = SourceOf(cols, t == 0);
        MultiplyTile(left, RightOf(cols, source, t == 0, panel), source, Part(c_.rows, tiles, t), cols, panel);
      }
    }
  }

  Source SourceOf(Range cols, bool first) const {
    if (cols.size() % kLanes != 0) return Source::kPanel;
    return once_ ? Source::kMatrix : kPacksOnTheWay && first ? Source::kMatrixAndPack : Source::kPanel;
  }

  // b's part of a panel's columns; `panel` is where it is packed, by the first tile that needs it.
  RightFactor RightOf(Range cols, Source source, bool first, float* panel) const {
    if constexpr (Right::kIsPacked) {
      return {b_.data + Format::PanelFloats(step_, c_.cols) + Format::PanelFloats(steps_, cols.begin), WidthOf(cols)};
    } else {
      if (source != Source::kPanel) return {b_.matrix.Row(step_) + cols.begin, b_.matrix.stride};
      if (first) {
        Format::template PackRight<Right::kIsTransposed>(
            PartOf<Right::kIsTransposed>(b_.matrix, {step_, step_ + steps_}, cols), WidthOf(cols), panel);
      }
      return {panel, WidthOf(cols)};
    }
  }

  template <class Left>
  void MultiplyTile(const Left& left, RightFactor right, Source source, Range rows, Range cols, float* panel) const {
    const int64_t vecs = WidthOf(cols) / kLanes;
    const Product to = {c_.Row(rows.begin) + cols.begin, c_.stride, add_};
    if (cols.size() % kLanes == 0) {
      Format::RunTile(left, right, source, rows.size(), vecs, steps_, panel, to);
      return;
    }
    // Columns that do not fill a vector.
    HWY_ALIGN float sums[kTileRows * kLanes];
    Format::RunTile(left, right, source, rows.size(), vecs, steps_, panel, {sums, kLanes, /*accumulate=*/false});
    for (int64_t r = 0; r < rows.size(); ++r) {
      float* const row = to.data + r * to.stride;
      for (int64_t i = 0; i < cols.size(); ++i) row[i] = add_ ? row[i] + sums[r * kLanes + i] : sums[r * kLanes + i];
    }
  }

  const ConstMatrix a_;
  const Right b_;
  const Matrix c_;
  const bool accumulate_;
  bool once_ = false;
  int64_t step_ = 0, steps_ = 0;  // the block of steps at hand
  bool add_ = false;              // to what c holds, or overwrite
};

template <class Format, class Right>
void MultiplyBy(const ConstMatrix& a, bool transpose_a, const Right& b, const Matrix& c, bool accumulate) {
  if (transpose_a) {
    Multiplication<Format, true, Right>(a, b, c, accumulate).Run();
  } else {
    Multiplication<Format, false, Right>(a, b, c, accumulate).Run();
  }
}

// c (+)= op(a) op(b)
template <class Format>
void MultiplyMatrices(const ConstMatrix& a, bool transpose_a, const ConstMatrix& b, bool transpose_b, const Matrix& c,
                      bool accumulate) {
  transpose_b ? MultiplyBy<Format>(a, transpose_a, RightMatrix<true>{b}, c, accumulate)
              : MultiplyBy<Format>(a, transpose_a, RightMatrix<false>{b}, c, accumulate);
}

// op(b) [k, n] in panels, as RightPanels expects them: PanelFloats(k, n) floats.
template <class Format, bool kTransposed>
void PackMatrix(const ConstMatrix& b, int64_t k, int64_t n, float* to) {
  const Panels panels(n, kPanelVecs);
  for (int64_t step = 0; step < k; step += Format::kBlockSteps) {
    const int64_t steps = std::min<int64_t>(Format::kBlockSteps, k - step);
    for (int64_t p = 0; p < panels.count(); ++p) {
      const Range cols = panels.Cols(p);
      Format::template PackRight<kTransposed>(
          PartOf<kTransposed>(b, {step, step + steps}, cols), WidthOf(cols),
          to + Format::PanelFloats(step, n) + Format::PanelFloats(steps, cols.begin));
    }
  }
}

template <class Format>
void PackMatrix(const ConstMatrix& b, bool transpose_b, float* to) {
  transpose_b ? PackMatrix<Format, true>(b, b.cols, b.rows, to) : PackMatrix<Format, false>(b, b.rows, b.cols, to);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_GEMM_LOOP_INL_H_
