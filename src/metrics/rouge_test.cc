// SPDX-License-Identifier: Apache-2.0
#include "metrics/rouge.h"

#include <gtest/gtest.h>

#include "metrics/expected_scores_testing.h"

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

void ExpectNear(const RougeScore& score, const nlohmann::json& expected) {
  EXPECT_NEAR(score.precision, expected[0].get<double>(), kScoreTolerance);
  EXPECT_NEAR(score.recall, expected[1].get<double>(), kScoreTolerance);
  EXPECT_NEAR(score.f1, expected[2].get<double>(), kScoreTolerance);
}

TEST(RougeTest, EqualsRougeScoreOnEveryRecordedCorpus) {
  std::vector<nlohmann::json> all = ExpectedScores().at("corpora");
  for (const auto& json : ExpectedScores().at("texts")) all.push_back(json);
  for (const auto& json : all) {
    const TestCorpus corpus(json);
    for (const auto& entry : json.at("rouge")) {
      SCOPED_TRACE(corpus.name + " stem " + entry.at("stem").dump());
      RougeOptions options;
      options.stem = entry.at("stem");
      const RougeScores scores = CorpusRouge(corpus.hypotheses, corpus.references, options);
      ExpectNear(scores.rouge1, entry.at("rouge1"));
      ExpectNear(scores.rouge2, entry.at("rouge2"));
      ExpectNear(scores.rouge_l, entry.at("rougeL"));
    }
  }
}

TEST(RougeTest, OrderMattersToRougeLOnly) {
  const RougeScores scores = CorpusRouge(Lines{"d a b c"}, Lines{"a b c d"});
  EXPECT_NEAR(scores.rouge1.f1, 100, kScoreTolerance);
  EXPECT_NEAR(scores.rouge2.f1, 100 * 2.0 / 3, kScoreTolerance);
  EXPECT_NEAR(scores.rouge_l.f1, 75, kScoreTolerance);
}

TEST(RougeTest, ChineseNeedsTheChineseTokenizer) {
  RougeOptions options;
  EXPECT_EQ(CorpusRouge(Lines{"我爱你"}, Lines{"我爱你"}, options).rouge1.f1, 0);
  options.tokenizer = RougeTokenizer::kChinese;
  EXPECT_NEAR(CorpusRouge(Lines{"我爱你"}, Lines{"我爱你"}, options).rouge1.f1, 100, kScoreTolerance);
  EXPECT_NEAR(CorpusRouge(Lines{"我爱GPU"}, Lines{"我 gpu"}, options).rouge1.precision, 100 * 2.0 / 3, kScoreTolerance);
}

TEST(RougeTest, ASentenceSeparatorIsNoWord) {
  RougeOptions options;
  EXPECT_LT(CorpusRouge(Lines{"a b<n>c"}, Lines{"a b c"}, options).rouge1.f1, 99);
  options.sentence_separator = "<n>";
  EXPECT_NEAR(CorpusRouge(Lines{"a b<n>c"}, Lines{"a b c"}, options).rouge2.f1, 100, kScoreTolerance);
}

}  // namespace
}  // namespace dragoman
