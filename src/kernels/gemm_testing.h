// SPDX-License-Identifier: Apache-2.0
// Factors for the tests of matrix products.
#ifndef DRAGOMAN_KERNELS_GEMM_TESTING_H_
#define DRAGOMAN_KERNELS_GEMM_TESTING_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "kernels/gemm.h"
#include "kernels/kernels_testing.h"

namespace dragoman::kernels {

// Of a product: c [m, n], k products an element.
struct Shape {
  int64_t m, n, k;
};

// The two factors of c [m, n], stored as the transposes ask.
struct Factors {
  TestMatrix a, b;

  Factors(const Shape& s, Transpose ta, Transpose tb)
      : a(ta == Transpose::kYes ? s.k : s.m, ta == Transpose::kYes ? s.m : s.k, /*seed=*/1),
        b(tb == Transpose::kYes ? s.n : s.k, tb == Transpose::kYes ? s.k : s.n, /*seed=*/2) {}
};

template <class Test>
void ForEachTranspose(const Test& test) {
  for (const auto ta : {Transpose::kNo, Transpose::kYes}) {
    for (const auto tb : {Transpose::kNo, Transpose::kYes}) {
      SCOPED_TRACE(std::string("transposes ") + (ta == Transpose::kYes ? "a " : "") +
                   (tb == Transpose::kYes ? "b" : ""));
      test(ta, tb);
    }
  }
}

// Rows first to first + m of op(a), as a factor of their own.
inline ConstMatrix RowsOf(const ConstMatrix& a, Transpose ta, int64_t first, int64_t m) {
  return ta == Transpose::kYes ? a.Cols(first, m) : a.Rows(first, m);
}

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_GEMM_TESTING_H_
