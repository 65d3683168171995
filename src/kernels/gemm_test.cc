// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "kernels/gemm_testing.h"
#include "kernels/kernels_testing.h"
#include "kernels/reference/gemm.h"

namespace dragoman::kernels {
namespace {

bool HasFusedMultiplyAdd(const std::string& target) { return target == "avx512" || target == "avx2"; }

void TestAgainstTwin(const Shape& shape, Transpose ta, Transpose tb, bool accumulate) {
  SCOPED_TRACE(testing::Message() << shape.m << " x " << shape.n << " x " << shape.k << (accumulate ? ", added" : ""));
  Factors f(shape, ta, tb);
  TestMatrix c(shape.m, shape.n, 3), expected(shape.m, shape.n, 3);
  Gemm(f.a.view(), ta, f.b.view(), tb, c.view(), accumulate);
  reference::Gemm(f.a.view(), ta, f.b.view(), tb, expected.view(), accumulate);
  const bool exact = HasFusedMultiplyAdd(CurrentTarget());
  ExpectNear(c, expected, exact ? 0 : 2e-7 * (1 + std::sqrt(double(shape.k))), "c");
}

// Rows around every height of a tile, columns around every width, steps around the block of 512.
TEST(GemmTest, MatchesItsTwin) {
  ForEachTarget([] {
    ForEachTranspose([](Transpose ta, Transpose tb) {
      for (const bool accumulate : {false, true}) {
        for (int64_t m = 0; m <= 17; ++m) ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({m, 50, 9}, ta, tb, accumulate));
        for (int64_t n = 0; n <= 33; ++n) ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({3, n, 17}, ta, tb, accumulate));
        for (const int64_t k : {0, 1, 2, 16, 511, 512, 513, 1025})
          ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({9, 49, k}, ta, tb, accumulate));
        for (const Shape& s : {Shape{1, 1, 1}, {1, 400, 3}, {70, 97, 40}, {5, 130, 600}}) {
          ASSERT_NO_FATAL_FAILURE(TestAgainstTwin(s, ta, tb, accumulate));
        }
      }
    });
  });
}

// So many columns that b is packed in several blocks.
TEST(GemmTest, WideMatricesMatchTheirTwin) {
  for (const auto tb : {Transpose::kNo, Transpose::kYes})
    ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({11, 1000, 530}, Transpose::kNo, tb, false));
}

// By matrices that no cache holds; the last is wider than the memory for sums.
TEST(GemmTest, FewRowsMatchTheirTwin) {
  ForEachTarget([] {
    for (const bool accumulate : {false, true}) {
      for (int64_t m = 1; m <= 5; ++m) {
        for (const Shape& s : {Shape{m, 203, 1029}, {m, 600, 512}, {m, 25001, 21}}) {
          ASSERT_NO_FATAL_FAILURE(TestAgainstTwin(s, Transpose::kNo, Transpose::kNo, accumulate));
        }
      }
    }
  });
}

// Packed beforehand or on the way: the same products.
void TestPacked(const Shape& shape, Transpose ta, Transpose tb, bool accumulate) {
  SCOPED_TRACE(testing::Message() << shape.m << " x " << shape.n << " x " << shape.k << (accumulate ? ", added" : ""));
  Factors f(shape, ta, tb);
  for (const Precision precision : {Precision::kF32, Precision::kBf16}) {
    if (precision == Precision::kBf16 && !HasFastBf16()) continue;
    TestMatrix c(shape.m, shape.n, 3), expected(shape.m, shape.n, 3);
    PackedFactor packed;
    packed.Pack(precision, f.a.view(), Transpose::kNo);  // of another shape
    packed.Pack(precision, f.b.view(), tb);
    Gemm(f.a.view(), ta, packed, c.view(), accumulate);
    Gemm(precision, f.a.view(), ta, f.b.view(), tb, expected.view(), accumulate);
    ExpectNear(c, expected, 0, precision == Precision::kF32 ? "f32" : "bf16");
  }
}

TEST(GemmTest, APackedFactorGivesTheSameBits) {
  ForEachTarget([] {
    ForEachTranspose([](Transpose ta, Transpose tb) {
      for (const bool accumulate : {false, true}) {
        for (int64_t n = 0; n <= 50; ++n) ASSERT_NO_FATAL_FAILURE(TestPacked({10, n, 17}, ta, tb, accumulate));
        for (const Shape& s : {Shape{1, 1, 1}, {0, 5, 3}, {5, 7, 0}, {3, 400, 33}, {70, 97, 600}, {20, 1000, 1030}}) {
          ASSERT_NO_FATAL_FAILURE(TestPacked(s, ta, tb, accumulate));
        }
      }
    });
  });
  if (!HasFastBf16()) GTEST_SKIP() << "f32 holds; bf16 is left out: this processor has no AVX512_BF16";
}

// The twin agrees with the definition, in double.
TEST(GemmTest, TheTwinIsRight) {
  const Shape s{4, 6, 1200};
  ForEachTranspose([&](Transpose ta, Transpose tb) {
    Factors f(s, ta, tb);
    TestMatrix c(s.m, s.n, 3), before(s.m, s.n, 3);
    reference::Gemm(f.a.view(), ta, f.b.view(), tb, c.view(), /*accumulate=*/true);
    for (int64_t r = 0; r < s.m; ++r) {
      for (int64_t col = 0; col < s.n; ++col) {
        double want = before.At(r, col);
        for (int64_t i = 0; i < s.k; ++i) {
          want += double{ta == Transpose::kYes ? f.a.At(i, r) : f.a.At(r, i)} *
                  (tb == Transpose::kYes ? f.b.At(col, i) : f.b.At(i, col));
        }
        ASSERT_NEAR(c.At(r, col), want, 2e-5);
      }
    }
  });
}

void TestRowIndependence(Transpose ta, Transpose tb, const std::vector<Shape>& shapes,
                         const std::vector<int64_t>& rows) {
  for (const Shape& s : shapes) {
    Factors f(s, ta, tb);
    TestMatrix all(s.m, s.n);
    Gemm(f.a.view(), ta, f.b.view(), tb, all.view());
    for (const int64_t m : rows) {
      for (const int64_t first : {int64_t{0}, s.m - m}) {
        TestMatrix some(m, s.n);
        Gemm(RowsOf(f.a.view(), ta, first, m), ta, f.b.view(), tb, some.view());
        for (int64_t r = 0; r < m; ++r) {
          const auto n = static_cast<size_t>(s.n);
          ASSERT_TRUE(SameBits({some.Row(r), n}, {all.Row(first + r), n}))
              << "row " << r << " of " << m << " from " << first << ", n " << s.n << ", k " << s.k;
        }
      }
    }
  }
}

// The promise that batch independence stands on: the same row, alone and among others, gives the same bits.
TEST(GemmTest, RowDoesNotDependOnItsNeighbours) {
  ForEachTarget([] {
    ForEachTranspose([](Transpose ta, Transpose tb) {
      ASSERT_NO_FATAL_FAILURE(
          TestRowIndependence(ta, tb, {{60, 40, 24}, {60, 128, 130}, {60, 37, 1000}, {60, 300, 520}},
                              {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15, 16, 17, 24, 25, 31, 32, 33, 48, 59}));
    });
  });
}

TEST(GemmTest, RowDoesNotDependOnItsNeighboursInModelsShapes) {
  ASSERT_NO_FATAL_FAILURE(TestRowIndependence(
      Transpose::kNo, Transpose::kNo,
      {{200, 512, 512}, {200, 2048, 512}, {200, 512, 2048}, {200, 128, 128}, {200, 256, 128}, {200, 8000, 128}},
      {1, 2, 4, 7, 16, 31, 64, 100, 199}));
}

// Nor does a column on what stands beside it.
TEST(GemmTest, ColumnDoesNotDependOnItsNeighbours) {
  ForEachTarget([] {
    ForEachTranspose([](Transpose ta, Transpose tb) {
      const Shape s{9, 150, 520};
      Factors f(s, ta, tb);
      TestMatrix all(s.m, s.n);
      Gemm(f.a.view(), ta, f.b.view(), tb, all.view());
      for (const int64_t n : {1, 2, 8, 15, 16, 17, 31, 48, 49, 100}) {
        const int64_t first = s.n - n;
        TestMatrix some(s.m, n);
        const Matrix b = tb == Transpose::kYes ? f.b.view().Rows(first, n) : f.b.view().Cols(first, n);
        Gemm(f.a.view(), ta, b, tb, some.view());
        for (int64_t r = 0; r < s.m; ++r) {
          const auto count = static_cast<size_t>(n);
          ASSERT_TRUE(SameBits({some.Row(r), count}, {all.Row(r) + first, count})) << "n " << n << ", row " << r;
        }
      }
    });
  });
}

TEST(GemmTest, NotANumberStays) {
  ForEachTarget([] {
    for (const float value : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
      Factors f({3, 20, 5}, Transpose::kNo, Transpose::kNo);
      f.a.At(1, 4) = value;
      for (int64_t col = 0; col < 20; ++col) f.b.At(4, col) = 0;  // NaN * 0 and infinity * 0 are NaN
      TestMatrix c(3, 20);
      Gemm(f.a.view(), Transpose::kNo, f.b.view(), Transpose::kNo, c.view());
      for (int64_t col = 0; col < 20; ++col) {
        EXPECT_TRUE(std::isnan(c.At(1, col)));
        EXPECT_TRUE(std::isfinite(c.At(0, col)) && std::isfinite(c.At(2, col)));
      }
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
