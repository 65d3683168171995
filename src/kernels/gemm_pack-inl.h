// SPDX-License-Identifier: Apache-2.0
// Copies a few columns of a GEMM's right factor into a panel: [steps, columns], without gaps, as a tile reads it.
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_GEMM_PACK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_GEMM_PACK_INL_H_
#undef DRAGOMAN_KERNELS_GEMM_PACK_INL_H_
#else
#define DRAGOMAN_KERNELS_GEMM_PACK_INL_H_
#endif

#include <cstddef>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "tensor/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
template <class D>
HWY_INLINE void TransposeSquare(D /*d*/, const float* from, int64_t /*from_stride*/, float* to, int64_t /*to_stride*/) {
  *to = *from;
}
#else
// Element (r, c) of a square whose sides are as long as a vector becomes element (c, r).
template <class D>
HWY_INLINE void TransposeSquare(D d, const float* HWY_RESTRICT from, int64_t from_stride, float* HWY_RESTRICT to,
                                int64_t to_stride) {
  const hn::RepartitionToWide<D> pairs;  // of floats
  constexpr size_t kSide = hn::MaxLanes(D());
  constexpr size_t kQuads = kSide / 4;
  // First 4 rows at a time, within blocks of 4 floats: block b of quads[q][j] holds column 4b + j of rows 4q to 4q + 3.
  Floats quads[kQuads][4];
  for (size_t q = 0; q < kQuads; ++q) {
    const float* const row = from + 4 * q * from_stride;
    const Floats r0 = hn::LoadU(d, row), r1 = hn::LoadU(d, row + from_stride);
    const Floats r2 = hn::LoadU(d, row + 2 * from_stride), r3 = hn::LoadU(d, row + 3 * from_stride);
    const auto r01_lower = hn::BitCast(pairs, hn::InterleaveLower(d, r0, r1));
    const auto r01_upper = hn::BitCast(pairs, hn::InterleaveUpper(d, r0, r1));
    const auto r23_lower = hn::BitCast(pairs, hn::InterleaveLower(d, r2, r3));
    const auto r23_upper = hn::BitCast(pairs, hn::InterleaveUpper(d, r2, r3));
    quads[q][0] = hn::BitCast(d, hn::InterleaveLower(pairs, r01_lower, r23_lower));
    quads[q][1] = hn::BitCast(d, hn::InterleaveUpper(pairs, r01_lower, r23_lower));
    quads[q][2] = hn::BitCast(d, hn::InterleaveLower(pairs, r01_upper, r23_upper));
    quads[q][3] = hn::BitCast(d, hn::InterleaveUpper(pairs, r01_upper, r23_upper));
  }
  // Then whole blocks: all that belong to a column side by side.
  for (size_t j = 0; j < 4; ++j) {
    float* const column = to + j * to_stride;
    if constexpr (kSide == 4) {
      hn::StoreU(quads[0][j], d, column);
    } else if constexpr (kSide == 8) {
      hn::StoreU(hn::ConcatLowerLower(d, quads[1][j], quads[0][j]), d, column);
      hn::StoreU(hn::ConcatUpperUpper(d, quads[1][j], quads[0][j]), d, column + 4 * to_stride);
    } else {
      static_assert(kSide == 16);
      Floats even[2], odd[2];  // blocks 0 and 2, 1 and 3 of two quads
      for (size_t h = 0; h < 2; ++h) {
        const Floats first = quads[2 * h][j], second = quads[2 * h + 1][j];
        even[h] = hn::OddEvenBlocks(hn::SwapAdjacentBlocks(second), first);
        odd[h] = hn::OddEvenBlocks(second, hn::SwapAdjacentBlocks(first));
      }
      hn::StoreU(hn::ConcatLowerLower(d, even[1], even[0]), d, column);
      hn::StoreU(hn::ConcatLowerLower(d, odd[1], odd[0]), d, column + 4 * to_stride);
      hn::StoreU(hn::ConcatUpperUpper(d, even[1], even[0]), d, column + 8 * to_stride);
      hn::StoreU(hn::ConcatUpperUpper(d, odd[1], odd[0]), d, column + 12 * to_stride);
    }
  }
}
#endif

// op(b) becomes a panel of `width` columns, whole vectors: those that b does not have are 0.
template <bool kTransposed>
void PackPanel(const ConstMatrix& b, int64_t width, float* HWY_RESTRICT panel) {
  const int64_t steps = kTransposed ? b.cols : b.rows, cols = kTransposed ? b.rows : b.cols;
  const auto element = [&](int64_t i, int64_t c) {
    if (c >= cols) return 0.0f;
    return kTransposed ? b.At(c, i) : b.At(i, c);
  };
  const int64_t lanes = hn::Lanes(Tag());
  for (int64_t c = 0; c < width; c += lanes) {
    int64_t i = 0;
    if (kTransposed && c + lanes <= cols) {
      for (; i + lanes <= steps; i += lanes) {
        TransposeSquare(Tag(), b.Row(c) + i, b.stride, panel + i * width + c, width);
      }
    }
    for (; i < steps; ++i) {
      for (int64_t lane = 0; lane < lanes; ++lane) panel[i * width + c + lane] = element(i, c + lane);
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_GEMM_PACK_INL_H_
