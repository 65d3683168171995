// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#include <omp.h>

#include <algorithm>
#include <dnnl.hpp>
#include <vector>

#include "base/check.h"
#include "base/error.h"

namespace dragoman::kernels {
namespace {

char Letter(Transpose transpose) { return transpose == Transpose::kYes ? 'T' : 'N'; }

void Sgemm(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c, int64_t k,
           bool accumulate) {
  const dnnl_status_t status =
      dnnl_sgemm(Letter(transpose_a), Letter(transpose_b), c.rows, c.cols, k, 1.0f, a.data, std::max<int64_t>(1, a.stride),
                 b.data, std::max<int64_t>(1, b.stride), accumulate ? 1.0f : 0.0f, c.data, c.stride);
  DRAGOMAN_CHECK(status == dnnl_success);
}

// oneDNN multiplies a single row with another kernel, which sums in another order. Doubling the row keeps it to the
// order of all other row counts.
void SgemmSingleRow(const Matrix& a, const Matrix& b, Transpose transpose_b, const Matrix& c, bool accumulate) {
  thread_local std::vector<float> two_rows;
  two_rows.resize(2 * (a.cols + c.cols));
  const Matrix a2(two_rows.data(), 2, a.cols);
  const Matrix c2(two_rows.data() + 2 * a.cols, 2, c.cols);
  for (int r = 0; r < 2; ++r) std::copy_n(a.data, a.cols, a2.Row(r));
  if (accumulate) std::copy_n(c.data, c.cols, c2.Row(0)), std::copy_n(c.data, c.cols, c2.Row(1));
  Sgemm(a2, Transpose::kNo, b, transpose_b, c2, a.cols, accumulate);
  std::copy_n(c2.data, c.cols, c.data);
}

}  // namespace

void Gemm(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate) {
  const int64_t m = transpose_a == Transpose::kYes ? a.cols : a.rows;
  const int64_t k = transpose_a == Transpose::kYes ? a.rows : a.cols;
  const int64_t b_rows = transpose_b == Transpose::kYes ? b.cols : b.rows;
  const int64_t n = transpose_b == Transpose::kYes ? b.rows : b.cols;
  DRAGOMAN_CHECK(k == b_rows && c.rows == m && c.cols == n);
  if (m == 0 || n == 0) return;
  if (k == 0) {
    if (!accumulate) {
      for (int64_t r = 0; r < m; ++r) std::fill_n(c.Row(r), n, 0.0f);
    }
    return;
  }
  if (m == 1 && transpose_a == Transpose::kNo) return SgemmSingleRow(a, b, transpose_b, c, accumulate);
  Sgemm(a, transpose_a, b, transpose_b, c, k, accumulate);
}

void UseOneGemmThread() { omp_set_num_threads(1); }

}  // namespace dragoman::kernels
