// SPDX-License-Identifier: Apache-2.0
// A run that cannot begin leaves nothing behind, and takes nothing away.
#include "train/input_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using InputFilesTest = TrainerTest;

TEST_F(InputFilesTest, AMissingFileIsNamedWithItsOptionAndNothingIsMade) {
  std::string TrainOptions::*const inputs[] = {&TrainOptions::train_src, &TrainOptions::train_tgt,
                                               &TrainOptions::valid_src, &TrainOptions::valid_tgt,
                                               &TrainOptions::vocab};
  for (const auto input : inputs) {
    TrainOptions options = Plain("run", 5);
    options.*input = directory_ / "missing";
    EXPECT_THAT(TrainError<FileError>(options),
                AllOf(HasSubstr("/missing: cannot be read: No such file"), HasSubstr("expected a file for `")));
    options.*input = directory_ / ".";
    EXPECT_THAT(TrainError<FileError>(options), HasSubstr("Is a directory"));
    EXPECT_FALSE(files_.Exists(directory_ / "run"));
  }
}

TEST_F(InputFilesTest, WhatTheRunWritesCannotBeWhatItReads) {
  files_.CreateDirectory(directory_ / "run");
  files_.CreateSymlink("run", directory_ / "alias");  // by another name, too
  const std::string pairs = "{\"source\": \"a\", \"target\": \"b\"}\n";
  for (const std::string name : {"train.jsonl", "corpus.tokens"}) {
    directory_.Write("run/" + name, pairs);
    for (const std::string directory : {"run/", "alias/"}) {
      TrainOptions options = Plain("run", 5);
      options.train_src = options.train_tgt = "";
      options.train_jsonl = directory_ / directory + name;
      EXPECT_THAT(TrainError<OptionError>(options), AllOf(HasSubstr("/" + name + " is also `train_jsonl` ")));
      EXPECT_EQ(FileBytes(directory_ / "run/" + name), pairs);
    }
  }
}

// The logs are opened when all else has gone well.
TEST_F(InputFilesTest, AStartThatFailsLeavesAnOlderLogAlone) {
  files_.CreateDirectory(directory_ / "run");
  const std::string log = "{\"event\": \"train\", \"step\": 1}\n";
  directory_.Write("run/train.jsonl", log);
  TrainOptions options = Plain("run", 5);
  options.train_tgt = directory_.Write("short", "one line\n");
  EXPECT_THAT(TrainError<FileError>(options), HasSubstr("the file ends here"));
  EXPECT_EQ(FileBytes(directory_ / "run/train.jsonl"), log);
}

}  // namespace
}  // namespace dragoman
