// SPDX-License-Identifier: Apache-2.0
#include "metrics/exact_match.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

TEST(ExactMatchTest, OnlyOuterSpacesAreForgiven) {
  const ExactMatchScore score =
      ExactMatch(Lines{" 我爱你。\r", "a  b", "same", ""}, Lines{"我爱你。\u3000", "a b", "same", ""});
  EXPECT_EQ(score.matches, 3);
  EXPECT_EQ(score.lines, 4);
  EXPECT_EQ(score.accuracy, 75);
}

TEST(ExactMatchTest, CaseCountsUnlessLowercase) {
  EXPECT_EQ(ExactMatch(Lines{"Über"}, Lines{"über"}).accuracy, 0);
  EXPECT_EQ(ExactMatch(Lines{"Über"}, Lines{"über"}, {.lowercase = true}).accuracy, 100);
}

TEST(ExactMatchTest, AnyOfSeveralReferencesWillDo) {
  ExactMatchCounter counter({});
  const std::string_view references[] = {"kitchen", "hall"};
  counter.Add("hall", references);
  counter.Add("garden", references);
  EXPECT_EQ(counter.Score().accuracy, 50);
}

TEST(ExactMatchTest, NoLinesScoreZeroAndUnequalNumbersAreAnError) {
  EXPECT_EQ(ExactMatch(Lines{}, Lines{}).accuracy, 0);
  EXPECT_THROW(ExactMatch(Lines{"a", "b"}, Lines{"a"}), Error);
}

}  // namespace
}  // namespace dragoman
