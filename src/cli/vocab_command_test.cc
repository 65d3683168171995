// SPDX-License-Identifier: Apache-2.0
#include "cli/vocab_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <sstream>

#include "base/error.h"
#include "data/corpus_testing.h"
#include "data/vocab_files.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

class VocabCommandTest : public testing::Test {
 protected:
  // Parses and runs a command line, as main does.
  void Run(const std::string& flags) {
    CLI::App app;
    AddVocabCommand(app);
    testing::internal::CaptureStderr();
    try {
      app.parse("vocab " + flags);
    } catch (...) {
      log_ = testing::internal::GetCapturedStderr();
      throw;
    }
    log_ = testing::internal::GetCapturedStderr();
  }
  std::string Inputs() const { return "--input " + pairs_.source + " " + pairs_.target; }

  const TestDirectory directory_;
  const ParallelInput pairs_ = WriteTestPairs(directory_);
  const std::string model_ = directory_ / "V.model";
  std::string log_;
};

TEST_F(VocabCommandTest, TrainsAJointVocabularyAndSaysWhatItDid) {
  Run(Inputs() + " --size 80 --output " + model_);
  EXPECT_EQ(log_, model_ + ": 80 pieces (unigram), trained on 200 of 200 sentences in 200 lines\n");
  const Tokenizer vocabulary = Tokenizer::Load(model_);
  EXPECT_EQ(vocabulary.size(), 80);
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode("I see a cat. 我喜欢医生！")), "I see a cat. 我喜欢医生！");
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("V.model", "en", "zh"));
}

TEST_F(VocabCommandTest, EveryOptionReachesTheTrainer) {
  Run(Inputs() +
      " --size 320 --type bpe --byte-fallback --symbols <a> <b> --normalization nfkc "
      "--character-coverage 0.99 --max-sentences 150 --max-megabytes 3 --threads 2 --output " +
      model_);
  const Tokenizer vocabulary = Tokenizer::Load(model_);
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode("，")), ",");
  VocabOptions same = SmallVocabOptions(320);
  same.type = VocabType::kBpe;
  same.byte_fallback = true;
  same.symbols = {"<a>", "<b>"};
  same.normalization = Normalization::kNfkc;
  same.character_coverage = 0.99;
  same.max_sentences = 150;
  same.threads = 2;
  EXPECT_EQ(FileBytes(model_), TrainVocabulary(same, {pairs_.source, pairs_.target}, nullptr));
}

TEST_F(VocabCommandTest, AFailureLeavesTheOldFile) {
  directory_.Write("V.model", "old");
  EXPECT_THAT([&] { Run(Inputs() + " --size 9000 --output " + model_); },
              ThrowsMessage<OptionError>(AllOf(HasSubstr("`size` 9000: too large"), HasSubstr("at most"))));
  EXPECT_EQ(FileBytes(model_), "old");
  EXPECT_EQ(log_, "") << "the library's own log must stay silent";
}

TEST_F(VocabCommandTest, WrongPathsAreNamedBeforeTraining) {
  EXPECT_THAT([&] { Run(Inputs() + " --output " + (directory_ / "none/V.model")); },
              ThrowsMessage<FileError>(HasSubstr("none/V.model: its directory does not exist")));
  EXPECT_THAT([&] { Run(Inputs() + " --output " + (directory_ / "")); },
              ThrowsMessage<FileError>(HasSubstr("this is a directory")));
  EXPECT_THAT([&] { Run("--input " + (directory_ / "missing") + " --output " + model_); },
              ThrowsMessage<FileError>(HasSubstr("/missing: cannot open")));
}

TEST_F(VocabCommandTest, TheTextIsNeverReplacedByItsVocabulary) {
  const std::string text = FileBytes(pairs_.source);
  RealFileSystem().CreateSymlink("en", directory_ / "link");
  for (const std::string& output : {pairs_.source, directory_ / "link", directory_ / "./en"}) {
    EXPECT_THAT([&] { Run(Inputs() + " --size 80 --output " + output); },
                ThrowsMessage<OptionError>(HasSubstr("is also ")));
  }
  const StdinFrom redirected(pairs_.source);
  EXPECT_THAT([&] { Run("--input - --size 80 --output " + pairs_.source); },
              ThrowsMessage<OptionError>(HasSubstr("is also ")));
  EXPECT_EQ(FileBytes(pairs_.source), text);
}

TEST_F(VocabCommandTest, AnOutputThatCannotBeWrittenIsNamedBeforeTraining) {
  EXPECT_THAT([&] { Run("--input " + (directory_ / "missing") + " --output /proc/V.model"); },
              ThrowsMessage<FileError>(HasSubstr("/proc/")));
}

TEST_F(VocabCommandTest, HelpShowsExamplesAndDefaults) {
  CLI::App app;
  AddVocabCommand(app);
  EXPECT_THAT(app.get_subcommand("vocab")->help(),
              AllOf(HasSubstr("dragoman vocab --input train.en train.de --size 8000 --output V.model"),
                    HasSubstr("none, nfkc, nmt_nfkc"), HasSubstr("=8000"), HasSubstr("unigram, bpe")));
}

TEST_F(VocabCommandTest, WrongUseIsAnError) {
  EXPECT_THAT([&] { Run(Inputs() + " --type word --output " + model_); },
              ThrowsMessage<OptionError>(HasSubstr("--type is \"word\", expected unigram, bpe")));
  EXPECT_THROW(Run("--output " + model_), CLI::ParseError);
  EXPECT_THROW(Run(Inputs()), CLI::ParseError);
}

}  // namespace
}  // namespace dragoman
