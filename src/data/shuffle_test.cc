// SPDX-License-Identifier: Apache-2.0
#include "data/shuffle.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>

namespace dragoman {
namespace {

std::vector<int> Shuffled(int count, uint64_t seed) {
  std::vector<int> items(static_cast<size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  Rng rng(seed);
  Shuffle(&items, &rng);
  return items;
}

// Recorded once: a checkpoint of today must find the same order with tomorrow's compiler.
TEST(ShuffleTest, OrderIsTheSameEverywhere) {
  EXPECT_EQ(Shuffled(10, 1), Shuffled(10, 1));
  EXPECT_NE(Shuffled(10, 1), Shuffled(10, 2));
  EXPECT_EQ(Shuffled(10, 1), (std::vector<int>{4, 2, 8, 1, 9, 3, 0, 6, 7, 5}));
}

TEST(ShuffleTest, AllOrdersAreEquallyLikely) {
  std::map<std::vector<int>, int> count;
  for (uint64_t seed = 0; seed < 24000; ++seed) ++count[Shuffled(4, seed)];
  ASSERT_EQ(count.size(), 24u);
  for (const auto& [order, times] : count) EXPECT_NEAR(times, 1000, 5 * 31);  // five standard deviations
}

}  // namespace
}  // namespace dragoman
