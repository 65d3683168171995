// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace dragoman {
namespace {

TEST(ScheduleTest, PaperScheduleIsEquation3) {
  const ScheduleOptions options{.kind = ScheduleKind::kPaper, .factor = 2.0, .warmup_steps = 4000};
  for (const int64_t step : {1, 2, 100, 3999, 4000, 4001, 100000}) {
    const double s = static_cast<double>(step);
    const double expected = 2.0 * std::pow(512.0, -0.5) * std::min(std::pow(s, -0.5), s * std::pow(4000.0, -1.5));
    EXPECT_NEAR(LearningRate(options, 512, step), expected, 1e-12) << "step " << step;
  }
}

TEST(ScheduleTest, PeakRateIsReachedAtTheEndOfTheWarmup) {
  for (const auto kind :
       {ScheduleKind::kPaper, ScheduleKind::kLinear, ScheduleKind::kCosine, ScheduleKind::kConstant}) {
    const ScheduleOptions options{.kind = kind, .peak_rate = 0.005, .warmup_steps = 100, .decay_steps = 1000};
    EXPECT_NEAR(LearningRate(options, 64, 50), 0.0025, 1e-12);
    EXPECT_NEAR(LearningRate(options, 64, 100), 0.005, 1e-12);
  }
}

TEST(ScheduleTest, LinearAndCosineHalveInTheMiddleAndEndAtZeroAfterTheLastStep) {
  for (const auto kind : {ScheduleKind::kLinear, ScheduleKind::kCosine}) {
    const ScheduleOptions options{.kind = kind, .peak_rate = 0.01, .warmup_steps = 100, .decay_steps = 1099};
    EXPECT_NEAR(LearningRate(options, 64, 600), 0.005, 1e-12);
    EXPECT_GT(LearningRate(options, 64, 1099), 1e-8) << "no update is wasted";
    EXPECT_LT(LearningRate(options, 64, 1099), 2e-5);
    EXPECT_NEAR(LearningRate(options, 64, 1100), 0.0, 1e-12);
    EXPECT_NEAR(LearningRate(options, 64, 5000), 0.0, 1e-12);
  }
}

TEST(ScheduleTest, WithoutWarmupItStartsAtThePeak) {
  const ScheduleOptions options{.kind = ScheduleKind::kConstant, .peak_rate = 0.01, .warmup_steps = 0};
  EXPECT_NEAR(LearningRate(options, 64, 1), 0.01, 1e-12);
}

TEST(ScheduleTest, RejectsWhatMakesNoSense) {
  EXPECT_THROW(ValidateSchedule({.kind = ScheduleKind::kConstant}), OptionError);
  EXPECT_THROW(ValidateSchedule({.kind = ScheduleKind::kCosine, .peak_rate = 1, .warmup_steps = 10, .decay_steps = 10}),
               OptionError);
  EXPECT_NO_THROW(ValidateSchedule({}));
}

}  // namespace
}  // namespace dragoman
