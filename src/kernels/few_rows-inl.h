// SPDX-License-Identifier: Apache-2.0
// Products of few rows by a matrix that comes from memory, c (+)= a b: memory's rate is the limit, and it is reached
// only where b is read as it lies, whole rows of it, several side by side. So sums are kept in memory, where they stay
// in the first-level cache, and not in registers, a tile at a time. Every element is summed in the order of
// gemm_loop-inl.h. Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_FEW_ROWS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_FEW_ROWS_INL_H_
#undef DRAGOMAN_KERNELS_FEW_ROWS_INL_H_
#else
#define DRAGOMAN_KERNELS_FEW_ROWS_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "tensor/matrix.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

constexpr int64_t kFewRows = 4;

// sums [kRows, n] (+)= a [kRows, kSteps] b [kSteps, n]
template <int kRows, int kSteps>
HWY_NOINLINE void AddSteps(const ConstMatrix& a, const ConstMatrix& b, bool accumulate, const Matrix& sums) {
  const Tag d;
  float left[kRows][kSteps];
  for (int r = 0; r < kRows; ++r) {
    for (int i = 0; i < kSteps; ++i) left[r][i] = a.At(r, i);
  }
  ForEachVector(b.cols, [&](int64_t j, auto lanes) DRAGOMAN_LANES {
    Floats right[kSteps];
    HWY_UNROLL(16)
    for (int i = 0; i < kSteps; ++i) right[i] = lanes.Load(b.Row(i) + j);
    HWY_UNROLL(4)
    for (int r = 0; r < kRows; ++r) {
      Floats sum = accumulate ? lanes.Load(sums.Row(r) + j) : hn::Zero(d);
      HWY_UNROLL(16)
      for (int i = 0; i < kSteps; ++i) sum = hn::MulAdd(hn::Set(d, left[r][i]), right[i], sum);
      lanes.Store(sum, sums.Row(r) + j);
    }
  });
}

// sums = a b
template <int kRows>
void SumSteps(const ConstMatrix& a, const ConstMatrix& b, const Matrix& sums) {
  int64_t i = 0;
  for (; i + 16 <= a.cols; i += 16) AddSteps<kRows, 16>(a.Cols(i, 16), b.Rows(i, 16), i > 0, sums);
  for (; i + 4 <= a.cols; i += 4) AddSteps<kRows, 4>(a.Cols(i, 4), b.Rows(i, 4), i > 0, sums);
  for (; i < a.cols; ++i) AddSteps<kRows, 1>(a.Cols(i, 1), b.Rows(i, 1), i > 0, sums);
}

// a of up to kFewRows rows. Sums are cut every `block` steps. memory [floats].
inline void MultiplyFewRows(const ConstMatrix& a, const ConstMatrix& b, const Matrix& c, bool accumulate, int64_t block,
                            float* memory, int64_t floats) {
  static constexpr void (*kSums[kFewRows])(const ConstMatrix&, const ConstMatrix&, const Matrix&) = {
      &SumSteps<1>, &SumSteps<2>, &SumSteps<3>, &SumSteps<4>};
  const int64_t most_cols = floats / kFewRows / kLanes * kLanes;
  for (int64_t col = 0; col < b.cols; col += most_cols) {
    const int64_t cols = std::min(most_cols, b.cols - col);
    const Matrix to = c.Cols(col, cols);
    for (int64_t step = 0; step < a.cols; step += block) {
      const int64_t steps = std::min(block, a.cols - step);
      const bool add = accumulate || step > 0;
      const Matrix sums = add ? Matrix(memory, a.rows, cols) : to;
      kSums[a.rows - 1](a.Cols(step, steps), b.Rows(step, steps).Cols(col, cols), sums);
      for (int64_t r = 0; r < a.rows && add; ++r) {
        ForEachVector(cols, [&](int64_t j, auto lanes) DRAGOMAN_LANES {
          lanes.Store(hn::Add(lanes.Load(to.Row(r) + j), lanes.Load(sums.Row(r) + j)), to.Row(r) + j);
        });
      }
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_FEW_ROWS_INL_H_
