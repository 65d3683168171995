// SPDX-License-Identifier: Apache-2.0
#include "train/reporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "data/corpus_testing.h"

namespace dragoman {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kRate = 0.01;

class ReporterTest : public testing::Test {
 protected:
  ReporterTest() {
    options_.output = directory_ / "run";
    options_.log_every = 1;
    options_.tensorboard = false;
    RealFileSystem().CreateDirectory(options_.output);
  }

  // What is printed for steps 1 to `steps` of ten sentences and fifty tokens each, of which none or all are skipped.
  std::string Printed(int64_t steps, bool skipped) {
    testing::internal::CaptureStderr();
    Reporter reporter(options_, RealFileSystem(), PlainStderr());
    TrainState state;
    reporter.Open(state, /*pairs=*/100);
    for (state.step = 1; state.step <= steps; ++state.step) {
      state.sentences += 10;
      state.skipped_updates += skipped;
      const BatchSums sums{.loss = 100, .nll = 80, .src_tokens = 40, .tgt_tokens = 50, .sentences = 10};
      reporter.Step(state, skipped ? BatchSums{} : sums, kRate, skipped ? kNan : 1.5);
    }
    return testing::internal::GetCapturedStderr();
  }

  nlohmann::json Record() const { return nlohmann::json::parse(FileBytes(directory_ / "run/train.jsonl")); }

  TestDirectory directory_;
  TrainOptions options_;
};

// A program that trains in its own process has its own place for what a run says.
TEST_F(ReporterTest, LinesGoToTheSinkAndNowhereElse) {
  struct Sink : LineSink {
    void Note(const std::string& line) override { said.push_back("note " + line); }
    void Warn(const std::string& line) override { said.push_back("warning " + line); }
    void Progress(const std::string&) override { said.emplace_back("progress"); }
    std::vector<std::string> said;
  } sink;
  options_.log_every = 2;
  testing::internal::CaptureStderr();
  const auto run = [&](bool silent) {
    Reporter reporter(options_, RealFileSystem(), sink, silent);
    TrainState state;
    state.step = 1;
    reporter.Open(state, /*pairs=*/100);
    reporter.Warn("w");
    reporter.Advise("a");
    reporter.Step(state, BatchSums{.loss = 100, .tgt_tokens = 50}, kRate, 1.5);
    reporter.Note(reporter.Why(state, StopReason::kMaxSteps));
  };
  run(/*silent=*/false);
  EXPECT_THAT(sink.said, ElementsAre("warning w", "warning a", "progress", "note `max_steps` is reached"));
  sink.said.clear();
  options_.quiet = true;
  run(/*silent=*/false);
  EXPECT_THAT(sink.said, ElementsAre("warning w")) << "quiet";
  sink.said.clear();
  run(/*silent=*/true);
  EXPECT_THAT(sink.said, IsEmpty()) << "another rank";
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(ReporterTest, ARecordHoldsMeansPerToken) {
  EXPECT_THAT(Printed(1, false), ContainsRegex("step +1 .*loss 2.0000"));
  EXPECT_EQ(Record()["loss"], 2.0);
  EXPECT_EQ(Record()["nll"], 1.6);
  EXPECT_EQ(Record()["grad_norm"], 1.5);
  EXPECT_EQ(Record()["skipped"], 0);
}

TEST_F(ReporterTest, SkippedUpdatesHaveNoLossAndNoNorm) {
  options_.log_every = 3;
  EXPECT_THAT(Printed(3, true), ContainsRegex("step +3 .*no loss: skipped"));
  for (const char* key : {"loss", "nll", "ppl", "grad_norm"}) EXPECT_FALSE(Record().contains(key)) << key;
  EXPECT_EQ(Record()["skipped"], 3);
  EXPECT_EQ(Record()["lr"], kRate);
}

// The line has those of the metric's task, the record all.
TEST_F(ReporterTest, AValidationIsToldByTheScoresThatMakeSenseForTheTask) {
  const ValidationScores scores = {.loss = 2, .nll = 1, .bleu = 3, .chrf = 4, .rouge_l = 5, .exact = 6};
  const std::vector<std::pair<StopMetric, std::string>> cases = {{StopMetric::kLoss, "BLEU 3.00  chrF 4.00"},
                                                                 {StopMetric::kBleu, "BLEU 3.00  chrF 4.00"},
                                                                 {StopMetric::kChrf, "BLEU 3.00  chrF 4.00"},
                                                                 {StopMetric::kRougeL, "ROUGE-L 5.00"},
                                                                 {StopMetric::kExactMatch, "exact match 6.00"}};
  for (const auto& [metric, text] : cases) {
    RemoveAll(RealFileSystem(), directory_ / "run/train.jsonl");
    options_.metric = metric;
    testing::internal::CaptureStderr();
    Reporter reporter(options_, RealFileSystem(), PlainStderr());
    reporter.Open({}, /*pairs=*/100);
    reporter.Validation({}, scores, /*is_best=*/true, {});
    EXPECT_THAT(testing::internal::GetCapturedStderr(),
                testing::EndsWith("loss 2.0000  nll 1.0000  ppl 2.72  " + text + "  (best so far)\n"));
    EXPECT_EQ(Record()["bleu"], 3);
    EXPECT_EQ(Record()["chrf"], 4);
    EXPECT_EQ(Record()["rougeL"], 5);
    EXPECT_EQ(Record()["exact"], 6);
  }
}

TEST_F(ReporterTest, EpochsHaveAnEnd) {
  EXPECT_THAT(Printed(1, false), Not(HasSubstr("ETA")));
  RemoveAll(RealFileSystem(), directory_ / "run/train.jsonl");
  options_.max_epochs = 2;
  EXPECT_THAT(Printed(1, false), HasSubstr("ETA"));
}

TEST_F(ReporterTest, TheFirstLineComesAfterSecondsWhateverLogEvery) {
  options_.log_every = 1000;
  options_.max_steps = 50;
  const BatchSums sums{.loss = 100, .nll = 80, .src_tokens = 40, .tgt_tokens = 50, .sentences = 10};
  testing::internal::CaptureStderr();
  {
    Reporter reporter(options_, RealFileSystem(), PlainStderr());
    TrainState state;
    reporter.Open(state, 100);
    for (state.step = 1; state.step <= 4; ++state.step) {
      if (state.step == 3) std::this_thread::sleep_for(std::chrono::milliseconds(2050));
      reporter.Step(state, sums, kRate, 1.5);
    }
  }
  const std::string printed = testing::internal::GetCapturedStderr();
  EXPECT_THAT(printed, ContainsRegex("^step +3 .*loss 2.0000 .* tokens/s +ETA 0:3[0-9]\n$"));
  EXPECT_EQ(FileBytes(directory_ / "run/train.jsonl"), "") << "records keep to log_every";
}

TEST_F(ReporterTest, TheRestIsLoggedEverywhereAndOnce) {
  options_.log_every = 3;
  options_.tensorboard = true;
  testing::internal::CaptureStderr();
  const BatchSums sums{.loss = 100, .nll = 80, .src_tokens = 40, .tgt_tokens = 50, .sentences = 10};
  Reporter reporter(options_, RealFileSystem(), PlainStderr());
  TrainState state;
  reporter.Open(state, 100);
  reporter.LogRest(state);  // of no step
  state.step = 1;
  reporter.Step(state, sums, kRate, 1.5);
  reporter.LogRest(state);
  reporter.LogRest(state);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), ContainsRegex("^step +1 .*loss 2.0000[^\n]*\n$"));
  EXPECT_EQ(Record()["loss"], 2.0);
  EXPECT_EQ(Record()["partial"], true);
  EXPECT_EQ(reporter.unlogged().tgt_tokens, 50) << "a run that goes on logs these steps with the next";
  const std::string events = directory_ / "run/tensorboard/";
  EXPECT_THAT(FileBytes(events + RealFileSystem().List(events).at(0)), HasSubstr("train/loss"));
}

}  // namespace
}  // namespace dragoman
