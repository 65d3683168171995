// SPDX-License-Identifier: Apache-2.0
// `mpirun -n N dragoman train`: what it promises, with real processes, some of which die.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "data/corpus_testing.h"
#include "ranks/mpirun.h"

namespace dragoman {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

class TrainRanksTest : public MpiTest {
 protected:
  TrainRanksTest() {
    const ParallelInput pairs = WriteTestPairs(directory_);
    directory_.Write("v.model", TrainTestModel(SmallVocabOptions()));
    src_ = pairs.source;
    tgt_ = pairs.target;
  }

  std::vector<std::string> Arguments(const std::string& run, int64_t steps, const std::string& more = "") const {
    std::istringstream words(
        "train --preset tiny --encoder-layers 1 --decoder-layers 1 --d-model 16 --heads 2 --d-ff 32 --dropout 0.1 "
        "--schedule constant --learning-rate 0.002 --warmup 4 --batch-tokens 100 --ema-decay 0.9 --valid-every 50 "
        "--valid-beam-size 1 --log-every 1 --threads 1 --resume --quiet --clip-norm 1 " +
        more);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    const std::map<std::string, std::string> rest = {{"--max-steps", std::to_string(steps)},
                                                     {"--train-src", src_},
                                                     {"--train-tgt", tgt_},
                                                     {"--valid-src", src_},
                                                     {"--valid-tgt", tgt_},
                                                     {"--vocab", directory_ / "v.model"},
                                                     {"--output", directory_ / run}};
    for (const auto& [flag, value] : rest) arguments.insert(arguments.end(), {flag, value});
    return arguments;
  }

  std::string Log() const { return FileBytes(directory_ / "log"); }
  std::string Weights(const std::string& run) const {
    return FileBytes(directory_ / run + "/last/model.safetensors") +
           FileBytes(directory_ / run + "/last/train_state.safetensors");
  }

  void Train(int ranks, const std::vector<std::string>& arguments) {
    MpiProgram program(ranks, arguments, directory_ / "log");
    ASSERT_EQ(program.Wait().exit_code, 0) << Log();
  }

  std::vector<double> Losses(const std::string& run) const {
    std::vector<double> losses;
    std::istringstream lines(FileBytes(directory_ / run + "/train.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json["event"] != "end") losses.push_back(json["loss"].get<double>());
    }
    return losses;
  }

  // Until the run has logged so many records.
  void WaitForRecords(const std::string& run, size_t records) {
    for (int tries = 0; tries < 3000 && Losses(run).size() < records; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_GE(Losses(run).size(), records) << Log();
  }

  TestDirectory directory_;
  std::string src_, tgt_;
};

TEST_F(TrainRanksTest, TheCurveIsThatOfOneProcessWithSoManyTimesTheAccumulation) {
  for (const int ranks : {2, 4}) {
    const std::string together = "together-" + std::to_string(ranks), again = "again-" + std::to_string(ranks),
                      alone = "alone-" + std::to_string(ranks);
    Train(ranks, Arguments(together, 60));
    Train(ranks, Arguments(again, 60, "--shard-optimizer --no-overlap"));
    EXPECT_TRUE(Weights(together) == Weights(again)) << "other bits with " << ranks << " ranks";
    Program single(Arguments(alone, 60, "--accumulate " + std::to_string(ranks)), directory_ / "log");
    ASSERT_EQ(single.Wait().exit_code, 0) << Log();
    const std::vector<double> found = Losses(together), want = Losses(alone);
    ASSERT_EQ(found.size(), 62u);  // with two validations
    ASSERT_EQ(found.size(), want.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i] / want[i], 1, 1e-5) << "record " << i;
  }
}

// The run ends by itself within seconds, with the rank's name; the last checkpoint is good, and goes on to the bits of
// an undisturbed run.
TEST_F(TrainRanksTest, ARankThatDiesOrHangsEndsTheRunWithItsName) {
  Train(2, Arguments("straight", 2000, "--save-every 20"));
  for (const int signal : {SIGKILL, SIGSTOP}) {
    const std::string run = signal == SIGKILL ? "killed" : "hung";
    {
      MpiProgram program(2, Arguments(run, 1'000'000, "--save-every 20"), directory_ / "log");
      WaitForRecords(run, 60);
      const double then = program.Seconds();
      kill(program.RankPid(1), signal);
      const auto ending = program.WaitUntil(then + 10);
      ASSERT_TRUE(ending.has_value()) << run << " rank: the run had not ended after 10 s; " << Log();
      EXPECT_NE(ending->exit_code, 0);
      if (signal == SIGKILL) {
        EXPECT_THAT(Log(), HasSubstr("process rank 1 with PID"));
      } else {
        EXPECT_THAT(Log(), ContainsRegex("rank 1 on .*, process [0-9]+ has given no sign of life for [0-9]+ s; the run "
                                         "ends, the last checkpoint is good"));
      }
    }
    ASSERT_LT(Losses(run).size(), 2000u) << "it was too quick for this test";
    Train(2, Arguments(run, 2000, "--save-every 20"));
    EXPECT_TRUE(Weights(run) == Weights("straight")) << run;
  }
}

TEST_F(TrainRanksTest, ARankThatIsStoppedBeforeItJoinsEndsTheRun) {
  std::vector<std::string> arguments = {"--oversubscribe", "-n", "1", DRAGOMAN_PROGRAM};
  const std::vector<std::string> train = Arguments("run", 100);
  arguments.insert(arguments.end(), train.begin(), train.end());
  arguments.insert(arguments.end(),
                   {":", "-n", "1", "/bin/sh", "-c", "kill -STOP $$; exec \"$0\" \"$@\"", DRAGOMAN_PROGRAM});
  arguments.insert(arguments.end(), train.begin(), train.end());
  Program program(arguments, directory_ / "log", "/dev/null", DRAGOMAN_MPIRUN);
  const auto ending = program.WaitUntil(12);  // 10, and what mpirun itself takes to start
  ASSERT_TRUE(ending.has_value()) << "the run had not ended after 10 s; " << Log();
  EXPECT_EQ(ending->exit_code, 1);
  EXPECT_THAT(Log(), HasSubstr("dragoman: rank 0 has waited 7 s for the other processes to join, and the run ends"));
}

// However far it had come: within MPI, or out of it and only not gone yet.
TEST_F(TrainRanksTest, ARankThatIsStoppedWhileItLeavesEndsTheRun) {
  MpiProgram program(2, Arguments("run", 20), directory_ / "log");
  const pid_t second = program.RankPid(1);
  const auto ends = [&] { return FileBytes(directory_ / "run/train.jsonl").find("\"end\"") != std::string::npos; };
  for (int tries = 0; tries < 30'000 && !ends(); ++tries) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ASSERT_TRUE(ends()) << Log();
  kill(second, SIGSTOP);
  ASSERT_TRUE(program.WaitUntil(program.Seconds() + 10).has_value()) << "it had not ended after 10 s; " << Log();
}

TEST_F(TrainRanksTest, ASignalToAnyRankSavesAndEndsAll) {
  MpiProgram program(2, Arguments("run", 1'000'000, "--save-every 1000000"), directory_ / "log");
  WaitForRecords("run", 10);
  kill(program.RankPid(1), SIGTERM);
  EXPECT_EQ(program.Wait().exit_code, 128 + SIGTERM) << Log();
  EXPECT_TRUE(RealFileSystem().Exists(directory_ / "run/last/train_state.json"));
}

TEST_F(TrainRanksTest, SigUsr1ToMpirunSavesAndEndsAll) {
  MpiProgram program(2, Arguments("run", 1'000'000, "--save-every 1000000"), directory_ / "log");
  WaitForRecords("run", 10);
  program.Send(SIGUSR1);
  EXPECT_EQ(program.Wait().exit_code, 128 + SIGUSR1) << Log();
  EXPECT_TRUE(RealFileSystem().Exists(directory_ / "run/last/train_state.json"));
}

TEST_F(TrainRanksTest, RanksWithOtherOptionsAreRefused) {
  std::vector<std::string> arguments = {"--oversubscribe", "-n", "1", DRAGOMAN_PROGRAM};
  const auto add = [&](const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
  };
  add(Arguments("run", 100));
  add({":", "-n", "1", DRAGOMAN_PROGRAM});
  add(Arguments("run", 100, "--label-smoothing 0.2"));
  Program program(arguments, directory_ / "log", "/dev/null", DRAGOMAN_MPIRUN);
  EXPECT_EQ(program.Wait().exit_code, 2) << Log();
  EXPECT_THAT(Log(),
              ContainsRegex("rank 1 on .* has the option --label-smoothing 0.2, but rank 0 has --label-smoothing 0.1"));
}

TEST_F(TrainRanksTest, AnErrorOfAllRanksIsSaidOnce) {
  MpiProgram program(3, Arguments("run", -1), directory_ / "log");
  EXPECT_EQ(program.Wait().exit_code, 2);
  const std::string log = Log(), message = "--max-steps is -1";
  const size_t first = log.find(message);
  ASSERT_NE(first, std::string::npos) << log;
  EXPECT_EQ(log.find(message, first + 1), std::string::npos) << log;
}

}  // namespace
}  // namespace dragoman
