// SPDX-License-Identifier: Apache-2.0
#include "recommend/recommendation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman {
namespace {

CorpusFacts Captions() {
  CorpusFacts facts;
  facts.pairs = 29'000;
  facts.src_words = 12;
  facts.tgt_words = 11;
  facts.shared_letters = 1;
  facts.copied = 0.05;
  facts.distinct_targets = 1;
  return facts;
}

CorpusFacts Titles() {
  CorpusFacts facts = Captions();
  facts.src_words = 100;
  facts.src_sentences = 5;
  facts.tgt_words = 9;
  facts.copied = 0.4;
  return facts;
}

CorpusFacts Answers() {
  CorpusFacts facts = Captions();
  facts.src_words = 60;
  facts.tgt_words = 1;
  facts.distinct_targets = 0.004;
  facts.segment_mark = "<sep>";
  return facts;
}

TEST(RecommendationTest, TheTaskFollowsFromLengthsAndWords) {
  EXPECT_EQ(Recommend(Captions(), true).kind, TaskKind::kTranslation);
  EXPECT_EQ(Recommend(Titles(), true).kind, TaskKind::kSummaries);
  EXPECT_EQ(Recommend(Answers(), true).kind, TaskKind::kAnswers);
  CorpusFacts foreign_titles = Titles();
  foreign_titles.copied = 0.02;  // in other words: translated, however short
  EXPECT_EQ(Recommend(foreign_titles, true).kind, TaskKind::kTranslation);
}

TEST(RecommendationTest, SummariesCopyAndFactsAreSegments) {
  EXPECT_TRUE(Recommend(Titles(), true).options.model.copy);
  EXPECT_FALSE(Recommend(Captions(), true).options.model.copy);
  const Recommendation answers = Recommend(Answers(), true);
  EXPECT_EQ(answers.options.model.segment_end, 3);
  EXPECT_EQ(answers.vocab.symbols, std::vector<std::string>{"<sep>"});
  CorpusFacts plain = Answers();
  plain.segment_mark = "";
  EXPECT_EQ(Recommend(plain, true).options.model.segment_end, -1);
}

TEST(RecommendationTest, SourcesOfSeveralSentencesAreLearntFromAlone) {
  const Recommendation r = Recommend(Titles(), true);
  EXPECT_GT(r.pretraining, 0);
  EXPECT_EQ(r.vocab.symbols, std::vector<std::string>{"<mask>"});
  CorpusFacts facts = Titles();
  facts.src_sentences = 1;
  EXPECT_EQ(Recommend(facts, true).pretraining, 0);
  EXPECT_GT(Recommend(facts, true).epochs, r.epochs);  // who has not read before learns longer
  EXPECT_EQ(Recommend(Captions(), true).pretraining, 0);
}

TEST(RecommendationTest, TheBestModelIsChosenByTheTasksOwnMetric) {
  EXPECT_EQ(Recommend(Captions(), true).options.metric, StopMetric::kBleu);
  EXPECT_EQ(Recommend(Titles(), true).options.metric, StopMetric::kRougeL);
  EXPECT_EQ(Recommend(Answers(), true).options.metric, StopMetric::kExactMatch);
  CorpusFacts facts = Captions();
  facts.shared_letters = 0.01;  // whose words 13a may not find
  EXPECT_EQ(Recommend(facts, true).options.metric, StopMetric::kChrf);
}

TEST(RecommendationTest, TwoScriptsHaveTwoVocabularies) {
  CorpusFacts facts = Captions();
  facts.shared_letters = 0.01;
  const Recommendation r = Recommend(facts, true);
  EXPECT_FALSE(r.joint);
  EXPECT_EQ(r.options.model.tying, Tying::kDecoder);
  EXPECT_TRUE(Recommend(Captions(), true).joint);
}

TEST(RecommendationTest, Bf16OnlyWhereItIsFast) {
  EXPECT_EQ(Recommend(Captions(), true).options.precision, Precision::kBf16);
  EXPECT_EQ(Recommend(Captions(), false).options.precision, Precision::kF32);
}

// Whatever the corpus: options that a training takes, and more data never has a smaller model or more passes.
TEST(RecommendationTest, EverySizeOfCorpusHasAPossibleTraining) {
  for (CorpusFacts facts : {Captions(), Titles(), Answers()}) {
    int width = 0;
    double epochs = 1e9;
    for (const int64_t pairs : {10, 5'000, 29'000, 150'000, 1'000'000, 10'000'000, 100'000'000}) {
      facts.pairs = pairs;
      Recommendation r = Recommend(facts, true);
      r.options.max_steps = 100, r.options.warmup = 10;
      r.options.train_src = r.options.train_tgt = "text", r.options.vocab = "v", r.options.output = "run";
      EXPECT_NO_THROW(r.options.Validate()) << pairs;
      EXPECT_NO_THROW(r.vocab.Validate()) << pairs;
      if (r.kind != TaskKind::kTranslation) continue;
      EXPECT_GE(r.options.model.d_model, width) << pairs;
      EXPECT_LE(r.epochs, epochs) << pairs;
      width = r.options.model.d_model;
      epochs = r.epochs;
    }
  }
}

}  // namespace
}  // namespace dragoman
