// SPDX-License-Identifier: Apache-2.0
#include "metrics/exact_match.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

double Score(const ExactMatchOptions& options, const Lines& hypotheses, const Lines& references) {
  const ExactMatchMetric metric(options);
  return metric.Scores(CorpusStats(metric, hypotheses, references)).front();
}

TEST(ExactMatchTest, OnlyOuterSpacesAreForgiven) {
  EXPECT_EQ(Score({}, Lines{" 我爱你。\r", "a  b", "same", ""}, Lines{"我爱你。\u3000", "a b", "same", ""}), 75);
}

TEST(ExactMatchTest, CaseCountsUnlessLowercase) {
  EXPECT_EQ(Score({}, Lines{"Über"}, Lines{"über"}), 0);
  EXPECT_EQ(Score({.lowercase = true}, Lines{"Über"}, Lines{"über"}), 100);
}

TEST(ExactMatchTest, AnyOfSeveralReferencesWillDo) {
  const ExactMatchMetric metric({});
  const std::string_view references[] = {"kitchen", "hall"};
  EXPECT_EQ(metric.SentenceStats("hall", references), (Stats{1, 1}));
  EXPECT_EQ(metric.SentenceStats("garden", references), (Stats{0, 1}));
}

}  // namespace
}  // namespace dragoman
