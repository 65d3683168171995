// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "kernels/kernels_testing.h"
#include "kernels/reference/dropout.h"

namespace dragoman::kernels {
namespace {

const Dropout kDropout{0.3f, HashMix(1)};

TEST(DropoutTest, ApplyMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      for (const float rate : {0.0f, 0.1f, 0.999f}) {
        for (const bool accumulate : {false, true}) {
          const Dropout dropout{rate, HashMix(n)};
          TestMatrix x(3, n, 1), y(3, n, 2), want(3, n, 2);
          reference::ApplyDropout(dropout, x.view(), want.view(), accumulate);
          ApplyDropout(dropout, x.view(), y.view(), accumulate);
          ExpectNear(y, want, 2e-7, "y");
          if (accumulate) continue;
          ApplyDropout(dropout, x.view(), x.view(), false);
          ExpectNear(x, y, 0, "y in place of x");
        }
      }
    }
  });
}

TEST(DropoutTest, ResidualMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      for (const float rate : {0.0f, 0.25f}) {
        for (const bool with_bias : {false, true}) {
          const Dropout dropout{rate, HashMix(n)};
          const std::vector<float> bias = RandomFloats(n, 4);
          const float* const bias_or_null = with_bias ? bias.data() : nullptr;
          TestMatrix x(3, n, 1), residual(3, n, 2), y(3, n), want(3, n);
          reference::ResidualDropout(dropout, x.view(), bias_or_null, residual.view(), want.view());
          ResidualDropout(dropout, x.view(), bias_or_null, residual.view(), y.view());
          ExpectNear(y, want, 2e-7, "y");
          TestMatrix same_x(3, n, 1);
          ResidualDropout(dropout, same_x.view(), bias_or_null, residual.view(), same_x.view());
          ExpectNear(same_x, y, 0, "y in place of x");
          ResidualDropout(dropout, x.view(), bias_or_null, residual.view(), residual.view());
          ExpectNear(residual, y, 0, "y in place of residual");
        }
      }
    }
  });
}

TEST(DropoutTest, CountersWrapAround) {
  // Rows 2^31 and 2^31 + 2 of two columns would have counters 2^32 and 2^32 + 4: those of rows 0 and 2.
  EXPECT_EQ(DropoutFactor(kDropout, static_cast<uint32_t>(int64_t{1} << 32)), DropoutFactor(kDropout, 0));
}

TEST(DropoutTest, FactorsKeepTheMean) {
  for (const float rate : {0.1f, 0.3f, 0.5f, 0.9f}) {
    const Dropout dropout{rate, HashMix(7)};
    for (uint32_t i = 0; i < 100; ++i) {
      const float factor = DropoutFactor(dropout, i);
      EXPECT_TRUE(factor == 0 || factor == 1 / (1 - rate)) << factor;
    }
  }
  EXPECT_EQ(DropoutFactor({0.0f, HashMix(7)}, 5), 1.0f);
}

// How far a count of n independent events of probability p is from n p, in standard deviations.
double Deviations(int64_t count, int64_t n, double p) {
  return (static_cast<double>(count) - n * p) / std::sqrt(n * p * (1 - p));
}

bool Dropped(const Dropout& dropout, int64_t counter) {
  return DropoutFactor(dropout, static_cast<uint32_t>(counter)) == 0;
}

// All bounds below are 5 standard deviations, over a fixed set of keys.
TEST(DropoutTest, RateIsWhatWasAskedFor) {
  for (const float rate : {0.01f, 0.1f, 0.3f, 0.5f, 0.9f}) {
    const int64_t n = 4096, keys = 200;
    int64_t all = 0;
    double squares = 0;  // of each key's deviations; 1 on average
    for (int64_t k = 0; k < keys; ++k) {
      int64_t dropped = 0;
      for (int64_t i = 0; i < n; ++i) dropped += Dropped({rate, HashMix(k)}, i);
      all += dropped;
      squares += std::pow(Deviations(dropped, n, rate), 2);
    }
    EXPECT_LT(std::abs(Deviations(all, n * keys, rate)), 5) << rate;
    EXPECT_LT(std::abs(squares - keys) / std::sqrt(2.0 * keys), 5) << rate;
  }
}

// Elements at a fixed distance (next in the row, in the column, the head, ...) are dropped together as often as
// independent ones would be.
TEST(DropoutTest, NeighboursAreIndependent) {
  const float rate = 0.1f;
  const int64_t n = 16384, keys = 40;
  for (const int64_t distance :
       {1, 2, 3, 4, 7, 8, 16, 64, 100, 128, 256, 512, 1000, 2048, 4096, 8192, 65536, 1 << 20}) {
    int64_t both = 0;
    double squares = 0;
    for (int64_t k = 0; k < keys; ++k) {
      int64_t key_both = 0;
      const Dropout dropout{rate, HashMix(1000 * distance + k)};
      for (int64_t i = 0; i < n; ++i) key_both += Dropped(dropout, i) && Dropped(dropout, i + distance);
      both += key_both;
      squares += std::pow(Deviations(key_both, n, rate * rate), 2);
    }
    // Pairs (i, i + distance) and (i + distance, i + 2 distance) share an element: the variance is a little above.
    EXPECT_LT(std::abs(Deviations(both, n * keys, rate * rate)), 5 * 1.2) << distance;
    EXPECT_LT((squares / 1.2 - keys) / std::sqrt(2.0 * keys), 5) << distance;
  }
}

TEST(DropoutTest, KeysAreIndependent) {
  const float rate = 0.1f;
  const int64_t n = 16384, pairs = 100;
  int64_t both = 0;
  double squares = 0;
  for (int64_t k = 0; k < pairs; ++k) {
    // Also keys that share one half.
    const uint64_t key = HashMix(k), other = HashMix(k + 5000), low = 0xffffffff;
    const uint64_t second = k % 3 == 0   ? other
                            : k % 3 == 1 ? (key & low) | (other & ~low)
                                         : (key & ~low) | (other & low);
    int64_t pair_both = 0;
    for (int64_t i = 0; i < n; ++i) pair_both += Dropped({rate, key}, i) && Dropped({rate, second}, i);
    both += pair_both;
    squares += std::pow(Deviations(pair_both, n, rate * rate), 2);
  }
  EXPECT_LT(std::abs(Deviations(both, n * pairs, rate * rate)), 5);
  EXPECT_LT(std::abs(squares - pairs) / std::sqrt(2.0 * pairs), 5);
}

// The definition is part of what a resumed run depends on: these bits must not change unnoticed.
TEST(DropoutTest, MaskIsTheSameForever) {
  uint64_t bits = 0;
  for (int64_t i = 0; i < 64; ++i) bits |= uint64_t{Dropped({0.5f, 0x0123456789abcdef}, i)} << i;
  EXPECT_EQ(bits, 0xf22fd04946127c6d);
}

}  // namespace
}  // namespace dragoman::kernels
