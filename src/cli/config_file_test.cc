// SPDX-License-Identifier: Apache-2.0
#include "cli/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "base/error.h"
#include "cli/option_flags.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

using Args = std::vector<std::string>;

// A command with a flag of each type, as an option struct's fields make them.
class ConfigFileTest : public testing::Test {
 protected:
  ConfigFileTest() {
    const FlagRegistrar flag{&app_};
    flag("max_steps", steps_, "steps");
    flag("rate", rate_, "rate");
    flag("output", output_, "directory");
    flag("resume", resume_, "go on");
    flag("wide", wide_, "a size");
    flag("preset", preset_, "sizes");
    app_.add_option("--config", config_);
  }
  ~ConfigFileTest() override { unlink(path_.c_str()); }

  Args Expand(const std::string& toml, Args args = {}) {
    std::ofstream(path_, std::ios::binary) << toml;
    args.insert(args.begin(), {"--config", path_});
    args = SplitValues(app_, args);
    Args expanded = ExpandConfig(app_, args, {{"preset", {"wide"}}});
    return {expanded.begin(), expanded.end() - static_cast<std::ptrdiff_t>(args.size())};  // what the file added
  }
  void Parse(Args args) {
    args = SplitValues(app_, args);
    app_.parse(Args(args.rbegin(), args.rend()));
  }

  const std::string path_ = testing::TempDir() + "config_file_test_" + std::to_string(getpid()) + ".toml";
  CLI::App app_{"", "train"};
  int64_t steps_ = 0;
  double rate_ = 0;
  std::string output_ = "none", preset_, config_;
  bool resume_ = false;
  int wide_ = 0;
};

TEST_F(ConfigFileTest, KeysBecomeFlags) {
  EXPECT_THAT(Expand("# a comment\nmax-steps = 1_000\nrate = 0.5  # why\noutput = \"a # b\"\nresume = true\n"),
              ElementsAre("--max-steps", "1000", "--output", "a # b", "--rate", "0.5", "--resume=true"));
  EXPECT_THAT(Expand("rate = 3"), ElementsAre("--rate", "3"));
  EXPECT_THAT(Expand(""), IsEmpty());
}

TEST_F(ConfigFileTest, FlagsWin) {
  const std::string toml = "max-steps = 1\nrate = 1.0\nresume = true\noutput = \"file\"\n";
  EXPECT_THAT(Expand(toml, {"--max-steps=2", "--no-resume", "--output", "flag"}), ElementsAre("--rate", "1"));
}

TEST_F(ConfigFileTest, AFlagWinsOverTheKeysItStandsFor) {
  EXPECT_THAT(Expand("wide = 7\npreset = \"a\"", {"--preset", "b"}), IsEmpty());
  EXPECT_THAT(Expand("wide = 7\npreset = \"a\""), ElementsAre("--preset", "a", "--wide", "7"));
}

TEST_F(ConfigFileTest, AnUnknownKeyNamesFileLineAndTheNearestKey) {
  EXPECT_THAT(
      [&] { Expand("rate = 1\n\nmax-step = 5\n"); },
      ThrowsMessage<OptionError>(HasSubstr(path_ + ":3: unknown key \"max-step\", did you mean \"max-steps\"?")));
  EXPECT_THAT([&] { Expand("[model]\nwide = 5\n"); },
              ThrowsMessage<OptionError>(HasSubstr(":1: unknown key \"model\"")));
  EXPECT_THAT([&] { Expand("config = \"x\""); }, ThrowsMessage<OptionError>(HasSubstr("unknown key \"config\"")));
}

TEST_F(ConfigFileTest, AWrongTypeNamesFileLineAndBothTypes) {
  const auto fails = [&](const std::string& toml, const std::string& message) {
    EXPECT_THAT([&] { Expand("\n" + toml); }, ThrowsMessage<OptionError>(HasSubstr(path_ + ":2: " + message))) << toml;
  };
  fails("max-steps = \"1000\"", "max-steps is a string, expected a whole number");
  fails("max-steps = 1.5", "max-steps is a number with a fraction, expected a whole number");
  fails("rate = \"fast\"", "rate is a string, expected a number");
  fails("output = 5", "output is a whole number, expected a string in quotes");
  fails("resume = 1", "resume is a whole number, expected true or false");
  fails("resume = \"true\"", "resume is a string, expected true or false");
  fails("wide = [1, 2]", "wide is a list, expected a whole number");
  fails("output.deep = 1", "output is a table, expected a string in quotes");
  fails("rate = 2026-01-01", "rate is a date or time, expected a number");
}

TEST_F(ConfigFileTest, WhatIsNoTomlNamesFileAndLine) {
  for (const char* toml : {"rate = 1\nmax-steps 5\n", "rate = 1\nmax-steps = \n", "rate = 1\nrate = 2\n",
                           "rate = 1\noutput = \"a", "rate = 1\noutput = \"\xFF\"\n"}) {
    EXPECT_THAT([&] { Expand(toml); },
                ThrowsMessage<OptionError>(AllOf(HasSubstr(path_ + ":2: not TOML"), HasSubstr("--dump-config"))))
        << toml;
  }
  EXPECT_THAT(
      [&] {
        ExpandConfig(app_, {"--config", "/no/such/file"}, {});
      },
      ThrowsMessage<OptionError>(HasSubstr("--config /no/such/file: cannot be read: No such file")));
  EXPECT_THAT(
      [&] {
        ExpandConfig(app_, {"--config", testing::TempDir()}, {});
      },
      ThrowsMessage<OptionError>(HasSubstr("cannot be read: Is a directory")));
}

TEST_F(ConfigFileTest, AKeyLikeNoOtherIsToldNone) {
  EXPECT_THAT([&] { Expand("zzzzz = 1\n"); },
              ThrowsMessage<OptionError>(HasSubstr(":1: unknown key \"zzzzz\"; `dragoman train --help` lists all")));
}

TEST_F(ConfigFileTest, DumpedStringsReadBackExactly) {
  const std::string all = "quote \" backslash \\ hash # tab \t line\nend\r \x01\x7F 你好 \xF0\x9F\x98\x80 'single' ";
  EXPECT_THAT(Expand("output = " + QuoteToml(all)), ElementsAre("--output", all));
  EXPECT_THAT(Expand("output = " + QuoteToml("")), ElementsAre("--output", ""));
}

TEST_F(ConfigFileTest, AnEmptyValueIsAValue) {
  Parse({"--output=", "--max-steps=5"});
  EXPECT_EQ(output_, "");
  EXPECT_EQ(steps_, 5);
}

TEST_F(ConfigFileTest, AValueMayLookLikeAFlagOnlyAfterAnEqualsSign) {
  EXPECT_THAT(
      [&] {
        Parse({"--output", "--resume"});
      },
      ThrowsMessage<OptionError>(HasSubstr("--output has no value, --resume follows; expected TEXT")));
  Parse({"--output=--resume", "--max-steps", "-5"});
  EXPECT_EQ(output_, "--resume");
  EXPECT_EQ(steps_, -5);
  EXPECT_FALSE(resume_);
}

TEST_F(ConfigFileTest, SwitchesTakeAllTheirForms) {
  for (const char* yes : {"--resume", "--resume=true"}) {
    resume_ = false;
    Parse({yes});
    EXPECT_TRUE(resume_) << yes;
  }
  for (const char* no : {"--no-resume", "--resume=false"}) {
    resume_ = true;
    Parse({no});
    EXPECT_FALSE(resume_) << no;
  }
  Parse({"--resume", "--no-resume"});  // the last one counts
  EXPECT_FALSE(resume_);
  EXPECT_THAT([&] { Parse({"--resume=maybe"}); },
              ThrowsMessage<OptionError>(HasSubstr("--resume is \"maybe\", expected true or false")));
}

}  // namespace
}  // namespace dragoman
