// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/gemm.h"
#include "kernels/gemm_testing.h"
#include "kernels/kernels_testing.h"
#include "kernels/reference/gemm.h"

namespace dragoman::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class GemmBf16Test : public testing::Test {
 protected:
  void SetUp() override {
    if (!HasFastBf16()) GTEST_SKIP() << "this processor has no AVX512_BF16";
  }
};

void TestAgainstTwin(const Shape& shape, Transpose ta, Transpose tb, bool accumulate) {
  SCOPED_TRACE(testing::Message() << shape.m << " x " << shape.n << " x " << shape.k << (accumulate ? ", added" : ""));
  Factors f(shape, ta, tb);
  TestMatrix c(shape.m, shape.n, 3), expected(shape.m, shape.n, 3);
  GemmBf16(f.a.view(), ta, f.b.view(), tb, c.view(), accumulate);
  reference::GemmBf16(f.a.view(), ta, f.b.view(), tb, expected.view(), accumulate);
  ExpectNear(c, expected, 2e-7 * (1 + std::sqrt(double(shape.k))), "c");
}

// Rows around every height of a tile, columns around every width, steps around the pair, the vector and the block.
TEST_F(GemmBf16Test, MatchesItsTwin) {
  ForEachTranspose([](Transpose ta, Transpose tb) {
    for (const bool accumulate : {false, true}) {
      for (int64_t m = 0; m <= 17; ++m) ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({m, 50, 9}, ta, tb, accumulate));
      for (int64_t n = 0; n <= 50; ++n) ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({3, n, 17}, ta, tb, accumulate));
      for (int64_t k = 0; k <= 66; ++k) ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({9, 49, k}, ta, tb, accumulate));
      for (const int64_t k : {1023, 1024, 1025, 1055})
        ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({9, 49, k}, ta, tb, accumulate));
      ASSERT_NO_FATAL_FAILURE(TestAgainstTwin({70, 97, 40}, ta, tb, accumulate));
    }
    ASSERT_NO_FATAL_FAILURE(
        TestAgainstTwin({11, 700, 1030}, ta, tb, /*accumulate=*/false));  // several blocks of columns
  });
}

// Sums of few terms are exact, so any other rounding of the factors shows.
TEST_F(GemmBf16Test, RoundsFactorsToNearestEven) {
  const float ulp = 1.0f / 128;  // of 8 bits, from 1 on
  const std::vector<float> values = {
      1 + 0.5f * ulp, 1 + 1.5f * ulp, 1 + 0.51f * ulp, 1 + 0.49f * ulp, -1 - 1.5f * ulp, 3.3e38f, 1.2e-38f,
      3.0e38f * ulp,  0.0f,           1e-30f};
  for (const float value : values) {
    std::vector<float> a = {value}, b = {1}, c = {7};
    const Matrix ma(a.data(), 1, 1), mb(b.data(), 1, 1), mc(c.data(), 1, 1);
    GemmBf16(ma, Transpose::kNo, mb, Transpose::kNo, mc);
    EXPECT_EQ(c[0], reference::RoundToBf16(value));
    GemmBf16(mb, Transpose::kNo, ma, Transpose::kNo, mc);
    EXPECT_EQ(c[0], reference::RoundToBf16(value));
  }
  EXPECT_EQ(reference::RoundToBf16(1 + 0.5f * ulp), 1);
  EXPECT_EQ(reference::RoundToBf16(1 + 1.5f * ulp), 1 + 2 * ulp);
  EXPECT_EQ(reference::RoundToBf16(1 + 0.51f * ulp), 1 + ulp);
  EXPECT_EQ(reference::RoundToBf16(3.4e38f), kInfinity);
}

TEST_F(GemmBf16Test, RowDoesNotDependOnItsNeighbours) {
  ForEachTranspose([](Transpose ta, Transpose tb) {
    const Shape s{60, 100, 1100};
    Factors f(s, ta, tb);
    TestMatrix all(s.m, s.n);
    GemmBf16(f.a.view(), ta, f.b.view(), tb, all.view());
    for (const int64_t m : {1, 2, 3, 7, 8, 9, 15, 17, 33, 59}) {
      TestMatrix some(m, s.n);
      GemmBf16(RowsOf(f.a.view(), ta, s.m - m, m), ta, f.b.view(), tb, some.view());
      for (int64_t r = 0; r < m; ++r) {
        const auto n = static_cast<size_t>(s.n);
        ASSERT_TRUE(SameBits({some.Row(r), n}, {all.Row(s.m - m + r), n})) << "row " << r << " of " << m;
      }
    }
  });
}

TEST_F(GemmBf16Test, NotANumberStays) {
  for (const float value : {std::numeric_limits<float>::quiet_NaN(), kInfinity}) {
    Factors f({3, 20, 5}, Transpose::kNo, Transpose::kNo);
    f.a.At(1, 4) = value;
    for (int64_t col = 0; col < 20; ++col) f.b.At(4, col) = 0;  // NaN * 0 and infinity * 0 are NaN
    TestMatrix c(3, 20);
    GemmBf16(f.a.view(), Transpose::kNo, f.b.view(), Transpose::kNo, c.view());
    for (int64_t col = 0; col < 20; ++col) {
      EXPECT_TRUE(std::isnan(c.At(1, col)));
      EXPECT_TRUE(std::isfinite(c.At(0, col)) && std::isfinite(c.At(2, col)));
    }
  }
}

TEST(PrecisionTest, ChoosesTheProduct) {
  Factors f({2, 3, 4}, Transpose::kNo, Transpose::kNo);
  const auto product = [&](Precision precision) {
    std::vector<float> c(6);
    Gemm(precision, f.a.view(), Transpose::kNo, f.b.view(), Transpose::kNo, Matrix(c.data(), 2, 3));
    return c;
  };
  std::vector<float> expected(6);
  Gemm(f.a.view(), Transpose::kNo, f.b.view(), Transpose::kNo, Matrix(expected.data(), 2, 3));
  EXPECT_TRUE(SameBits(product(Precision::kF32), expected));
  EXPECT_TRUE(!HasFastBf16() || !SameBits(product(Precision::kBf16), expected));
}

// Forcing an older instruction set forces f32.
TEST(PrecisionTest, Bf16NeedsAvx512) {
  ForEachTarget([] { EXPECT_TRUE(CurrentTarget() == "avx512" || !HasFastBf16()); });
}

}  // namespace
}  // namespace dragoman::kernels
