// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

namespace dragoman {
namespace {

constexpr int kDraws = 200'000;

// SplitMix64's published stream: a seed means the same numbers on every machine, for good.
TEST(RngTest, FirstValuesAreSplitMix64s) {
  Rng zero(0);
  EXPECT_EQ(zero.Next(), 0xe220a8397b1dcdafu);
  EXPECT_EQ(zero.Next(), 0x6e789e6aa1b965f4u);
  EXPECT_EQ(zero.Next(), 0x06c45d188009454fu);
  Rng other(1234567);
  EXPECT_EQ(other.Next(), 6457827717110365317u);
  EXPECT_EQ(other.Next(), 3203168211198807973u);
}

TEST(RngTest, UniformHasMeanAndVarianceOfItsDistribution) {
  Rng rng(1);
  double sum = 0, squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double u = rng.Uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 0.5, 0.003);  // 5 standard errors of 0.289 / sqrt(kDraws)
  EXPECT_NEAR(squares / kDraws - mean * mean, 1.0 / 12, 0.001);
}

TEST(RngTest, NormalHasItsFirstFourMoments) {
  Rng rng(2);
  double sum = 0, squares = 0, cubes = 0, fourths = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = rng.Normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    cubes += x * x * x;
    fourths += x * x * x * x;
  }
  // 5 standard errors each: sqrt(1, 2, 15, 96) / sqrt(kDraws)
  EXPECT_NEAR(sum / kDraws, 0.0, 0.0112);
  EXPECT_NEAR(squares / kDraws, 1.0, 0.0159);
  EXPECT_NEAR(cubes / kDraws, 0.0, 0.0434);
  EXPECT_NEAR(fourths / kDraws, 3.0, 0.11);
}

TEST(RngTest, BelowGivesEveryValueItsShare) {
  for (const uint64_t bound : {1u, 2u, 3u, 7u, 10u}) {
    Rng rng(bound);
    std::vector<int> counts(bound);
    for (int i = 0; i < kDraws; ++i) {
      const uint64_t value = rng.Below(bound);
      ASSERT_LT(value, bound);
      ++counts[value];
    }
    const double expected = static_cast<double>(kDraws) / static_cast<double>(bound);
    for (const int count : counts) EXPECT_NEAR(count, expected, 5 * std::sqrt(expected)) << "bound " << bound;
  }
}

// With 2^64 = 3 * 2^62 + 2^62, `Next() % bound` would give the first third of [0, 3 * 2^62) twice its share: 1/2, not
// 1/3.
TEST(RngTest, BelowIsUnbiasedForABoundNearTheWholeRange) {
  constexpr uint64_t kQuarter = uint64_t{1} << 62;
  Rng rng(3);
  int in_first_third = 0;
  for (int i = 0; i < kDraws; ++i) in_first_third += rng.Below(3 * kQuarter) < kQuarter;
  EXPECT_NEAR(static_cast<double>(in_first_third) / kDraws, 1.0 / 3, 0.006);
}

TEST(RngTest, BelowTheLargestBoundEnds) {
  Rng rng(4);
  for (int i = 0; i < 100; ++i)
    EXPECT_LT(rng.Below(std::numeric_limits<uint64_t>::max()), std::numeric_limits<uint64_t>::max());
}

}  // namespace
}  // namespace dragoman
