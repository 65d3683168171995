// SPDX-License-Identifier: Apache-2.0
#include "metrics/rouge_lsum.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "metrics/expected_scores_testing.h"

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

RougeScore Score(const RougeOptions& options, const Lines& hypotheses, const std::vector<Lines>& references) {
  const RougeLsumMetric metric(options);
  return metric.Parts(CorpusStats(metric, hypotheses, references));
}

void ExpectRecordedScores(const nlohmann::json& json, const std::string& separator) {
  TestCorpus corpus(json);
  const auto replace = [&](Lines* lines) {
    for (std::string& line : *lines) {
      for (size_t at = 0; (at = line.find('\n', at)) != std::string::npos;) line.replace(at, 1, separator);
    }
  };
  if (separator != "\n") {
    replace(&corpus.hypotheses);
    for (Lines& lines : corpus.references) replace(&lines);
  }
  for (const auto& entry : json.at("rouge_lsum")) {
    SCOPED_TRACE(corpus.name + " stem " + entry.at("stem").dump() + " separator " + separator);
    RougeOptions options;
    options.stem = entry.at("stem");
    options.sentence_separator = separator;
    const RougeScore score = Score(options, corpus.hypotheses, corpus.references);
    EXPECT_NEAR(score.precision, entry.at("rougeLsum")[0].get<double>(), kScoreTolerance);
    EXPECT_NEAR(score.recall, entry.at("rougeLsum")[1].get<double>(), kScoreTolerance);
    EXPECT_NEAR(score.f1, entry.at("rougeLsum")[2].get<double>(), kScoreTolerance);
  }
}

TEST(RougeLsumTest, EqualsRougeScoreOnEveryRecordedText) {
  for (const auto& json : ExpectedScores().at("corpora")) ExpectRecordedScores(json, "\n");
  for (const auto& json : ExpectedScores().at("texts")) ExpectRecordedScores(json, "\n");
}

TEST(RougeLsumTest, AnySeparatorPartsSentencesAsALineBreakDoes) {
  for (const auto& json : ExpectedScores().at("texts")) {
    for (const char* separator : {"<n>", "\\n", " ||| "}) ExpectRecordedScores(json, separator);
  }
}

TEST(RougeLsumTest, TheOrderOfSentencesDoesNotMatter) {
  EXPECT_NEAR(Score({}, {"c d\na b"}, {{"a b\nc d"}}).f1, 100, kScoreTolerance);
  EXPECT_NEAR(Score({.sentence_separator = "<n>"}, {"c d<n>a b"}, {{"a b<n>c d"}}).f1, 100, kScoreTolerance);
  EXPECT_LT(Score({}, {"c d<n>a b"}, {{"a b<n>c d"}}).f1, 99) << "no separator, but a word n";
}

TEST(RougeLsumTest, ChineseNeedsTheChineseTokenizer) {
  EXPECT_EQ(Score({}, {"我爱你\n他来了"}, {{"他来了\n我爱你"}}).f1, 0);
  EXPECT_NEAR(Score({.tokenizer = RougeTokenizer::kChinese}, {"我爱你\n他来了"}, {{"他来了\n我爱你"}}).f1, 100,
              kScoreTolerance);
}

TEST(RougeLsumTest, ASentenceWithoutEndIsRefused) {
  std::string text;
  for (int i = 0; i < 110'000; ++i) text += "x ";
  const std::string_view reference = text;
  EXPECT_THAT(
      [&] {
        RougeLsumMetric({}).SentenceStats(text, {&reference, 1});
      },
      testing::ThrowsMessage<Error>(testing::HasSubstr("a sentence of 110000 words against one of 110000")));
}

}  // namespace
}  // namespace dragoman
