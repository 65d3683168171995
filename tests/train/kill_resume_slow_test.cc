// SPDX-License-Identifier: Apache-2.0
// Killed at any moment and resumed, a run ends with the bits of an uninterrupted one. The moments are random:
// DRAGOMAN_KILLS says how many (50; `make torture` takes 1,000), DRAGOMAN_SEED which (printed; the machine's own
// pace has a say, too).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "base/rng.h"
#include "data/corpus_testing.h"
#include "program.h"

namespace dragoman {
namespace {

constexpr int kSteps = 72;
constexpr int kValidEvery = 24;

uint64_t NumberFrom(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

class KillResumeTest : public testing::Test {
 protected:
  KillResumeTest() {
    const ParallelInput pairs = WriteTestPairs(directory_);
    directory_.Write("v.model", TrainTestModel(SmallVocabOptions()));
    std::istringstream en(FileBytes(pairs.source)), zh(FileBytes(pairs.target));
    std::string line, src, tgt;
    for (int i = 0; i < 8 && std::getline(en, line); ++i) src += line + "\n";
    for (int i = 0; i < 8 && std::getline(zh, line); ++i) tgt += line + "\n";
    directory_.Write("valid.en", src);
    directory_.Write("valid.zh", tgt);
  }

  // Saves at every third step; dropout, accumulation, a moving average and early stopping have something to lose.
  std::vector<std::string> Arguments(const std::string& run, const std::string& quiet = "--quiet") const {
    std::istringstream words(
        "train --preset tiny --encoder-layers 1 --decoder-layers 1 --d-model 16 --heads 2 --d-ff 32 --dropout 0.1 "
        "--schedule constant --learning-rate 0.01 --warmup 4 --batch-tokens 100 --accumulate 2 --ema-decay 0.9 "
        "--save-every 3 --patience 100 --valid-beam-size 1 --log-every 1 --threads 2 --resume " +
        quiet);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    const std::map<std::string, std::string> more = {
        {"--max-steps", std::to_string(kSteps)},  {"--valid-every", std::to_string(kValidEvery)},
        {"--train-src", directory_ / "en"},       {"--train-tgt", directory_ / "zh"},
        {"--valid-src", directory_ / "valid.en"}, {"--valid-tgt", directory_ / "valid.zh"},
        {"--vocab", directory_ / "v.model"},      {"--output", directory_ / run}};
    for (const auto& [flag, value] : more) arguments.insert(arguments.end(), {flag, value});
    return arguments;
  }

  // The run without a disturbance; its seconds.
  double TrainStraight() {
    Program program(Arguments("straight"), directory_ / "straight.txt");
    const Ending ending = program.Wait();
    EXPECT_EQ(ending.exit_code, 0) << FileBytes(directory_ / "straight.txt");
    return program.Seconds();
  }

  // All that has to be the same, and the log: each step once.
  void ExpectSameAsStraight(const std::string& run) {
    for (const char* file : {"model.safetensors", "train_state.safetensors", "config.json"}) {
      const std::string want = FileBytes(directory_ / "straight/last/" + file);
      ASSERT_FALSE(want.empty());
      EXPECT_TRUE(FileBytes(directory_ / run + "/last/" + file) == want) << file << " differs";
    }
    EXPECT_EQ(Log(run), Log("straight"));
  }

  // The records of train.jsonl, without the times: "train 1", "train 2", ..., in order; but not why each start ended.
  std::vector<std::string> Log(const std::string& run) const {
    std::vector<std::string> records;
    std::istringstream lines(FileBytes(directory_ / run + "/train.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json["event"] == "end") continue;
      records.push_back(json["event"].get<std::string>() + " " + json["step"].dump() + " " + json["loss"].dump());
    }
    return records;
  }

  TestDirectory directory_;
  const uint64_t seed_ = NumberFrom("DRAGOMAN_SEED", std::random_device()());
};

TEST_F(KillResumeTest, KilledRunsEndWithTheSameBits) {
  SCOPED_TRACE("DRAGOMAN_SEED=" + std::to_string(seed_));
  const auto kills_wanted = static_cast<int>(NumberFrom("DRAGOMAN_KILLS", 50));
  const double seconds = TrainStraight();
  ASSERT_EQ(Log("straight").size(), static_cast<size_t>(kSteps + kSteps / kValidEvery));
  Rng rng(seed_);
  int kills = 0, runs = 0;
  for (; kills < kills_wanted; ++runs) {
    const std::string run = "run-" + std::to_string(runs);
    std::optional<Ending> ending;
    while (!ending) {
      Program program(Arguments(run), directory_ / "killed.txt");
      // Many kills come while it only begins, some when it is nearly done: about eight a run.
      const double u = rng.Uniform();
      ending = kills < kills_wanted ? program.WaitUntil(0.8 * seconds * u * u) : program.Wait();
      if (ending) break;
      program.Send(SIGKILL);
      const Ending killed = program.Wait();
      if (killed.signal != SIGKILL) ending = killed;  // it was done already
      kills += killed.signal == SIGKILL;
    }
    ASSERT_EQ(ending->exit_code, 0) << FileBytes(directory_ / "killed.txt");
    ExpectSameAsStraight(run);
    ASSERT_FALSE(HasFailure()) << "after " << kills << " kills, in " << run;
    RemoveAll(RealFileSystem(), directory_ / run);
  }
  std::cout << "DRAGOMAN_SEED=" << seed_ << ": " << kills << " kills in " << runs << " runs of " << seconds << " s"
            << std::endl;
}

TEST_F(KillResumeTest, TermAndInterruptSaveAndSayWhichSignal) {
  SCOPED_TRACE("DRAGOMAN_SEED=" + std::to_string(seed_));
  const double seconds = TrainStraight();
  Rng rng(seed_);
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string run = "run-" + std::to_string(signal);
    int stops = 0;
    for (bool done = false; !done;) {
      Program program(Arguments(run, "--no-quiet"), directory_ / "stopped.txt");
      // From the first record on it surely listens.
      const size_t records = Log(run).size();
      while (Log(run).size() == records && !program.WaitUntil(0))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      done = program.WaitUntil(program.Seconds() + rng.Uniform() * seconds / 4).has_value();
      if (!done) program.Send(signal);
      const Ending ending = program.Wait();
      // It may have been done all the same; or even on its way out, when it has nothing more to save.
      const bool stopped = ending.exit_code == 128 + signal;
      stops += stopped;
      EXPECT_TRUE(!stopped || FileBytes(directory_ / "stopped.txt").find(": stopping, ") != std::string::npos);
      done = !stopped || stops >= 20;
      ASSERT_TRUE(stopped || ending.exit_code == 0 || (ending.signal == signal && Log(run) == Log("straight")))
          << "exit code " << ending.exit_code << "; " << FileBytes(directory_ / "stopped.txt");
      ASSERT_TRUE(RealFileSystem().Exists(directory_ / run + "/last/train_state.json"));
    }
    Program rest(Arguments(run), directory_ / "stopped.txt");
    ASSERT_EQ(rest.Wait().exit_code, 0);
    EXPECT_GE(stops, 1);
    ExpectSameAsStraight(run);
  }
}

}  // namespace
}  // namespace dragoman
