// SPDX-License-Identifier: Apache-2.0
// How runs end: by a limit, by early stopping, by a signal at any moment; and what they say of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class TrainerStopTest : public TrainerTest {
 protected:
  // The records of a run's log that are of this event.
  std::vector<nlohmann::json> Records(const std::string& run, const std::string& event) const {
    std::vector<nlohmann::json> records;
    std::istringstream lines(FileBytes(directory_ / run + "/train.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      nlohmann::json record = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
      if (record.is_object() && record.value("event", "") == event) records.push_back(std::move(record));
    }
    return records;
  }

  // Trains, and asks it to stop as soon as `step` is in the log.
  StopReason TrainUntilLogged(const TrainOptions& options, const std::string& run, int64_t step) {
    const StopSignal signal;
    Trainer trainer(options, files_);
    std::jthread stopper([&](const std::stop_token& given_up) {
      const auto reached = [&] {
        const auto records = Records(run, "train");
        return !records.empty() && records.back()["step"] >= step;
      };
      while (!reached() && !given_up.stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      RequestStop();
    });
    return trainer.Run();
  }

  // A validation that takes far longer than a step.
  TrainOptions SlowToValidate(const std::string& run, int64_t max_steps) {
    TrainOptions options = Rich(run, max_steps);
    options.log_every = 1;
    options.valid_beam_size = 4;
    std::string src, tgt;
    for (int i = 0; i < 40; ++i) {
      src += FileBytes(base_.valid_src);
      tgt += FileBytes(base_.valid_tgt);
    }
    options.valid_src = directory_.Write("many.en", src);
    options.valid_tgt = directory_.Write("many.zh", tgt);
    return options;
  }
};

// The validation is dropped: the checkpoint is without it, and the run that goes on begins with it.
TEST_F(TrainerStopTest, AStopDuringValidationDoesNotWaitForItAndTheBitsStayTheSame) {
  Train(SlowToValidate("straight", 7));
  EXPECT_EQ(TrainUntilLogged(SlowToValidate("stopped", 7), "stopped", 6), StopReason::kSignal);
  EXPECT_EQ(LastState("stopped").step, 6);
  EXPECT_EQ(LastState("stopped").validations, 0) << "it was dropped";
  EXPECT_EQ(Records("stopped", "valid").size(), 0u);
  Train(Resumed(SlowToValidate("stopped", 7)));
  ExpectSameEnd("stopped", "straight");
  EXPECT_EQ(Records("stopped", "valid").size(), 2u) << "of step 6 and at the end";
}

TEST_F(TrainerStopTest, AStopDuringTheLastValidationSavesAndTheRestFollows) {
  Train(SlowToValidate("straight", 5));
  EXPECT_EQ(TrainUntilLogged(SlowToValidate("stopped", 5), "stopped", 5), StopReason::kSignal);
  EXPECT_EQ(LastState("stopped").step, 5);
  EXPECT_FALSE(ReadManifest(files_, directory_ / "stopped/last").score.has_value());
  Train(Resumed(SlowToValidate("stopped", 5)));
  ExpectSameEnd("stopped", "straight");
}

TEST_F(TrainerStopTest, AStopWhileReadingSavesNothing) {
  const StopSignal signal;
  RequestStop();
  EXPECT_THROW(Trainer(Plain("run", 5), files_), Interrupted);
  EXPECT_FALSE(files_.Exists(directory_ / "run/last"));
  EXPECT_FALSE(files_.Exists(directory_ / "run/train.jsonl"));
}

TEST_F(TrainerStopTest, TheLogSaysWhyTheRunEnded) {
  const auto reason_of = [&](TrainOptions options) {
    options.output = directory_ / "run";
    RemoveAll(files_, options.output);
    Train(options);
    const auto ends = Records("run", "end");
    EXPECT_EQ(ends.size(), 1u);
    return ends.empty() ? "" : ends[0]["reason"].get<std::string>() + " " + ends[0]["step"].dump();
  };
  TrainOptions options = Plain("run", 3);
  EXPECT_EQ(reason_of(options), "max_steps 3");
  options = Plain("run", 0);
  options.max_epochs = 1;
  EXPECT_THAT(reason_of(options), HasSubstr("max_epochs "));
  options = Plain("run", 0);
  options.max_minutes = 1e-9;
  EXPECT_EQ(reason_of(options), "max_minutes 1");
  options = Plain("run", 100);
  options.learning_rate = 1e-30;
  options.valid_every = 2;
  options.patience = 2;
  EXPECT_EQ(reason_of(options), "patience 6");
  EXPECT_EQ(TrainUntilLogged(SlowToValidate("stopped", 1000), "stopped", 1), StopReason::kSignal);
  EXPECT_EQ(Records("stopped", "end").at(0)["reason"], "signal");
}

TEST_F(TrainerStopTest, ALineNamesReasonBestAndLast) {
  TrainOptions options = Plain("run", 100);
  options.learning_rate = 1e-30;
  options.valid_every = 2;
  options.patience = 2;
  options.quiet = false;
  testing::internal::CaptureStderr();
  Train(options);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("ended at step 6: early stopping, 2 validations without a better loss; best: "),
                    HasSubstr("/run/step-00000002 (loss "), HasSubstr("; last: " + directory_ / "run/last")));
}

TEST_F(TrainerStopTest, AnUpdateNeverReachesIntoTheNextEpoch) {
  TrainOptions options = Plain("run", 0);
  options.max_epochs = 1;
  options.accumulate = 4;
  options.valid_src = options.valid_tgt = "";  // a run validates at its end
  const TrainState state = Train(options);
  EXPECT_EQ(state.sentences, 100) << "each pair once";
  EXPECT_EQ(state.epoch, 0);

  options.output = directory_ / "two";
  options.max_epochs = 2;
  Train(options);
  options.output = directory_ / "run";
  Train(Resumed(options));
  ExpectSameEnd("run", "two");
}

TEST_F(TrainerStopTest, SecondsOfARecordAreThoseOfItsStep) {
  TrainOptions options = Plain("run", 3);
  options.log_every = 1;
  Train(options);
  const auto records = Records("run", "train");
  ASSERT_EQ(records.size(), 3u);
  EXPECT_GT(records[0]["seconds"], 0.0);
  EXPECT_GT(records[1]["seconds"], records[0]["seconds"]);
}

// A run saved without a score is validated when it goes on, even if there is nothing else left to do.
TEST_F(TrainerStopTest, AFinishedRunCanStillBeValidatedAndAveraged) {
  TrainOptions options = Plain("run", 6);
  options.valid_src = options.valid_tgt = "";
  Train(options);
  options = Resumed(Plain("run", 6));
  options.average_best = 1;
  EXPECT_EQ(Train(options).validations, 1);
  EXPECT_TRUE(files_.Exists(directory_ / "run/averaged/model.safetensors"));
}

}  // namespace
}  // namespace dragoman
