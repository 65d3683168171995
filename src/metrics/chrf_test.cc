// SPDX-License-Identifier: Apache-2.0
#include "metrics/chrf.h"

#include <gtest/gtest.h>

#include "metrics/expected_scores_testing.h"

namespace dragoman {
namespace {

std::string BeforeVersion(const std::string& signature) { return signature.substr(0, signature.find("|version:")); }

TEST(ChrfTest, EqualsSacrebleuOnEveryRecordedCorpus) {
  for (const auto& json : ExpectedScores().at("corpora")) {
    const TestCorpus corpus(json);
    for (const auto& entry : json.at("chrf")) {
      SCOPED_TRACE(corpus.name + " " + entry.at("signature").get<std::string>());
      ChrfOptions options;
      options.char_order = entry.at("char_order");
      options.word_order = entry.at("word_order");
      options.beta = entry.at("beta");
      options.lowercase = entry.at("lowercase");
      EXPECT_NEAR(CorpusChrf(corpus.hypotheses, corpus.references, options), entry.at("score").get<double>(),
                  kScoreTolerance);
      const ChrfMetric metric(options);
      EXPECT_EQ(metric.ScoreNames()[0].name, entry.at("name").get<std::string>());
      EXPECT_EQ(BeforeVersion(metric.Signature(static_cast<int>(corpus.references.size()))),
                BeforeVersion(entry.at("signature")));
    }
  }
}

TEST(ChrfTest, SpacesDoNotCount) {
  const std::vector<std::string> spaced = {"a b c"};
  const std::vector<std::string> joined = {"ab\u3000c"};
  EXPECT_NEAR(CorpusChrf(spaced, joined), 100, kScoreTolerance);
  EXPECT_LT(CorpusChrf(spaced, joined, ChrfPlusPlus()), 99);
}

}  // namespace
}  // namespace dragoman
