// SPDX-License-Identifier: Apache-2.0
// What train.jsonl and TensorBoard are left with, however a run ends and goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TrainerLogTest : public TrainerTest {
 protected:
  // Records fall between checkpoints and validations.
  TrainOptions Logged(const std::string& run, int64_t max_steps) const {
    TrainOptions options = Rich(run, max_steps);
    options.log_every = 10;
    return options;
  }

  // The run's records of these events, without the times.
  std::vector<std::string> Records(const std::string& run, const std::string& events = "train valid") const {
    std::vector<std::string> records;
    std::istringstream lines(FileBytes(directory_ / run + "/train.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      nlohmann::json record = nlohmann::json::parse(line);
      if (events.find(record["event"]) == std::string::npos) continue;
      record.erase("seconds");
      record.erase("tokens_per_s");
      records.push_back(record.dump());
    }
    return records;
  }

  // "train 10", "valid 6", ...
  std::vector<std::string> Names(const std::string& run) const {
    std::vector<std::string> names;
    for (const std::string& text : Records(run)) {
      const auto record = nlohmann::json::parse(text);
      names.push_back(record["event"].get<std::string>() + " " + record["step"].dump() +
                      (record.contains("partial") ? " partial" : ""));
    }
    return names;
  }
};

TEST_F(TrainerLogTest, TheRestIsLoggedBeforeTheLastValidation) {
  Train(Logged("run", 13));
  EXPECT_THAT(Names("run"), ElementsAre("valid 6", "train 10", "valid 12", "train 13 partial", "valid 13"));
  Train(Logged("short", 3));
  EXPECT_THAT(Names("short"), ElementsAre("train 3 partial", "valid 3"));
  Train(Logged("even", 20));
  EXPECT_THAT(Names("even"), ElementsAre("valid 6", "train 10", "valid 12", "valid 18", "train 20", "valid 20"));
}

TEST_F(TrainerLogTest, TheRestIsLoggedWhenPatienceOrAnErrorEndsTheRun) {
  TrainOptions options = Logged("patience", 100);
  options.learning_rate = 1e-30;
  options.patience = 1;
  options.ema_decay = 0;
  Train(options);
  EXPECT_THAT(Names("patience"), ElementsAre("valid 6", "train 10", "valid 12", "train 12 partial"));
  EXPECT_EQ(FileBytes(directory_ / "patience/train.jsonl").find("\"tokens_per_s\":0.0"), std::string::npos);

  options = Logged("diverged", 100);
  options.learning_rate = 1e30;
  options.valid_src = options.valid_tgt = "";
  options.patience = 0;
  EXPECT_THAT(TrainError<NumericError>(options), HasSubstr("step 2"));
  EXPECT_THAT(Names("diverged"), ElementsAre("train 1 partial"));
}

// A partial record covers what the next whole one covers again: it goes once there are further steps.
TEST_F(TrainerLogTest, StoppedAndResumedItIsThatOfAnUndisturbedRun) {
  Train(Logged("straight", 25));
  for (const int64_t stop : {3, 10, 12, 17}) {
    const std::string run = "stopped-" + std::to_string(stop);
    TrainOptions options = Logged(run, stop);
    options.valid_src = options.valid_tgt = "";  // a run validates at its end: that would be one more
    options.patience = 0;
    Train(options);
    Train(Resumed(Logged(run, 25)));
    EXPECT_EQ(Records(run, "train"), Records("straight", "train")) << stop;
  }
}

TEST_F(TrainerLogTest, KilledAndResumedItIsThatOfAnUndisturbedRun) {
  FaultyFileSystem counting(RealFileSystem());
  Train(counting, Logged("straight", 25));
  const int64_t operations = counting.operations();
  for (int64_t at = 20; at < operations; at += 211) {
    const std::string run = "killed-" + std::to_string(at);
    FaultyFileSystem faulty(RealFileSystem());
    faulty.CrashAt(at, AfterCrash::kAllKept);
    testing::internal::CaptureStderr();
    EXPECT_THROW(Train(faulty, Logged(run, 25)), FileError);
    testing::internal::GetCapturedStderr();
    Train(Resumed(Logged(run, 25)));
    EXPECT_EQ(Records(run), Records("straight")) << at << " of " << operations;
    RemoveAll(files_, directory_ / run);
  }
}

TEST_F(TrainerLogTest, ValidFirstIsAValidationOfStepZeroAndMayStayTheBest) {
  Train(Plain("trained", 60));
  TrainOptions options = Plain("tuned", 4);
  options.init_from = directory_ / "trained";
  options.vocab = "";
  options.valid_first = true;
  options.learning_rate = 0.5;  // spoils it
  options.warmup = 0;
  options.save_every = 2;
  const TrainState state = Train(options);
  EXPECT_THAT(Names("tuned"), ElementsAre("valid 0", "train 4 partial", "valid 4"));
  EXPECT_EQ(state.validations, 2);
  EXPECT_EQ(state.validations_since_best, 1);
  EXPECT_EQ(files_.ReadSymlink(directory_ / "tuned/best"), "step-00000000");
  EXPECT_EQ(FileBytes(directory_ / "tuned/best/model.safetensors"), Last("trained", "model.safetensors"));
  EXPECT_EQ(state.best_quality, LastState("trained").best_quality);

  RemoveAll(files_, directory_ / "tuned/last");  // killed after step 0: a checkpoint like any other
  for (const std::string& name : Checkpoints("tuned")) {
    if (name != "step-00000000") RemoveAll(files_, directory_ / "tuned/" + name);
  }
  testing::internal::CaptureStderr();
  EXPECT_EQ(Train(Resumed(options)).validations, 2) << "not once more";
  testing::internal::GetCapturedStderr();
  EXPECT_THAT(Names("tuned"), ElementsAre("valid 0", "train 4 partial", "valid 4"));
}

}  // namespace
}  // namespace dragoman
