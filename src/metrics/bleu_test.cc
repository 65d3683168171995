// SPDX-License-Identifier: Apache-2.0
#include "metrics/bleu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
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
      EXPECT_EQ(BeforeVersion(BleuSignature(options, static_cast<int>(corpus.references.size()))),
                BeforeVersion(entry.at("signature")));
    }
  }
}

TEST(BleuTest, IdenticalTextScoresOneHundred) {
  const std::vector<std::string> text = {"one two three four five", "six"};
  EXPECT_NEAR(CorpusBleu(text, text).score, 100, kScoreTolerance);
}

TEST(BleuTest, EmptyCorpusScoresZero) {
  EXPECT_EQ(CorpusBleu(std::vector<std::string>{}, std::vector<std::string>{}).score, 0);
}

TEST(BleuTest, CountingSentenceBySentenceEqualsTheWholeCorpus) {
  const TestCorpus corpus(ExpectedScores().at("corpora").at(0));
  BleuStats stats;
  for (size_t i = 0; i < corpus.hypotheses.size(); ++i) {
    const std::string_view reference = corpus.references[0][i];
    stats += SentenceBleuStats(corpus.hypotheses[i], {&reference, 1}, {});
  }
  EXPECT_EQ(ComputeBleu(stats, {}).score, CorpusBleu(corpus.hypotheses, corpus.references[0]).score);
}

TEST(BleuTest, InvalidUtf8IsScoredNotFatal) {
  const std::vector<std::string> broken = {"a \xFF\xC3 b", std::string("\0x", 2)};
  EXPECT_GE(CorpusBleu(broken, broken).score, 0);
}

TEST(BleuTest, UnequalNumbersOfLinesAreAnError) {
  const std::vector<std::string> two = {"a", "b"};
  const std::vector<std::string> one = {"a"};
  EXPECT_THAT([&] { CorpusBleu(two, one); },
              testing::ThrowsMessage<Error>(testing::StartsWith("BLEU: 2 hypotheses but 1 lines in reference set 1")));
  EXPECT_THROW(CorpusBleu(two, std::vector<std::vector<std::string>>{two, one}), Error);
}

}  // namespace
}  // namespace dragoman
