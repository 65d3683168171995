// SPDX-License-Identifier: Apache-2.0
#include "metrics/bleu.h"

#include <gtest/gtest.h>

#include "metrics/expected_scores_testing.h"

namespace dragoman {
namespace {

BleuOptions OptionsOf(const nlohmann::json& entry) {
  BleuOptions options;
  options.tokenizer = BleuTokenizerFromName(entry.at("tokenize").get<std::string>()).value();
  options.lowercase = entry.at("lowercase");
  options.smoothing = ParseEnum<BleuSmoothing>(entry.at("smooth").get<std::string>()).value();
  if (!entry.at("smooth_value").is_null()) options.smoothing_value = entry.at("smooth_value");
  options.effective_order = entry.at("effective_order");
  return options;
}

std::string BeforeVersion(const std::string& signature) { return signature.substr(0, signature.find("|version:")); }

TEST(BleuTest, EqualsSacrebleuOnEveryRecordedCorpus) {
  for (const auto& json : ExpectedScores().at("corpora")) {
    const TestCorpus corpus(json);
    for (const auto& entry : json.at("bleu")) {
      SCOPED_TRACE(corpus.name + " " + entry.at("signature").get<std::string>());
      const BleuOptions options = OptionsOf(entry);
      const BleuScore result = CorpusBleu(corpus.hypotheses, corpus.references, options);
      EXPECT_NEAR(result.score, entry.at("score").get<double>(), kScoreTolerance);
      EXPECT_NEAR(result.brevity_penalty, entry.at("bp").get<double>(), kScoreTolerance);
      EXPECT_EQ(result.sys_len, entry.at("sys_len").get<int64_t>());
      EXPECT_EQ(result.ref_len, entry.at("ref_len").get<int64_t>());
      for (size_t n = 0; n < result.precisions.size(); ++n) {
        EXPECT_NEAR(result.precisions[n], entry.at("precisions")[n].get<double>(), kScoreTolerance) << n;
      }
      EXPECT_EQ(BeforeVersion(BleuMetric(options).Signature(static_cast<int>(corpus.references.size()))),
                BeforeVersion(entry.at("signature")));
    }
  }
}

TEST(BleuTest, IdenticalTextScoresOneHundred) {
  const std::vector<std::string> text = {"one two three four five", "six"};
  EXPECT_NEAR(CorpusBleu(text, text).score, 100, kScoreTolerance);
}

}  // namespace
}  // namespace dragoman
