// SPDX-License-Identifier: Apache-2.0
#include "metrics/ter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "metrics/expected_scores_testing.h"

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

TerOptions OptionsOf(const nlohmann::json& flags) {
  return {.case_sensitive = flags.value("case_sensitive", false),
          .normalized = flags.value("normalized", false),
          .no_punct = flags.value("no_punct", false),
          .asian_support = flags.value("asian_support", false)};
}

std::string BeforeVersion(const std::string& signature) { return signature.substr(0, signature.find("|version:")); }

void ExpectRecordedScores(const nlohmann::json& json) {
  const TestCorpus corpus(json);
  for (const auto& entry : json.at("ter")) {
    SCOPED_TRACE(corpus.name + " " + entry.at("flags").dump());
    const TerMetric metric(OptionsOf(entry.at("flags")));
    const Stats sum = CorpusStats(metric, corpus.hypotheses, corpus.references);
    EXPECT_EQ(sum[0], entry.at("edits").get<double>());
    EXPECT_NEAR(sum[1], entry.at("ref_len").get<double>(), kScoreTolerance);
    EXPECT_NEAR(metric.Scores(sum)[0], entry.at("score").get<double>(), kScoreTolerance);
    EXPECT_EQ(BeforeVersion(metric.Signature(static_cast<int>(corpus.references.size()))),
              BeforeVersion(entry.at("signature")));
  }
}

TEST(TerTest, EqualsSacrebleuOnEveryRecordedCorpus) {
  for (const auto& json : ExpectedScores().at("corpora")) ExpectRecordedScores(json);
}

TEST(TerTest, EqualsSacrebleuAtTheLimitsOfTheSearch) {
  EXPECT_GE(ExpectedScores().at("shifts").size(), 7u);
  for (const auto& json : ExpectedScores().at("shifts")) ExpectRecordedScores(json);
}

TEST(TerTest, ABlockThatMovesIsOneEdit) {
  EXPECT_EQ(TranslationEdits(U"dabc", U"abcd"), 1);
  EXPECT_EQ(TranslationEdits(U"defabc", U"abcdef"), 1);
  EXPECT_EQ(TranslationEdits(U"abcd", U"abcd"), 0);
  EXPECT_EQ(TranslationEdits(U"", U"abcd"), 4);
  EXPECT_EQ(TranslationEdits(U"abcd", U""), 4);
  EXPECT_EQ(TranslationEdits(U"axcd", U"abcd"), 1);
}

TEST(TerTest, OfSeveralReferencesTheNearestCountsAndTheMeanLength) {
  const TerMetric metric({});
  const std::string_view references[] = {"one two three four", "one two"};
  EXPECT_EQ(metric.SentenceStats("one two", references), (Stats{0, 3}));
}

TEST(TerTest, MayExceedOneHundred) {
  const TerMetric metric({});
  EXPECT_EQ(metric.Scores(CorpusStats(metric, Lines{"a b c d"}, Lines{"x"}))[0], 400);
}

TEST(TerTest, ALineOfMoreThanAMillionWordsIsRefused) {
  std::string text;
  for (int i = 0; i < 1'000'001; ++i) text += "x ";
  const std::string_view reference = "x";
  EXPECT_THAT(
      [&] {
        TerMetric({}).SentenceStats(text, {&reference, 1});
      },
      testing::ThrowsMessage<Error>(testing::StartsWith("TER: a sentence of 1000001 words, expected 1000000")));
}

}  // namespace
}  // namespace dragoman
