// SPDX-License-Identifier: Apache-2.0
// How the program behaves as a process: descriptors, signals, limits, terminals, --quiet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string TrainCommand(const std::string& output) {
  std::string command = "\"$DRAGOMAN\"";
  for (const std::string& arg : TinyTraining()) command += " " + arg;
  return command + " --output " + output;
}

TEST(ProcessTest, ClosedDescriptorsAreNotGivenToFiles) {
  const std::string output = Scratch("closed");
  const Finished run = Bash(TrainCommand(output) + " --max-steps 3 --log-every 1 <&- >&- 2>&-");
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(FileText(output + "/.lock"), testing::MatchesRegex("[0-9]+\n"));
  EXPECT_THAT(FileText(output + "/train.jsonl"), Not(HasSubstr("tokens/s")));
  EXPECT_EQ(Dragoman({"translate", "--model", output}, "a b\n").code, 0);
}

TEST(ProcessTest, ClosedStdinAndStdoutAreErrorsWhereTheyAreNeeded) {
  const std::string translate = "\"$DRAGOMAN\" translate --model " + TinyRun();
  EXPECT_THAT(Bash(translate + " <&-").err, HasSubstr("stdin: cannot read: Bad file descriptor"));
  const Finished no_stdout = Bash("echo a | " + translate + " >&-");
  EXPECT_EQ(no_stdout.code, 1);
  EXPECT_THAT(no_stdout.err, HasSubstr("stdout: cannot be written"));
}

TEST(ProcessTest, ALimitOnFileSizesIsAnError) {
  const std::string output = Scratch("limited");
  const Finished trained = Bash("ulimit -f 8; " + TrainCommand(output) + " --max-steps 3 --no-tensorboard");
  EXPECT_EQ(trained.code, 1);
  EXPECT_THAT(trained.err, HasSubstr("(ulimit -f)"));
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "a b c\n";
  WriteScratch("long", text);
  const std::string translate =
      "ulimit -f 4; \"$DRAGOMAN\" translate --beam-size 1 --model " + TinyRun() + " --input " + Scratch("long");
  for (const std::string& to : {" > " + Scratch("limited.out"), " --output " + Scratch("limited.out")}) {
    const Finished run = Bash(translate + to);
    EXPECT_EQ(run.code, 1) << to;
    EXPECT_THAT(run.err, HasSubstr("(ulimit -f)")) << to;
  }
}

TEST(ProcessTest, AVocabularyWithoutMemoryFailsWithOneLine) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need more address space than the limit allows";
#endif
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "some words number " + std::to_string(i * 7919) + "\n";
  const std::string vocab = " \"$DRAGOMAN\" vocab --size 300 --input " + WriteScratch("words", text) + " --output " +
                            Scratch("no-memory.model") + " --threads ";
  for (const char* limit : {"ulimit -v 80000;", "ulimit -v 150000;", "ulimit -v 200000;"}) {
    const Finished run = Bash(limit + vocab + "64");
    EXPECT_EQ(run.code, 1) << limit << run.signal;
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
    EXPECT_THAT(run.err, AllOf(HasSubstr("dragoman: the system "), HasSubstr("ulimit -v"))) << limit;
  }
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("no-memory.model")));
}

// As `nohup` and `&` in a script have it.
TEST(ProcessTest, SignalsThatAreIgnoredAtTheStartStaySo) {
  const std::string output = Scratch("ignoring");
  const Finished run = Bash("trap '' INT TERM HUP; " + TrainCommand(output) +
                            " --max-steps 40 --save-every 1 & pid=$!; until [ -e " + output +
                            "/last/MANIFEST.json ]; do sleep 0.02; done; kill -INT $pid; kill -TERM $pid; kill -HUP "
                            "$pid; wait $pid");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("ended at step 40"), Not(HasSubstr("stopping"))));
}

TEST(ProcessTest, OnATerminalTranslateSaysThatItIsReadyAndHowToEnd) {
  const Args translate = {"translate", "--model", TinyRun()};
  const Finished run = DragomanAtTerminal(translate, "a b\n\x04");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(Lines(run.out).size(), 1u);
  EXPECT_THAT(run.err, AllOf(HasSubstr("ready"), HasSubstr("Ctrl-D")));
  EXPECT_THAT(DragomanAtTerminal(translate + Args{"--quiet"}, "\x04").err, "");
  EXPECT_THAT(DragomanAtTerminal(translate + Args{"--input", Scratch("train.src")}, "").err, Not(HasSubstr("ready")));
  EXPECT_THAT(Dragoman(translate, "a b\n").err, Not(HasSubstr("ready")));
  EXPECT_THAT(DragomanAtTerminal({"eval", "--ref", WriteScratch("one", "a\n")}, "a\n\x04").err, HasSubstr("Ctrl-D"));
}

TEST(ProcessTest, QuietSilencesAllButErrorsInEveryCommand) {
  const std::string run = TinyRun(), text = WriteScratch("some", "a b\n"), two = WriteScratch("two", "a\nb\n");
  const std::string long_text = WriteScratch("long-line", std::string(100, 'a') + " \xFF\n");
  for (const Args& args :
       {Args{"vocab", "--input", Scratch("train.src"), "--size", "20", "--type", "bpe", "--output",
             Scratch("quiet.model")},
        TinyTraining() + Args{"--precision", "bf16", "--max-steps", "2", "--output", Scratch("hush")},
        Args{"translate", "--model", run, "--input", long_text, "--max-length", "500"},
        Args{"score", "--model", run, "--src", WriteScratch("long-text", std::string(100, 'a') + "\n"), "--tgt", text},
        Args{"eval", "--ref", text, "--hyp", text, "--format", "json"},
        Args{"attention", "--model", run, std::string(100, 'a')},
        Args{"average", "--output", Scratch("quiet average"), run}}) {
    const Finished quiet = Dragoman(args + Args{"--quiet"});
    EXPECT_EQ(quiet.code, 0) << args[0] << quiet.err;
    EXPECT_EQ(quiet.err, "") << args[0];
    EXPECT_THAT(Dragoman({args[0], "--help"}).out, HasSubstr("--[no-]quiet")) << args[0];
  }
  const Finished wrong = Dragoman({"score", "--quiet", "--model", run, "--src", text, "--tgt", two});
  EXPECT_EQ(wrong.code, 1);
  EXPECT_EQ(Lines(wrong.err).size(), 1u);
}

}  // namespace
}  // namespace dragoman
