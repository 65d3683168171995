// SPDX-License-Identifier: Apache-2.0
#include "train/run_length.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(StepsInTimeTest, IsKnownAfterATwentiethAndStaysWhileItIsRight) {
  EXPECT_EQ(StepsInTime(4, 4, 100, 0), 0);
  EXPECT_EQ(StepsInTime(10, 5, 100, 0), 200);
  EXPECT_EQ(StepsInTime(101, 50, 100, 200), 200) << "1 % more";
  EXPECT_EQ(StepsInTime(120, 50, 100, 200), 240);
  EXPECT_EQ(StepsInTime(60, 50, 100, 200), 120) << "slower by now";
  EXPECT_EQ(StepsInTime(300, 110, 100, 200), 300) << "over time";
}

class RunLengthTest : public TrainerTest {
 protected:
  TrainOptions Linear(const std::string& run, int64_t epochs) const {
    TrainOptions options = Rich(run, 0);
    options.max_epochs = epochs;
    options.schedule = ScheduleKind::kLinear;
    options.learning_rate = 0.01;
    options.quiet = false;
    return options;
  }
  std::string Said(const TrainOptions& options) {
    testing::internal::CaptureStderr();
    Train(options);
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(RunLengthTest, EpochsAreCountedExactlyAndALinearRateEndsWithThem) {
  const std::string said = Said(Linear("run", 3));
  const int64_t end = LastState("run").step;
  EXPECT_THAT(said, AllOf(HasSubstr(fmt::format(", {} in all (`max_epochs` 3)", end)),
                          HasSubstr(fmt::format("at 0 after step {}", end)), Not(HasSubstr("about"))));
}

TEST_F(RunLengthTest, ARunStoppedAtAnyStepIsAsLong) {
  Said(Linear("undisturbed", 3));
  for (const int64_t stop : {5, 13}) {
    const std::string run = "stopped-" + std::to_string(stop);
    TrainOptions options = Linear(run, 3);
    options.max_steps = stop;
    options.decay_steps = LastState("undisturbed").step;
    Said(options);
    const std::string said = Said(Resumed(Linear(run, 3)));
    EXPECT_THAT(said, HasSubstr(fmt::format("at 0 after step {}", options.decay_steps)));
    EXPECT_TRUE(Last(run, "model.safetensors") == Last("undisturbed", "model.safetensors"));
  }
}

TEST_F(RunLengthTest, ByTheClockTheRateFallsAndTheStepsArePrinted) {
  TrainOptions options = Linear("run", 0);
  options.max_minutes = 0.4 / 60;
  options.warmup = 1;
  options.log_every = 1;
  const std::string said = Said(options);
  EXPECT_THAT(said, AllOf(HasSubstr("at 0 where `max_minutes`"), HasSubstr("ends the run about step ")));
  const TrainState state = LastState("run");
  ASSERT_GT(state.timed_steps, 0);
  EXPECT_LE(state.timed_steps, state.step * 2) << "right about the end, whatever the start was like";
  options.max_minutes *= 2;
  EXPECT_THAT(Said(Resumed(options)), HasSubstr(fmt::format("at 0 after step {}", state.timed_steps)))
      << "goes on with what was derived";
}

TEST_F(RunLengthTest, ARunInsideItsWarmupWarnsOnceAndUnlessItIsQuiet) {
  TrainOptions options = Plain("run", 3);
  options.warmup = 50;
  options.quiet = false;
  const std::string said = Said(options);
  EXPECT_THAT(said, HasSubstr("warning: the run ends inside its warm-up (`max_steps` 3: 3 updates, `warmup` 50)"));
  EXPECT_EQ(said.find("inside its warm-up"), said.rfind("inside its warm-up"));
  options.output = directory_ / "patient";  // nobody knows before
  options.max_steps = 0;
  options.max_minutes = 60;
  options.patience = 1;
  options.valid_every = 1;
  options.learning_rate = 1e-30;
  EXPECT_THAT(Said(options), HasSubstr("inside its warm-up (early stopping"));
  options.output = directory_ / "quiet";
  options.quiet = true;
  EXPECT_EQ(Said(options), "");
}

TEST_F(RunLengthTest, ValidationPairsInTheTrainingDataAreCounted) {
  TrainOptions options = Plain("run", 1);
  options.quiet = false;
  EXPECT_THAT(Said(options), HasSubstr("of 15 validation pairs are in the training data"));
  options.output = directory_ / "unseen";
  options.valid_src = directory_.Write("unseen.en", "Nobody said this here before.\n");
  options.valid_tgt = directory_.Write("unseen.zh", "我\n");
  EXPECT_THAT(Said(options), Not(HasSubstr("in the training data,")));
}

TEST(CountUpdatesTest, IsWhatTheStreamMakes) {
  std::vector<PairLengths> lengths;
  for (uint16_t i = 0; i < 500; ++i)
    lengths.push_back({static_cast<uint16_t>(2 + i % 13), static_cast<uint16_t>(2 + i % 7)});
  for (const BatchOrder order : {BatchOrder::kShuffled, BatchOrder::kBucketed, BatchOrder::kFile}) {
    BatchOptions options;
    options.max_tokens = 60;
    options.order = order;
    int64_t updates = 0;
    for (int64_t epoch = 0; epoch < 5; ++epoch) {
      BatchPlan plan;
      PlanEpoch(lengths, options, epoch, &plan);
      updates += (plan.batches() + 2) / 3;
      EXPECT_EQ(CountUpdates(lengths, options, 3, {}, epoch + 1), updates);
      EXPECT_EQ(CountUpdates(lengths, options, 3, {epoch, 6}, epoch + 1), (plan.batches() + 2) / 3 - 2);
    }
    EXPECT_GT(CountUpdates(lengths, options, 3, {}, INT64_MAX / 2), 1'000'000) << "and soon";
    EXPECT_EQ(CountUpdates(lengths, options, 3, {7, 2}, 5), 0) << "it is over";
  }
}

}  // namespace
}  // namespace dragoman
