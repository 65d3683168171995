// SPDX-License-Identifier: Apache-2.0
#include "train/advisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/file_system.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Warnings : LineSink {
  void Note(const std::string& /*line*/) override {}
  void Warn(const std::string& line) override { lines.push_back(line); }
  std::vector<std::string> lines;
};

class AdvisorTest : public testing::Test {
 protected:
  AdvisorTest() {
    options_.schedule = ScheduleKind::kLinear;
    options_.learning_rate = 0.001;
    options_.warmup = 10;
    options_.decay_steps = 3000;
    options_.max_minutes = 5;
  }

  // What is advised of a run whose first minutes tell that it will end about step timed_steps.
  std::vector<std::string> AdviceOn(int64_t timed_steps) const {
    Warnings warnings;
    Reporter reporter(options_, RealFileSystem(), warnings);
    const std::vector<PairLengths> lengths(20, PairLengths{3, 3});
    const RunLength length(options_, lengths, BatchOptions{}, /*ranks=*/1, TrainState{}, [] {});
    Advisor advisor(options_, length, reporter);
    RunFacts facts;
    facts.updates = length.updates();
    facts.ends_by = length.ends_by();
    facts.warmup = options_.warmup;
    facts.decay_steps = length.ScheduleAt(0).decay_steps;
    facts.has_validation = true;
    advisor.AtStart(facts);
    advisor.AtTimedEndKnown(timed_steps);
    advisor.AtEnd(timed_steps, "`max_minutes` is reached");
    return warnings.lines;
  }

  TrainOptions options_;
};

TEST_F(AdvisorTest, ADecayThatTheClockCutsShortOrOutlastsIsToldOnceThePaceIsKnown) {
  EXPECT_THAT(AdviceOn(400),
              ElementsAre("`max_minutes` 5 ends the run after 400 updates, long before the learning rate "
                          "has come down (update 3000); give `decay_steps` 400"));
  EXPECT_THAT(AdviceOn(8000),
              ElementsAre(HasSubstr("`max_minutes` 5 makes 8000 updates, but after `decay_steps` 3000")));
  options_.decay_steps = 0;
  options_.max_steps = 10000;  // stands in for decay_steps
  EXPECT_THAT(AdviceOn(400), ElementsAre(HasSubstr("give `decay_steps` 400")));
}

TEST_F(AdvisorTest, ADecayThatFitsTheClockAboutOrIsOfNoConcernIsNot) {
  for (const int64_t about : {2000, 2800, 3000, 3250}) EXPECT_THAT(AdviceOn(about), IsEmpty()) << about;
  options_.max_steps = 2000;  // comes first
  EXPECT_THAT(AdviceOn(8000), IsEmpty());
  options_.max_steps = options_.decay_steps = 0;  // ends with the run, whenever that is
  EXPECT_THAT(AdviceOn(400), IsEmpty());
  options_.schedule = ScheduleKind::kConstant;
  options_.decay_steps = 3000;
  EXPECT_THAT(AdviceOn(400), IsEmpty());
}

TEST_F(AdvisorTest, NothingIsAdvisedTwice) {
  options_.max_steps = 8000;
  EXPECT_THAT(AdviceOn(7000), ElementsAre(HasSubstr("`max_steps` 8000 makes 8000 updates, but")));
  options_.max_steps = 0;
  options_.schedule = ScheduleKind::kPaper;
  options_.warmup = 4000;
  EXPECT_THAT(AdviceOn(100), ElementsAre(AllOf(HasSubstr("inside its warm-up"), HasSubstr("`max_minutes` 5: 100"))));
}

}  // namespace
}  // namespace dragoman
