// SPDX-License-Identifier: Apache-2.0
#include "kernels/elementwise.h"

#include <gtest/gtest.h>

#include <limits>

#include "kernels/kernels_testing.h"
#include "kernels/reference/elementwise.h"

namespace dragoman::kernels {
namespace {

// n random floats that begin one float after where the allocator put them.
std::vector<float> Misaligned(int64_t n, uint32_t seed) { return RandomFloats(n + 1, seed); }
std::span<float> Span(std::vector<float>& values) { return std::span(values).subspan(1); }

TEST(ElementwiseTest, MatrixPassesMatchTheirTwins) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      for (const int64_t rows : {0, 1, 3, 4, 9}) {
        const std::vector<float> bias = RandomFloats(n, 1);
        TestMatrix m(rows, n, 2), want(rows, n, 2);
        AddBias(m.view(), bias.data());
        reference::AddBias(want.view(), bias.data());
        ExpectNear(m, want, 0, "AddBias");

        std::vector<float> sums = Misaligned(n, 3), want_sums = sums;
        AddColumnSums(m.view(), Span(sums).data());
        reference::AddColumnSums(m.view(), Span(want_sums).data());
        EXPECT_TRUE(SameBits(sums, want_sums)) << "AddColumnSums: rows are summed in order, so nothing may differ";
      }
    }
  });
}

TEST(ElementwiseTest, SpanPassesMatchTheirTwins) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      std::vector<float> x = Misaligned(n, 1), y = Misaligned(n, 2), want = y;
      AddTo(Span(x), Span(y));
      reference::AddTo(Span(x), Span(want));
      EXPECT_TRUE(SameBits(y, want)) << "AddTo";
      Scale(Span(y), 0.37f);
      reference::Scale(Span(want), 0.37f);
      EXPECT_TRUE(SameBits(y, want)) << "Scale";
      MovingAverage(Span(x), 0.9f, Span(y));
      reference::MovingAverage(Span(x), 0.9f, Span(want));
      ExpectNear(y, want, 2e-7, "MovingAverage");
      const double sum = reference::SumOfSquares(Span(x));
      EXPECT_NEAR(SumOfSquares(Span(x)), sum, 1e-14 * sum);
    }
  });
}

TEST(ElementwiseTest, SumOfSquaresDependsOnTheLengthAlone) {
  ForEachTarget([] {
    const std::vector<float> values = RandomFloats(1003, 1);
    const double sum = SumOfSquares(values);
    for (int64_t offset = 1; offset < 17; ++offset) {
      std::vector<float> moved(offset + values.size());
      std::copy(values.begin(), values.end(), moved.begin() + offset);
      EXPECT_EQ(SumOfSquares(std::span(moved).subspan(offset)), sum);
    }
  });
}

TEST(ElementwiseTest, SumOfSquaresOfWhatAFloatCannotHold) {
  ForEachTarget([] {
    const std::vector<float> large(100, 1e30f);
    EXPECT_NEAR(SumOfSquares(large) / 1e62, 1, 1e-6);
  });
}

TEST(ElementwiseTest, AllFiniteFindsTheOneThatIsNot) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      std::vector<float> x(n, std::numeric_limits<float>::max());
      EXPECT_TRUE(AllFinite(x));
      for (int64_t i = 0; i < n; i += n < 40 ? 1 : 37) {
        for (const float bad : {kInfinity, -kInfinity, std::numeric_limits<float>::quiet_NaN()}) {
          x[i] = bad;
          EXPECT_FALSE(AllFinite(x)) << bad << " at " << i << " of " << n;
        }
        x[i] = -1e-42f;  // denormal
      }
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
