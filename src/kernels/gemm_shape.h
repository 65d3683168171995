// SPDX-License-Identifier: Apache-2.0
// What all products of matrices share before they begin.
#ifndef DRAGOMAN_KERNELS_GEMM_SHAPE_H_
#define DRAGOMAN_KERNELS_GEMM_SHAPE_H_

#include <algorithm>
#include <cstdint>

#include "base/check.h"
#include "kernels/gemm.h"

namespace dragoman::kernels {

// Checks that the shapes of c = op(a) op(b) fit. When there are no products (an empty c, or k = 0) it does the little
// that is left to do, and returns true.
inline bool NothingToAdd(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b,
                         const Matrix& c, bool accumulate) {
  const bool flip_a = transpose_a == Transpose::kYes, flip_b = transpose_b == Transpose::kYes;
  const int64_t k = flip_a ? a.rows : a.cols;
  DRAGOMAN_CHECK(k == (flip_b ? b.cols : b.rows));
  DRAGOMAN_CHECK(c.rows == (flip_a ? a.cols : a.rows) && c.cols == (flip_b ? b.rows : b.cols));
  if (c.size() > 0 && k > 0) return false;
  for (int64_t r = 0; r < c.rows && !accumulate; ++r) std::fill_n(c.Row(r), c.cols, 0.0f);
  return true;
}

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_GEMM_SHAPE_H_
