// SPDX-License-Identifier: Apache-2.0
#include "cli/training_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "data/corpus_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

class TrainingLogTest : public testing::Test {
 protected:
  TrainingLog Read(const std::string& text, ValidationScore score = ValidationScore::kBleu) {
    directory_.Write("train.jsonl", text);
    return ReadTrainingLog(RealFileSystem(), directory_ / "", score);
  }
  std::string ErrorOf(const std::string& text) {
    return MessageOf<FileError>([&] { Read(text); });
  }

  TestDirectory directory_;
};

TEST_F(TrainingLogTest, HasLossesAndTheScoreOverMinutes) {
  const std::string text =
      "{\"event\": \"train\", \"step\": 10, \"loss\": 9, \"nll\": 4, \"seconds\": 60}\n"
      "{\"event\": \"valid\", \"step\": 10, \"nll\": 3.5, \"bleu\": 20, \"chrf\": 40, \"exact\": 7, \"seconds\": 90}\n"
      "{\"event\": \"average\", \"step\": 10, \"nll\": 1, \"bleu\": 99, \"seconds\": 100}\n"
      "{\"event\": \"end\", \"step\": 10, \"reason\": \"signal\", \"seconds\": 100}\n"
      "{\"event\": \"later\", \"what\": {}}\n";
  const TrainingLog log = Read(text);
  ASSERT_EQ(log.training.size(), 1u);
  EXPECT_EQ(log.training[0].minutes, 1);
  EXPECT_EQ(log.training[0].step, 10);
  EXPECT_EQ(log.training[0].value, 4);
  ASSERT_EQ(log.validation.size(), 1u);
  EXPECT_EQ(log.validation[0].value, 3.5);
  ASSERT_EQ(log.scores.size(), 1u);
  EXPECT_EQ(log.scores[0].minutes, 1.5);
  EXPECT_EQ(log.scores[0].value, 20);
  EXPECT_EQ(Read(text, ValidationScore::kChrf).scores.at(0).value, 40);
  EXPECT_EQ(Read(text, ValidationScore::kExactMatch).scores.at(0).value, 7);
  EXPECT_TRUE(Read(text, ValidationScore::kRougeL).scores.empty()) << "an older version's";
}

TEST_F(TrainingLogTest, WhatHasNoNumberIsLeftOut) {
  const TrainingLog log = Read(
      "{\"event\": \"train\", \"step\": 10, \"skipped\": 10, \"seconds\": 1}\n"
      "{\"event\": \"valid\", \"step\": 10, \"nll\": null, \"bleu\": 0, \"seconds\": 2}\n"
      "{\"event\": \"train\", \"step\": 20, \"nl");
  EXPECT_TRUE(log.training.empty());
  EXPECT_TRUE(log.validation.empty());
  EXPECT_EQ(log.scores.size(), 1u);
}

TEST_F(TrainingLogTest, ADamagedLineIsNamed) {
  const std::string good = "{\"event\": \"train\", \"step\": 1, \"nll\": 4, \"seconds\": 1}\n";
  for (const char* bad : {"{\"event\": \"train\", \"st", "", "[]", "{\"step\": 1}", "{\"event\": 1}",
                          "{\"event\": \"train\", \"step\": 1, \"nll\": \"4\", \"seconds\": 1}",
                          "{\"event\": \"train\", \"step\": 1, \"nll\": 1e999, \"seconds\": 1}",
                          "{\"event\": \"train\", \"step\": 1, \"nll\": 4}",
                          "{\"event\": \"train\", \"step\": 1, \"nll\": 4, \"seconds\": -1}",
                          "{\"event\": \"train\", \"step\": -1, \"nll\": 4, \"seconds\": 1}", "\xFF"}) {
    EXPECT_THAT(ErrorOf(good + bad + "\n" + good),
                AllOf(HasSubstr("train.jsonl:2: "), EndsWith("remove the line, or take the log from a backup")))
        << bad;
  }
}

TEST_F(TrainingLogTest, WhatIsNoRunIsToldSo) {
  EXPECT_THAT(MessageOf<FileError>([&] { ReadTrainingLog(RealFileSystem(), directory_ / "no", {}); }),
              HasSubstr("no/train.jsonl: is not there"));
}

TEST_F(TrainingLogTest, TheScoreIsThatOfTheRunsMetric) {
  const auto score_of = [&](const std::string& toml) {
    directory_.Write("config.toml", toml);
    return ScoreOfRun(RealFileSystem(), directory_ / "");
  };
  EXPECT_EQ(ScoreOfRun(RealFileSystem(), directory_ / ""), ValidationScore::kBleu);
  EXPECT_EQ(score_of("metric = \"rougeL\"\n"), ValidationScore::kRougeL);
  EXPECT_EQ(score_of("metric = \"exact\"\n"), ValidationScore::kExactMatch);
  EXPECT_EQ(score_of("metric = \"loss\"\n"), ValidationScore::kBleu);
  EXPECT_EQ(score_of("metric = 3\n"), ValidationScore::kBleu);
  EXPECT_THAT(MessageOf<OptionError>([&] { score_of("metric = \n"); }), HasSubstr("config.toml:1"));
}

}  // namespace
}  // namespace dragoman
