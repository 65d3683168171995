// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of given translations.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "decode/engine.h"
#include "decode/translation_service.h"
#include "format/translation_testing.h"

namespace dragoman {
namespace {

struct ScoringTest : testing::Test {
  std::vector<PairScore> Score(const std::vector<std::string>& sources, const std::vector<std::string>& targets,
                               int threads = 1) {
    const InferenceModel inference(*loaded.model, format);
    TranslationService service(inference, {*loaded.vocabs.src, *loaded.vocabs.tgt}, threads);
    return service.Score(sources, targets);
  }
  // What is drawn for a line, with the tokens of each.
  std::vector<Hypothesis> Samples(const std::string& line, int64_t sentence, int count) const {
    DecodeOptions options;
    options.sample = true;
    options.n_best = count;
    const InferenceModel inference(*loaded.model, format);
    Engine engine(inference, GenerationRulesOf(*loaded.vocabs.tgt, loaded.model->config().tgt_vocab));
    const std::vector<int32_t> source =
        TokenizeLine(*loaded.vocabs.src, line, loaded.model->config().max_src_len).tokens;
    engine.Add({0, source, &options, sentence});
    while (true) {
      for (SearchResult& result : engine.Step()) return std::move(result.hypotheses);
    }
  }
  TranslationModel loaded = RandomTranslationModel();
  WeightFormat format = WeightFormat::kF32;
};

// Bit for bit, in every format. Only for translations whose text is cut into the very tokens that made it: an untrained
// model writes others too.
TEST_F(ScoringTest, SaysOfATranslationWhatTheTranslatorSaid) {
  const Tokenizer& vocab = *loaded.vocabs.tgt;
  DecodeOptions options;
  options.sample = true;
  options.n_best = 16;
  std::vector<std::string> lines = TestSentences();
  lines.resize(60);
  for (const WeightFormat tested : {WeightFormat::kF32, WeightFormat::kInt8}) {
    SCOPED_TRACE(EnumName(tested));
    format = tested;
    const InferenceModel inference(*loaded.model, format);
    TranslationService service(inference, {*loaded.vocabs.src, vocab}, 1);
    const auto translated = service.Translate(lines, options);
    std::vector<std::string> sources, targets;
    std::vector<double> log_probs;
    for (size_t i = 0; i < lines.size(); ++i) {
      const auto samples = Samples(lines[i], static_cast<int64_t>(i), options.n_best);
      for (size_t n = 0; n < samples.size(); ++n) {
        EXPECT_EQ(samples[n].log_prob, translated[i].n_best[n].log_prob);
        const std::string text = vocab.Decode(samples[n].tokens);
        if (!samples[n].complete || vocab.Encode(text) != samples[n].tokens) continue;
        sources.push_back(lines[i]);
        targets.push_back(text);
        log_probs.push_back(samples[n].log_prob);
      }
    }
    ASSERT_GT(targets.size(), 50u);
    const auto scores = Score(sources, targets);
    for (size_t i = 0; i < scores.size(); ++i) EXPECT_EQ(scores[i].log_prob, log_probs[i]) << targets[i];
  }
}

// As many translation models of others are: one table, of whose rows each side's vocabulary means some.
TEST_F(ScoringTest, TwoVocabulariesOfOneTableTranslateAndScore) {
  loaded = TwoVocabulariesInOneTable();
  const Tokenizer& vocab = *loaded.vocabs.tgt;
  for (const WeightFormat tested : {WeightFormat::kF32, WeightFormat::kInt8}) {
    SCOPED_TRACE(EnumName(tested));
    format = tested;
    int compared = 0;
    for (int64_t id = 0; id < 100; ++id) {
      const std::string line = TestSentences()[static_cast<size_t>(id)];
      for (const Hypothesis& sample : Samples(line, id, /*count=*/64)) {
        ASSERT_TRUE(std::ranges::all_of(sample.tokens, [&](int32_t token) { return vocab.HasPiece(token); }));
        const std::string text = vocab.Decode(sample.tokens);
        if (!sample.complete || vocab.Encode(text) != sample.tokens) continue;
        EXPECT_EQ(Score({line}, {text})[0].log_prob, sample.log_prob) << text;
        ++compared;
      }
    }
    EXPECT_GT(compared, 10);
  }
}

TEST_F(ScoringTest, TokensAddUpToTheWhole) {
  const auto scores = Score({"I see a cat.", "you help"}, {"我看见一只猫", ""});
  EXPECT_EQ(scores[0].token_log_probs.size(), loaded.vocabs.tgt->Encode("我看见一只猫").size() + 1);
  EXPECT_EQ(scores[1].token_log_probs.size(), 1u);  // </s> alone
  for (const PairScore& score : scores) {
    double sum = 0;
    for (const double log_prob : score.token_log_probs) {
      EXPECT_LT(log_prob, 0);
      sum += log_prob;
    }
    EXPECT_DOUBLE_EQ(score.log_prob, sum);
  }
}

// As in search, where the prefix is given.
TEST_F(ScoringTest, ATargetsPrefixCountsAsLogProbabilityZero) {
  loaded = OddTranslationModel();
  const Tokenizer& vocab = *loaded.vocabs.tgt;
  const std::vector<std::string> targets = {"我看见一只猫", "", "你"};
  const auto scores = Score({"I see a cat.", "you help", "you"}, targets);
  for (size_t i = 0; i < targets.size(); ++i) {
    const std::vector<double>& log_probs = scores[i].token_log_probs;
    ASSERT_EQ(log_probs.size(), 2 + vocab.Encode(targets[i]).size() + 1);
    for (size_t t = 0; t < log_probs.size(); ++t) EXPECT_EQ(log_probs[t] == 0, t < 2);
  }
  int compared = 0;
  for (int64_t id = 0; id < 60; ++id) {
    const std::string line = TestSentences()[static_cast<size_t>(id)];
    for (const Hypothesis& sample : Samples(line, id, /*count=*/16)) {
      const std::string text = vocab.Decode(sample.tokens);
      std::vector<int32_t> again = vocab.Encode(text);
      again.insert(again.begin(), vocab.sentence().prefix.begin(), vocab.sentence().prefix.end());
      if (!sample.complete || again != sample.tokens) continue;
      EXPECT_EQ(Score({line}, {text})[0].log_prob, sample.log_prob) << text;
      ++compared;
    }
  }
  EXPECT_GT(compared, 10);
}

TEST_F(ScoringTest, APairsScoreDependsOnThePairAlone) {
  std::vector<std::string> sources = TestSentences(), targets = TestSentences();
  std::rotate(targets.begin(), targets.begin() + 1, targets.end());
  sources[3] = "";
  targets[4] = "";
  const auto all = Score(sources, targets), shared = Score(sources, targets, 3);
  std::vector<std::string> sources_back(sources.rbegin(), sources.rend()),
      targets_back(targets.rbegin(), targets.rend());
  const auto back = Score(sources_back, targets_back, 2);
  for (size_t i = 0; i < sources.size(); ++i) {
    EXPECT_EQ(all[i].token_log_probs, shared[i].token_log_probs);
    EXPECT_EQ(all[i].token_log_probs, back[sources.size() - 1 - i].token_log_probs);
  }
  for (size_t i = 0; i < sources.size(); i += 10) {
    EXPECT_EQ(all[i].token_log_probs, Score({sources[i]}, {targets[i]})[0].token_log_probs);
  }
}

TEST_F(ScoringTest, AnEmptySourceHasNoScore) {
  const auto scores = Score({"", "  "}, {"我", ""});
  for (const PairScore& score : scores) {
    EXPECT_TRUE(std::isnan(score.log_prob)) << "0 would be the best there is";
    EXPECT_TRUE(score.token_log_probs.empty());
  }
  EXPECT_TRUE(Score({}, {}).empty());
}

TEST_F(ScoringTest, WithoutAFiniteNumberAPairHasAnErrorAndItsNeighboursHaveTheirScores) {
  loaded = PoisonedTranslationModel();
  const auto scores = Score({"I see", "Ω", "", "you help"}, {"我", "你", "我", "你"});
  EXPECT_THAT(scores[1].error, testing::HasSubstr("no finite log-probability"));
  EXPECT_TRUE(std::isnan(scores[1].log_prob));
  EXPECT_TRUE(scores[1].token_log_probs.empty());
  EXPECT_EQ(scores[1].unknown, 1);
  for (const size_t i : {0, 2, 3}) EXPECT_EQ(scores[i].error, "");
  EXPECT_TRUE(std::isfinite(scores[0].log_prob) && std::isfinite(scores[3].log_prob));
}

TEST_F(ScoringTest, CountsUnknownCharactersOfBothSides) {
  const auto scores = Score({"I see a cat.", "I see ΩΩ", ""}, {"我Ω", "龘我龘", "Ω"});
  EXPECT_EQ(scores[0].unknown, 1);
  EXPECT_EQ(scores[1].unknown, 4);
  EXPECT_EQ(scores[2].unknown, 1);
}

TEST_F(ScoringTest, FlagsWhatItCut) {
  std::string longer;
  for (int i = 0; i < 30; ++i) longer += "a cat ";
  const auto scores = Score({"I see", longer, "I see"}, {longer, "我", "我"});
  EXPECT_TRUE(scores[0].truncated);
  EXPECT_TRUE(scores[1].truncated);
  EXPECT_FALSE(scores[2].truncated);
  EXPECT_EQ(scores[0].token_log_probs.size(), 24u);  // the model's max_tgt_len
}

}  // namespace
}  // namespace dragoman
