// SPDX-License-Identifier: Apache-2.0
#include "metrics/beam_edit_distance.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace dragoman {
namespace {

int64_t Distance(std::u32string_view hypothesis, std::u32string_view reference) {
  return BeamEditDistance(reference, hypothesis.size()).Compute(hypothesis);
}

TEST(BeamEditDistanceTest, CountsInsertionsDeletionsAndSubstitutions) {
  EXPECT_EQ(Distance(U"abc", U"abc"), 0);
  EXPECT_EQ(Distance(U"abc", U"abxc"), 1);
  EXPECT_EQ(Distance(U"abxc", U"abc"), 1);
  EXPECT_EQ(Distance(U"abc", U"xbc"), 1);
  EXPECT_EQ(Distance(U"", U"abc"), 3);
  EXPECT_EQ(Distance(U"abc", U""), 3);
}

TEST(BeamEditDistanceTest, SubstitutesRatherThanDeletesRatherThanInserts) {
  BeamEditDistance distance(U"abcd", 4);
  distance.Compute(U"axdy");
  const Alignment alignment = distance.Align();
  EXPECT_EQ(alignment.hypothesis_of, (std::vector<int64_t>{0, 1, 2, 3}));
  EXPECT_EQ(alignment.reference_is_wrong, (std::vector<bool>{false, true, true, true}));
  EXPECT_EQ(alignment.hypothesis_is_wrong, (std::vector<bool>{false, true, true, true}));
}

TEST(BeamEditDistanceTest, AMissingWordStandsBesideTheOneBefore) {
  BeamEditDistance distance(U"abcd", 2);
  distance.Compute(U"bd");
  const Alignment alignment = distance.Align();
  EXPECT_EQ(alignment.hypothesis_of, (std::vector<int64_t>{-1, 0, 0, 1}));
  EXPECT_EQ(alignment.reference_is_wrong, (std::vector<bool>{true, false, true, false}));
}

TEST(BeamEditDistanceTest, WhatIsFarFromTheDiagonalIsNotFound) {
  std::u32string words;
  for (char32_t c = 0; c < 100; ++c) words += c;
  EXPECT_EQ(Distance(words.substr(20) + words.substr(0, 20), words), 40);  // the block goes away and comes back
  EXPECT_EQ(Distance(words.substr(30) + words.substr(0, 30), words), 100);
}

// Early ends and rows taken over must not show.
TEST(BeamEditDistanceTest, AVariantsDistanceIsThatOfComputingItAnew) {
  Rng rng(1);
  for (int round = 0; round < 300; ++round) {
    std::u32string hypothesis(1 + rng.Below(120), U'a'), reference(rng.Below(200), U'a');
    for (char32_t& word : hypothesis) word += static_cast<char32_t>(rng.Below(6));
    for (char32_t& word : reference) word += static_cast<char32_t>(rng.Below(6));
    BeamEditDistance distance(reference, hypothesis.size());
    distance.Compute(hypothesis);
    const size_t first = rng.Below(hypothesis.size());
    const size_t last = first + 1 + rng.Below(hypothesis.size() - first);
    std::u32string variant = hypothesis;
    std::reverse(variant.begin() + static_cast<std::ptrdiff_t>(first),
                 variant.begin() + static_cast<std::ptrdiff_t>(last));
    EXPECT_EQ(distance.DistanceOf(variant, first, last), Distance(variant, reference));
  }
}

}  // namespace
}  // namespace dragoman
