// SPDX-License-Identifier: Apache-2.0
// Which models a run calls the best, by each metric and over resumes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

constexpr StopMetric kScores[] = {StopMetric::kBleu, StopMetric::kChrf, StopMetric::kRougeL, StopMetric::kExactMatch};

class TrainerBestTest : public TrainerTest {
 protected:
  // Validated six times, of which the best three are kept and averaged; a schedule, a moving average, accumulation.
  TrainOptions Averaging(const std::string& run, int64_t max_steps) const {
    TrainOptions options = Rich(run, max_steps);
    options.schedule = ScheduleKind::kCosine;
    options.decay_steps = 24;
    options.valid_every = 4;
    options.keep_best = 3;
    options.average_best = 3;
    return options;
  }

  std::string Averaged(const std::string& run) const {
    return FileBytes(directory_ / run + "/averaged/model.safetensors");
  }
};

TEST_F(TrainerBestTest, EveryScoreChoosesTheModelThatHasTheHighest) {
  for (const StopMetric metric : kScores) {
    const std::string name(EnumName(metric));
    TrainOptions options = Plain(name, 80);
    options.metric = metric;
    options.valid_every = 10;
    Train(options);
    std::istringstream lines(FileBytes(directory_ / name + "/train.jsonl"));
    nlohmann::json best;
    for (std::string line; std::getline(lines, line);) {
      nlohmann::json record = nlohmann::json::parse(line);
      if (record["event"] != "valid") continue;
      const bool is_best = best.is_null() || record[name] > best[name];
      EXPECT_EQ(record["best"], is_best) << line;
      if (is_best) best = record;
    }
    ASSERT_TRUE(best.is_object());
    const Manifest manifest = ReadManifest(files_, directory_ / name + "/best");
    EXPECT_EQ(manifest.step, best["step"]);
    EXPECT_EQ(manifest.score, best[name].get<double>());
  }
}

TEST_F(TrainerBestTest, EveryScoreStopsARunThatGetsNoBetter) {
  for (const StopMetric metric : kScores) {
    TrainOptions options = Plain(std::string(EnumName(metric)), 1000);
    options.metric = metric;
    options.learning_rate = 1e-30;
    options.valid_every = 1;
    options.patience = 3;
    StopReason reason{};
    EXPECT_EQ(Train(options, &reason).step, 4);
    EXPECT_EQ(reason, StopReason::kPatience);
    EXPECT_EQ(files_.ReadSymlink(options.output + "/best"), "step-00000001") << "of equals the first";
  }
}

// The references are Chinese.
TEST_F(TrainerBestTest, AScoreThatSeesNoWordsIsWarnedOfUnlessItDecidesNothing) {
  const auto warnings_of = [&](StopMetric metric) {
    TrainOptions options = Plain(std::string(EnumName(metric)), 1);
    options.valid_tokenize = "13a";
    options.metric = metric;
    testing::internal::CaptureStderr();
    Train(options);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(warnings_of(StopMetric::kBleu), HasSubstr("little of which model is best; give `valid_tokenize` zh"));
  EXPECT_THAT(warnings_of(StopMetric::kLoss), HasSubstr("BLEU says little; give `valid_tokenize` zh"));
  EXPECT_THAT(warnings_of(StopMetric::kRougeL),
              testing::AllOf(HasSubstr("ROUGE sees few of the words in "),
                             HasSubstr("which model is best; give `valid_tokenize` zh")));
  EXPECT_THAT(warnings_of(StopMetric::kExactMatch), testing::Not(HasSubstr("valid_tokenize")));
}

TEST_F(TrainerBestTest, TheBestAndTheirAverageAreTheSameOverAResume) {
  Train(Averaging("straight", 24));
  ASSERT_GT(Averaged("straight").size(), 1000u);
  for (const int64_t stop : {4, 12, 20}) {
    const std::string run = "stopped-" + std::to_string(stop);
    Train(Averaging(run, stop));
    Train(Resumed(Averaging(run, 24)));
    ExpectSameEnd(run, "straight");
    EXPECT_TRUE(Averaged(run) == Averaged("straight")) << stop;
    EXPECT_EQ(files_.ReadSymlink(directory_ / run + "/best"), files_.ReadSymlink(directory_ / "straight/best"));
  }
}

// Its score is that of its own translations, in the log, in its manifest and on the screen.
TEST_F(TrainerBestTest, TheAverageIsValidatedAndToldWhenItIsWorse) {
  TrainOptions options = Plain("run", 60);
  options.valid_every = 20;
  options.keep_best = options.average_best = 3;  // from far apart
  options.quiet = false;
  testing::internal::CaptureStderr();
  Train(options);
  const std::string printed = testing::internal::GetCapturedStderr();
  std::istringstream lines(FileBytes(directory_ / "run/train.jsonl"));
  nlohmann::json record;
  for (std::string line; std::getline(lines, line);) {
    if (line.find("\"average\"") != std::string::npos) record = nlohmann::json::parse(line);
  }
  ASSERT_TRUE(record.is_object());
  EXPECT_EQ(record["step"], 60);
  EXPECT_EQ(record["checkpoints"], 3);
  const Manifest manifest = ReadManifest(files_, directory_ / "run/averaged");
  EXPECT_EQ(manifest.score, -record["nll"].get<double>());
  const double best = ReadManifest(files_, directory_ / "run/best").score.value();
  EXPECT_EQ(record["worse"], manifest.score < best);
  ASSERT_LT(manifest.score, best) << "the test needs an average that is worse";
  EXPECT_THAT(printed, HasSubstr("averaged the 3 best checkpoints into "));
  EXPECT_THAT(printed,
              testing::ContainsRegex("warning: this average \\(loss [0-9.]+ without smoothing\\) is worse than "
                                     ".*/run/step-00000060, the best of them \\(loss "));

  // The same model, opened and validated by itself: what the weights in use say of it.
  TrainOptions alone = Plain("alone", 1);
  alone.init_from = directory_ / "run/averaged";
  alone.vocab = "";
  alone.learning_rate = 1e-30;
  Train(alone);
  EXPECT_NEAR(-LastState("alone").best_quality, record["nll"].get<double>(), 1e-6);
}

// The damaged one was among the best: it is trained, scored and chosen again.
TEST_F(TrainerBestTest, TheBestAreTheSameWhenTheRunGoesOnFromAnOlderCheckpoint) {
  Train(Averaging("straight", 24));
  Train(Averaging("torn", 20));
  const std::string weights = directory_ / "torn/last/model.safetensors";
  files_.Truncate(weights, files_.Open(weights)->size() / 2);
  testing::internal::CaptureStderr();
  Train(Resumed(Averaging("torn", 24)));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("damaged checkpoint"));
  ExpectSameEnd("torn", "straight");
  EXPECT_TRUE(Averaged("torn") == Averaged("straight"));
}

}  // namespace
}  // namespace dragoman
