// SPDX-License-Identifier: Apache-2.0
// Several ranks that train together, as threads of one process. With real processes: tests/ranks.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "comm/local_transport_testing.h"
#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

// A machine that has no corpus.tokens but its own copy.
class BlindFileSystem : public FaultyFileSystem {
 public:
  BlindFileSystem() : FaultyFileSystem(RealFileSystem()) {}
  std::unique_ptr<ReadableFile> Open(const std::string& path) override {
    if (IsHidden(path)) throw FileError(path, "not on this machine");
    return FaultyFileSystem::Open(path);
  }
  bool Exists(const std::string& path) override { return !IsHidden(path) && FaultyFileSystem::Exists(path); }

 private:
  static bool IsHidden(const std::string& path) { return FileName(path) == "corpus.tokens"; }
};

class TrainerRanksTest : public TrainerTest {
 protected:
  TrainerRanksTest() {
    base_.threads = 1;
    base_.log_every = 1;
    base_.learning_rate = 0.002;  // rounding grows slowly
  }

  TrainState TrainOn(int ranks, const TrainOptions& options) {
    options.Validate();
    const StopSignal nobody_stops_it;
    TrainState state;
    RunRanks(ranks, [&](Communicator& comm) {
      Trainer trainer(options, rank_files_[static_cast<size_t>(comm.rank())], comm);
      trainer.Run();
      if (comm.rank() == 0) state = trainer.state();
    });
    return state;
  }

  // By "train" or "valid" record: the losses.
  std::vector<double> Losses(const std::string& run, const std::string& event = "train") const {
    std::vector<double> losses;
    std::istringstream lines(FileBytes(directory_ / run + "/train.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json["event"] == event) losses.push_back(json["loss"].get<double>());
    }
    return losses;
  }

  void ExpectSameCurve(const std::string& run, const std::string& want, const std::string& event) {
    const std::vector<double> a = Losses(run, event), b = Losses(want, event);
    ASSERT_EQ(a.size(), b.size());
    ASSERT_GT(a.size(), 0u);
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i] / b[i], 1, 1e-5) << event << " " << i;
  }

  std::vector<FaultyFileSystem> rank_files_ = [] {
    std::vector<FaultyFileSystem> files;
    files.reserve(4);
    for (int rank = 0; rank < 4; ++rank) files.emplace_back(RealFileSystem());
    return files;
  }();
};

TEST_F(TrainerRanksTest, AgreeOnEveryScoreAndOnTheEndThatItDecides) {
  for (const StopMetric metric : {StopMetric::kBleu, StopMetric::kChrf, StopMetric::kRougeL, StopMetric::kExactMatch}) {
    const std::string name(EnumName(metric));
    TrainOptions options = Plain(name, 40);
    options.metric = metric;
    options.valid_every = 8;
    options.patience = 2;
    const StopSignal nobody_stops_it;
    std::vector<TrainState> states(3);
    RunRanks(3, [&](Communicator& comm) {
      Trainer trainer(options, rank_files_[static_cast<size_t>(comm.rank())], comm);
      trainer.Run();
      states[static_cast<size_t>(comm.rank())] = trainer.state();
    });
    double best = 0;
    std::istringstream lines(FileBytes(directory_ / name + "/train.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json["event"] == "valid") best = std::max(best, json.at(name).get<double>());
    }
    for (const TrainState& state : states) {
      EXPECT_EQ(state.best_quality, best) << name;
      EXPECT_EQ(state.step, states[0].step) << name;
      EXPECT_EQ(state.validations_since_best, states[0].validations_since_best) << name;
    }
  }
}

TEST_F(TrainerRanksTest, LearnAsOneDoesWithSoManyTimesTheAccumulation) {
  for (const int ranks : {2, 4}) {
    for (const int accumulate : {1, 2}) {
      TrainOptions together = Rich("together", 24);
      together.model.residual_dropout = 0.1f;
      together.accumulate = accumulate;
      TrainOptions alone = together;
      alone.output = directory_ / "alone";
      alone.accumulate = accumulate * ranks;
      const TrainState found = TrainOn(ranks, together), want = TrainerTest::Train(RealFileSystem(), alone);
      EXPECT_EQ(found.step, want.step);
      EXPECT_EQ(found.epoch, want.epoch);
      EXPECT_EQ(found.batch_in_epoch, want.batch_in_epoch);
      EXPECT_EQ(found.sentences, want.sentences);
      EXPECT_EQ(found.tgt_tokens, want.tgt_tokens);
      ExpectSameCurve("together", "alone", "train");
      ExpectSameCurve("together", "alone", "valid");
      RemoveAll(RealFileSystem(), together.output);
      RemoveAll(RealFileSystem(), alone.output);
    }
  }
}

TEST_F(TrainerRanksTest, GiveTheSameBitsEachTimeHoweverTheyShareTheWork) {
  TrainOptions options = Rich("first", 13);
  options.threads = 2;
  TrainOn(3, options);
  struct Variant {
    const char* run;
    bool shard, overlap;
  };
  for (const Variant v : {Variant{"again", false, true}, {"sharded", true, true}, {"in-turn", true, false}}) {
    options.output = directory_ / v.run;
    options.shard_optimizer = v.shard;
    options.overlap = v.overlap;
    TrainOn(3, options);
    ExpectSameEnd(v.run, "first");
  }
}

TEST_F(TrainerRanksTest, ResumeToTheSameBits) {
  struct Variant {
    bool shard, average;
  };
  for (const Variant v : {Variant{false, true}, {true, true}, {true, false}}) {
    TrainOptions straight = Rich("straight", 17);
    straight.shard_optimizer = v.shard;
    if (!v.average) straight.ema_decay = 0;
    TrainOn(2, straight);
    TrainOptions parts = straight;
    parts.output = directory_ / "parts";
    parts.max_steps = 6;
    TrainOn(2, parts);
    parts = Resumed(parts);
    parts.max_steps = 17;
    TrainOn(2, parts);
    ExpectSameEnd("parts", "straight");
    EXPECT_EQ(Losses("parts"), Losses("straight"));
    EXPECT_EQ(LastState("parts").ranks, 2);
    for (const char* run : {"straight", "parts"}) RemoveAll(RealFileSystem(), directory_ / run);
  }
}

TEST_F(TrainerRanksTest, ValidateBeforeTheFirstStepAndTheAverageInTheEnd) {
  for (const bool shard : {false, true}) {
    TrainOptions options = Rich("run", 8);
    options.valid_first = true;
    options.valid_every = 4;
    options.keep_best = options.average_best = 2;
    options.shard_optimizer = shard;
    TrainOn(2, options);
    const std::vector<double> losses = Losses("run", "valid"), average = Losses("run", "average");
    EXPECT_EQ(losses.size(), 3u) << "of steps 0, 4 and 8";
    ASSERT_EQ(average.size(), 1u);
    TrainOptions alone = Plain("alone", 1);  // validates the average by itself
    alone.init_from = options.output + "/averaged";
    alone.vocab = "";
    alone.valid_first = true;
    TrainerTest::Train(RealFileSystem(), alone);
    EXPECT_NEAR(Losses("alone", "valid").at(0), average[0], 1e-6);
    for (const char* run : {"run", "alone"}) RemoveAll(RealFileSystem(), directory_ / run);
  }
}

TEST_F(TrainerRanksTest, AnotherNumberOfRanksMayGoOnAndIsTold) {
  TrainOn(2, Plain("run", 4));
  testing::internal::CaptureStderr();
  const TrainState state = TrainerTest::Train(RealFileSystem(), Resumed(Plain("run", 8)));
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("1 processes train together, but in the last start 2: it will end with other weights"));
  EXPECT_EQ(state.step, 8);
}

TEST_F(TrainerRanksTest, AStopOnOneRankSavesAndEndsAll) {
  TrainOptions options = Plain("run", 0);
  options.max_epochs = 1000;
  const StopSignal stop;
  RunRanks(2, [&](Communicator& comm) {
    Trainer trainer(options, rank_files_[static_cast<size_t>(comm.rank())], comm);
    comm.Broadcast(std::string());  // both are open: whoever still is at it would be interrupted
    if (comm.rank() == 1) RequestStop();
    EXPECT_EQ(trainer.Run(), StopReason::kSignal);
  });
  EXPECT_EQ(Checkpoints("run").size(), 1u);
}

TEST_F(TrainerRanksTest, OnlyTheFirstWritesAndARankThatSeesNoFilesNeedsNone) {
  TrainOn(2, Rich("want", 13));
  TrainOptions options = Rich("run", 13);
  const StopSignal nobody_stops_it;
  const std::string elsewhere = directory_ / "elsewhere";
  BlindFileSystem blind;
  RunRanks(2, [&](Communicator& comm) {
    TrainOptions own = options;
    if (comm.rank() == 1) {  // a machine without any of the files
      own.output = elsewhere;
      own.train_src = own.train_tgt = own.valid_src = own.valid_tgt = own.vocab = elsewhere + "/none";
    }
    Trainer trainer(own, comm.rank() == 1 ? blind : rank_files_[0], comm);
    trainer.Run();
  });
  ExpectSameEnd("run", "want");
  EXPECT_FALSE(RealFileSystem().Exists(elsewhere));
}

}  // namespace
}  // namespace dragoman
