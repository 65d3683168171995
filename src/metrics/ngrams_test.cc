// SPDX-License-Identifier: Apache-2.0
#include "metrics/ngrams.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(NgramsTest, CountsEveryWindow) {
  EXPECT_EQ(CountNgrams(U"abab", 2), (NgramCounts{{U"ab", 2}, {U"ba", 1}}));
  EXPECT_TRUE(CountNgrams(U"ab", 3).empty());
  EXPECT_TRUE(CountNgrams(U"", 1).empty());
}

TEST(NgramsTest, NumNgramsIsTheSumOfCounts) {
  EXPECT_EQ(NumNgrams(4, 2), 3);
  EXPECT_EQ(NumNgrams(2, 3), 0);
  EXPECT_EQ(NumNgrams(0, 1), 0);
}

TEST(NgramsTest, MatchesAreClippedToTheReference) {
  EXPECT_EQ(CountMatches(CountNgrams(U"aaab", 1), CountNgrams(U"aac", 1)), 2);
  EXPECT_EQ(CountMatches(CountNgrams(U"xy", 1), CountNgrams(U"z", 1)), 0);
}

TEST(NgramsTest, EqualWordsGetEqualNumbers) {
  WordNumbers numbers;
  const std::u32string first = numbers.Number({U"the", U"cat", U"the"});
  EXPECT_EQ(first[0], first[2]);
  EXPECT_NE(first[0], first[1]);
  EXPECT_EQ(numbers.Number({U"cat"})[0], first[1]);
}

}  // namespace
}  // namespace dragoman
