// SPDX-License-Identifier: Apache-2.0
#include "cli/other_names.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <sstream>
#include <string>

#include "cli/commands.h"
#include "cli/config_file.h"

namespace dragoman {
namespace {

class OtherNamesTest : public testing::Test {
 protected:
  OtherNamesTest() {
    AddVocabCommand(app_);
    AddTrainCommand(app_, {});
    AddTranslateCommand(app_);
    AddScoreCommand(app_);
    AddEvalCommand(app_);
    AddAttentionCommand(app_);
    AddAverageCommand(app_);
    for (const CLI::App* command : app_.get_subcommands([](const CLI::App*) { return true; })) {
      flags_.push_back(FlagNames(*command));
    }
  }

  CLI::App app_;
  std::vector<std::vector<std::string>> flags_;  // of each command
};

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

bool HasAll(const std::vector<std::string>& flags, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& flag) {
    return flag.rfind("--", 0) == 0 && std::find(flags.begin(), flags.end(), flag.substr(2)) != flags.end();
  });
}

TEST_F(OtherNamesTest, EveryRowNamesFlagsThatOneCommandHasOrSaysWhatToDo) {
  for (const OtherName& other : OtherNames()) {
    EXPECT_EQ(CanonicalName(other.name), other.name) << "would never be found";
    const std::vector<std::string> ours = Words(other.ours);
    if (ours.empty()) {
      EXPECT_STRNE(other.note, "") << other.name;
    } else {
      EXPECT_TRUE(std::any_of(flags_.begin(), flags_.end(), [&](const auto& flags) { return HasAll(flags, ours); }))
          << other.name << " stands for " << other.ours;
    }
  }
}

TEST_F(OtherNamesTest, EveryRowCountsSomewhere) {
  for (const OtherName& other : OtherNames()) {
    const bool is_said = std::any_of(flags_.begin(), flags_.end(), [&](const auto& flags) {
      if (std::find(flags.begin(), flags.end(), other.name) != flags.end()) return false;  // our own there
      const std::string hint = HintForOtherName(other.name, flags);
      return *other.ours == '\0' ? hint.find(other.note) != hint.npos : hint.find(Words(other.ours)[0]) != hint.npos;
    });
    EXPECT_TRUE(is_said) << other.name << " for " << other.ours;
  }
}

TEST_F(OtherNamesTest, SpellingsOfOtherToolkitsAreOne) {
  EXPECT_EQ(CanonicalName("--per_device_train_batch_size"), "per-device-train-batch-size");
  EXPECT_EQ(CanonicalName("-Beam.Size"), "beam-size");
  EXPECT_EQ(CanonicalName("--"), "");
}

TEST_F(OtherNamesTest, ACommandWithoutTheFlagIsToldNothing) {
  EXPECT_EQ(HintForOtherName("--lr", {"model", "beam-size"}), "");
  EXPECT_EQ(HintForOtherName("--lr", {"learning-rate"}), ", did you mean --learning-rate?");
  EXPECT_EQ(HintForOtherName("--nonsense", {"learning-rate"}), "");
}

}  // namespace
}  // namespace dragoman
