// SPDX-License-Identifier: Apache-2.0
// `mpirun -n N dragoman translate`: the bytes of one process, whatever happens on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

#include "data/corpus_testing.h"
#include "format/model_directory.h"
#include "format/model_file.h"
#include "ranks/mpirun.h"

namespace dragoman {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class TranslateRanksTest : public MpiTest {
 protected:
  void SetUp() override {
    MpiTest::SetUp();
    if (IsSkipped()) return;
    std::string input;
    for (int i = 0; i < 4; ++i) {
      for (const std::string& sentence : TestSentences()) input += sentence + "\n";
    }
    directory_.Write("input", input + "\n\xFF\nlast without end");
    WritePoisonedModel();
  }

  // A model of a few steps, which has no finite numbers for a source with a certain word in it.
  void WritePoisonedModel() {
    const ParallelInput pairs = WriteTestPairs(directory_);
    directory_.Write("v.model", TrainTestModel(SmallVocabOptions()));
    Program train(
        {"train",    "--train-src",      pairs.source, "--train-tgt", pairs.target, "--vocab",   directory_ / "v.model",
         "--output", directory_ / "run", "--preset",   "tiny",        "--d-model",  "32",        "--heads",
         "2",        "--tying",          "decoder",    "--max-steps", "20",         "--threads", "1",
         "--quiet"},
        directory_ / "log");
    ASSERT_EQ(train.Wait().exit_code, 0) << Log();
    FileSystem& files = RealFileSystem();
    TranslationModel opened = LoadTranslationModel(files, directory_ / "run");
    const auto width = static_cast<size_t>(opened.model->config().d_model);
    const auto row = opened.model->parameters()
                         .Writable("src_embed.weight")
                         .subspan(static_cast<size_t>(opened.vocabs.src->Encode("teacher").back()) * width, width);
    std::ranges::fill(row, std::numeric_limits<float>::max());
    CreateDirectories(files, directory_ / "model");
    WriteFile(files, directory_ / "model/config.json", opened.model->config().ToJson());
    WriteFile(files, directory_ / "model/vocab.model", opened.vocabs.src->serialized());
    const auto weights = files.Create(directory_ / "model/model.safetensors");
    WriteSafetensors(ParameterViews(opened.model->parameters(), opened.model->parameters().values()), {}, *weights);
    weights->Close();
  }

  std::vector<std::string> Arguments(const std::string& more = "") const {
    std::vector<std::string> arguments = {"translate", "--model", directory_ / "model", "--threads", "1"};
    std::istringstream words(more);
    for (std::string word; words >> word;) arguments.push_back(word);
    return arguments;
  }
  std::vector<std::string> ToFile(const std::string& more = "") const {
    std::vector<std::string> arguments = Arguments("--chunk-lines 16 " + more);
    arguments.insert(arguments.end(), {"--input", directory_ / "input", "--output", directory_ / "output"});
    return arguments;
  }

  std::string Log() const { return FileBytes(directory_ / "log"); }

  // What one process prints.
  std::string Wanted(const std::string& more) {
    Program program(Arguments(more), directory_ / "log", directory_ / "input");
    EXPECT_EQ(program.Wait().exit_code, 0) << Log();
    return FileBytes(directory_ / "log.out");
  }

  // Finished chunks on the disk: their names begin with a number.
  int64_t Parts() const {
    const std::string parts = directory_ / "output.parts";
    if (!RealFileSystem().Exists(parts)) return 0;
    return std::ranges::count_if(RealFileSystem().List(parts), [](const std::string& name) { return name[0] == '0'; });
  }

  TestDirectory directory_;
};

TEST_F(TranslateRanksTest, TheBytesAreThoseOfOneProcessAndAPoisonedLineIsReported) {
  for (const std::string flags : {"", "--format jsonl", "--n-best 2 --beam-size 3", "--sample --seed 3"}) {
    const std::string want = Wanted(flags);
    EXPECT_THAT(Log(), ContainsRegex("input line [0-9]+: the model gives no finite")) << flags;
    EXPECT_THAT(Log(), ContainsRegex("[0-9]+ lines could not be translated: their output is empty"));
    for (const int ranks : {2, 4}) {
      MpiProgram to_stdout(ranks, Arguments(flags + " --chunk-lines 16"), directory_ / "log", directory_ / "input");
      EXPECT_EQ(to_stdout.Wait().exit_code, 0) << Log();
      EXPECT_TRUE(FileBytes(directory_ / "log.out") == want) << ranks << " ranks to stdout, " << flags;
      MpiProgram to_file(ranks, ToFile(flags), directory_ / "log");
      EXPECT_EQ(to_file.Wait().exit_code, 0) << Log();
      EXPECT_THAT(Log(), ContainsRegex("input line [0-9]+: the model gives no finite")) << flags;
      EXPECT_TRUE(FileBytes(directory_ / "output") == want) << ranks << " ranks to a file, " << flags;
      EXPECT_FALSE(RealFileSystem().Exists(directory_ / "output.parts")) << "they are gone in the end";
    }
  }
}

TEST_F(TranslateRanksTest, ARestartSkipsWhatIsDone) {
  const std::string want = Wanted("--beam-size 16");
  {
    MpiProgram program(2, ToFile("--beam-size 16"), directory_ / "log");
    for (int tries = 0; tries < 3000 && Parts() < 5; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    kill(program.RankPid(1), SIGKILL);
    const auto ending = program.WaitUntil(program.Seconds() + 10);
    ASSERT_TRUE(ending.has_value());
    ASSERT_NE(ending->exit_code, 0) << "it was done before the kill; the test needs more lines";
    EXPECT_THAT(Log(), HasSubstr("rank 1 "));
  }
  ASSERT_FALSE(RealFileSystem().Exists(directory_ / "output"));
  const auto run = [&](int ranks, const std::string& flags) {
    MpiProgram program(ranks, ToFile(flags), directory_ / "log");
    EXPECT_EQ(program.Wait().exit_code, 0) << Log();
  };
  // A part that a dying disk has left is not taken for a chunk's translation. (Nor is one of other flags:
  // src/cli/chunk_output_test.cc, src/cli/translate_chunk_test.cc.)
  for (const std::string& name : RealFileSystem().List(directory_ / "output.parts")) {
    if (name.rfind("00000002-", 0) == 0) directory_.Write("output.parts/" + name, "half of someth");
  }
  run(3, "--beam-size 16");
  EXPECT_THAT(Log(), ContainsRegex("[1-9][0-9]* chunks? of 51 were there from an earlier start"));
  EXPECT_TRUE(FileBytes(directory_ / "output") == want);
  run(2, "--beam-size 16");
  EXPECT_THAT(Log(), Not(HasSubstr("from an earlier start"))) << "that one had ended";
}

TEST_F(TranslateRanksTest, ARestartMayHaveAnotherNumberOfProcesses) {
  std::string input;
  for (int i = 0; i < 5; ++i) input += FileBytes(directory_ / "input") + "\n";
  directory_.Write("input", input);
  std::vector<std::string> arguments = Arguments("--beam-size 6");
  const std::string want = Wanted("--beam-size 6");
  arguments.insert(arguments.end(), {"--input", directory_ / "input", "--output", directory_ / "output"});
  {
    MpiProgram program(2, arguments, directory_ / "log");
    for (int tries = 0; tries < 20000 && Parts() < 1; ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    kill(program.RankPid(1), SIGKILL);
    ASSERT_NE(program.Wait().exit_code, 0) << "it was done before the kill; the test needs more lines";
  }
  ASSERT_FALSE(RealFileSystem().Exists(directory_ / "output"))
      << "rank 0 did the rest alone; the test needs more lines";
  Program alone(arguments, directory_ / "log");
  EXPECT_EQ(alone.Wait().exit_code, 0);
  EXPECT_THAT(Log(), ContainsRegex("[1-3] chunks? of 4 were there from an earlier start"));
  EXPECT_TRUE(FileBytes(directory_ / "output") == want);
}

// A program that sends a line and waits for its translation gets it, before there is another line.
TEST_F(TranslateRanksTest, LinesThatComeSinglyAreAnsweredSingly) {
  const std::string pipe = directory_ / "pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  MpiProgram program(2, Arguments(), directory_ / "log", pipe);
  std::ofstream lines(pipe);
  for (size_t i = 1; i <= 3; ++i) {
    lines << "hello\n" << std::flush;
    const auto answered = [&] {
      const std::string out = FileBytes(directory_ / "log.out");
      return static_cast<size_t>(std::count(out.begin(), out.end(), '\n')) == i;
    };
    for (int tries = 0; tries < 1000 && !answered(); ++tries) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ASSERT_TRUE(answered()) << "line " << i;
  }
  lines.close();
  EXPECT_EQ(program.Wait().exit_code, 0) << Log();
}

TEST_F(TranslateRanksTest, OutputIsAPlainFileOrNothing) {
  for (const std::string& path : {std::string("/dev/null"), directory_ / "model"}) {
    std::vector<std::string> arguments = Arguments();
    arguments.insert(arguments.end(), {"--output", path});
    Program program(arguments, directory_ / "log");
    EXPECT_EQ(program.Wait().exit_code, 2);
    EXPECT_THAT(Log(), HasSubstr("--output " + path + " is neither new nor a plain file"));
    EXPECT_FALSE(RealFileSystem().Exists(path + ".parts"));
  }
}

TEST_F(TranslateRanksTest, TwoRunsDoNotWriteOneFile) {
  const auto lock = [&] {
    CreateDirectories(RealFileSystem(), directory_ / "output.parts");
    return RealFileSystem().TryLock(directory_ / "output.parts/lock");
  }();
  ASSERT_NE(lock, nullptr);
  Program program(ToFile(), directory_ / "log");
  EXPECT_EQ(program.Wait().exit_code, 1);
  EXPECT_THAT(Log(), HasSubstr("another process translates into it"));
}

}  // namespace
}  // namespace dragoman
