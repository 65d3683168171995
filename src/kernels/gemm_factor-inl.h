// SPDX-License-Identifier: Apache-2.0
// What a tile of a product is computed from and written to, and how many rows it has.
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_GEMM_FACTOR_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_GEMM_FACTOR_INL_H_
#undef DRAGOMAN_KERNELS_GEMM_FACTOR_INL_H_
#else
#define DRAGOMAN_KERNELS_GEMM_FACTOR_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "kernels/prefetch.h"
#include "tensor/cache_line.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows of a tile: times 2 vectors or more, these accumulators and what they are fed from fill the register file.
#if HWY_TARGET == HWY_AVX3
constexpr int kTileRows = 8;
#else
constexpr int kTileRows = 6;
#endif

// The left factor: element (r, i) is data[r * RowStride + i * StepStride]. A stride known when compiling (FixedStride)
// becomes part of the instruction; any other one costs a register a row.
template <int kValue>
struct FixedStride {
  // NOLINTNEXTLINE(readability-identifier-naming): as AnyStride has it
  static constexpr int64_t value = kValue;
};
struct AnyStride {
  int64_t value;
};
template <class RowStride, class StepStride>
struct LeftFactor {
  const float* data;
  RowStride row_stride;
  StepStride step_stride;

  LeftFactor From(int64_t row, int64_t step) const {
    return {data + row * row_stride.value + step * step_stride.value, row_stride, step_stride};
  }
  HWY_INLINE void NextStep() { data += step_stride.value; }
};

// A left factor that was copied, to be read where it is close together. Each step also asks for a cache line or more of
// what will be copied next: no hardware would guess where that is.

// Rows [rows, kStride]. To be asked for are the lines from `upcoming`.
template <int kStride>
struct CopiedRows {
  const float* data;
  const float* upcoming;
  FixedStride<kStride> row_stride = {};

  HWY_INLINE void NextStep() {
    ++data;
    Prefetch(upcoming);
    upcoming += kLineFloats;
  }
};

// Columns [steps, kStride]. To be asked for are kLines rows of the matrix a step.
template <int kStride, int kLines>
struct CopiedColumns {
  const float* data;
  const float* upcoming;
  int64_t upcoming_stride;
  FixedStride<1> row_stride = {};

  HWY_INLINE void NextStep() {
    data += kStride;
    for (int i = 0; i < kLines; ++i) {
      Prefetch(upcoming);
      upcoming += upcoming_stride;
    }
  }
};

// The right factor of a tile: step i begins at data + i * stride.
struct RightFactor {
  const float* data;
  int64_t stride;
};

// Where a tile's products go: row r begins at data + r * stride. With accumulate they are added to what is there.
struct Product {
  float* data;
  int64_t stride;
  bool accumulate;
};

// A tile's accumulators, kRows by kVecs vectors: in registers, once its loops are unrolled.
template <class D, int kRows, int kVecs>
HWY_INLINE void ZeroTile(D d, hn::Vec<D> (&acc)[kRows][kVecs]) {
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) acc[r][v] = hn::Zero(d);
  }
}

template <class D, int kRows, int kVecs>
HWY_INLINE void StoreTile(D d, const hn::Vec<D> (&acc)[kRows][kVecs], const Product& c) {
  HWY_UNROLL(8)
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVecs; ++v) {
      float* const to = c.data + r * c.stride + v * static_cast<int64_t>(hn::Lanes(d));
      hn::StoreU(c.accumulate ? hn::Add(hn::LoadU(d, to), acc[r][v]) : acc[r][v], d, to);
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_GEMM_FACTOR_INL_H_
