// SPDX-License-Identifier: Apache-2.0
// Exit codes, help, and what wrong use is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "kernels/target.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

const Args kCommands = {"vocab",  "train",  "translate", "score",     "eval",   "attention", "average",
                        "import", "export", "quantize",  "shortlist", "encode", "decode",    "info"};

// Exit code 2 and one line on stderr that holds `part`; nothing on stdout.
void ExpectWrongUse(const Args& args, const std::string& part) {
  const Finished run = Dragoman(args);
  EXPECT_EQ(run.code, 2) << testing::PrintToString(args);
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  EXPECT_THAT(run.err, StartsWith("dragoman: "));
  EXPECT_THAT(run.err, HasSubstr(part));
}

TEST(UsageTest, VersionIsOneLine) {
  const Finished run = Dragoman({"--version"});
  EXPECT_EQ(run.code, 0);
  EXPECT_THAT(run.out, MatchesRegex("dragoman [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(UsageTest, HelpListsEveryCommandWithItsExamples) {
  for (const Args& args : {Args{"--help"}, Args{"-h"}, Args{"help"}}) {
    const Finished run = Dragoman(args);
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.err, "");
    for (const std::string& command : kCommands) EXPECT_THAT(run.out, HasSubstr("\n  " + command + " "));
  }
  for (const std::string& command : kCommands) {
    for (const Args& args : {Args{command, "--help"}, Args{"help", command}}) {
      const Finished run = Dragoman(args);
      EXPECT_EQ(run.code, 0);
      EXPECT_THAT(run.out, HasSubstr("Usage: dragoman " + command));
      EXPECT_THAT(run.out, HasSubstr("xamples:\n  dragoman " + command));
    }
  }
}

TEST(UsageTest, NoCommandIsToldWhichThereAre) {
  ExpectWrongUse(
      {},
      "no command is given, expected one of vocab, train, translate, score, eval, attention, average, import, "
      "export, quantize, shortlist, encode, decode, info");
  ExpectWrongUse({"--model", "x"}, "--model stands before any command");
}

TEST(UsageTest, UnknownNamesAreToldTheNearestKnownOnes) {
  ExpectWrongUse({"trane"}, "trane is not a command, did you mean train?");
  ExpectWrongUse({"translate", "--modle", "x"}, "unknown option --modle, did you mean --model?");
  ExpectWrongUse({"train", "--no-tensorbord"}, "unknown option --no-tensorbord, did you mean --tensorboard?");
  ExpectWrongUse({"train", "--d_model=4"}, "unknown option --d_model, did you mean --d-model?");
  ExpectWrongUse({"train", "--max-step", "5"}, "did you mean --max-steps?");
  ExpectWrongUse({"train", "--zz", "5"}, "unknown option --zz; `dragoman train --help` lists all");  // none is near
  ExpectWrongUse({"train", "--No_Tensorboard"}, "unknown option --No_Tensorboard, did you mean --no-tensorboard?");
  ExpectWrongUse({"train", "--rate", "5"}, "did you mean --learning-rate or --learning-rate-factor?");
  ExpectWrongUse({"nonsense"}, "nonsense is not a command; `dragoman --help` lists them");
  ExpectWrongUse({"translate", "--beam", "4"}, "unknown option --beam, did you mean --beam-size?");
  ExpectWrongUse({"translate", "--beam=4"}, "unknown option --beam, did you mean --beam-size?");
  ExpectWrongUse({"help", "trane"}, "trane is not a command, did you mean train?");
  ExpectWrongUse({"trane", "--help"}, "trane is not a command, did you mean train?");
  ExpectWrongUse({"vocab", "--preset", "nonsense"}, "unknown option --preset");  // another command's flag
  ExpectWrongUse({"translate", "--model", "x", "y"}, "unexpected argument \"y\"");
}

TEST(UsageTest, NamesOfOtherToolkitsAreToldOurs) {
  const auto hints = [](const std::string& command, const std::vector<std::pair<std::string, std::string>>& pairs) {
    for (const auto& [theirs, ours] : pairs) ExpectWrongUse({command, theirs, "5"}, "unknown option " + theirs + ours);
  };
  hints("train", {{"--lr", ", did you mean --learning-rate?"},
                  {"--epochs", ", did you mean --max-epochs?"},
                  {"--batch-size", ", did you mean --batch-tokens (it counts target tokens, not sentences)?"},
                  {"--per_device_train_batch_size", ", did you mean --batch-tokens"},
                  {"--layers", ", did you mean --encoder-layers and --decoder-layers?"},
                  {"--early-stopping", ", did you mean --patience "},
                  {"--beam", ", did you mean --valid-beam-size?"},
                  {"-train_steps", ", did you mean --max-steps?"},
                  {"--gpus", "; Dragoman computes on the processor's cores"}});
  hints("translate", {{"--beam", ", did you mean --beam-size?"},
                      {"-beam_size", ", did you mean --beam-size?"},
                      {"--nbest", ", did you mean --n-best?"},
                      {"--batch-size", ", did you mean --chunk-lines "}});
  hints("eval",
        {{"-tok", ", did you mean --tokenize?"}, {"--paired-bs", ", did you mean --paired (--paired bootstrap)?"}});
  hints("vocab", {{"--vocab_size", ", did you mean --size?"}});
}

TEST(UsageTest, AnOptionGivenTwiceIsRefusedWithBothValues) {
  ExpectWrongUse({"translate", "--model", "A", "--model", "B"}, "--model is given twice, as \"A\" and as \"B\"");
  ExpectWrongUse({"translate", "--model=A", "--beam-size", "2", "--model", "B"}, "as \"A\" and as \"B\"");
  ExpectWrongUse({"translate", "--model", "A", "--model", "A"}, "--model is given twice");
  ExpectWrongUse({"translate", "--model", "A", "--n-best", "3", "--n-best=4"}, "as \"3\" and as \"4\"");
  ExpectWrongUse({"translate", "--model", "A", "--sample", "--no-sample"}, "--sample and --no-sample are both given");
  ExpectWrongUse({"translate", "--model", "A", "--sample", "--sample"}, "--sample is given twice");
  ExpectWrongUse({"eval", "--width", "1", "--width", "2", "--ref", "C"}, "as \"1\" and as \"2\"");
  ExpectWrongUse({"score", "--model", "A", "--src", "B", "--src", "C", "--tgt", "D"}, "as \"B\" and as \"C\"");
  ExpectWrongUse({"vocab", "--input", "A", "--output", "B", "--output", "C"}, "as \"B\" and as \"C\"");
  ExpectWrongUse({"average", "--output", "A", "--output", "B", "C"}, "as \"A\" and as \"B\"");
  ExpectWrongUse({"attention", "--model", "A", "--layer", "1", "--layer", "2", "x"}, "as \"1\" and as \"2\"");
  ExpectWrongUse({"train", "--seed", "1", "--seed", "2"}, "--seed is given twice, as \"1\" and as \"2\"");
  const std::string twice = WriteScratch("twice.toml", "seed = 1\nseed = 2\n");
  ExpectWrongUse({"train", "--config", twice, "--dump-config"}, twice + ":2: not TOML");
  ExpectWrongUse({"train", "--config", twice, "--config", "B"}, "--config is given twice");
}

TEST(UsageTest, SeveralValuesAndAFlagOverAConfigFileAreNoRepetition) {
  const std::string config = WriteScratch("seed.toml", "seed = 1\nresume = true\n");
  const Finished dump = Dragoman({"train", "--config", config, "--seed", "2", "--no-resume", "--dump-config"});
  EXPECT_EQ(dump.code, 0) << dump.err;
  EXPECT_THAT(dump.out, testing::AllOf(HasSubstr("\nseed = 2 "), HasSubstr("\nresume = false ")));
  const std::string text = WriteScratch("several", "a b c d\n");
  const Finished eval =
      Dragoman({"eval", "--ref", text, "--ref", text, "--metric", "bleu", "--metric", "chrf", "--hyp", text});
  EXPECT_EQ(eval.code, 0) << eval.err;
  EXPECT_EQ(Lines(eval.out).size(), 2u);
}

// The launcher's rank is all that the other ranks look at: they end before they do anything.
TEST(UsageTest, OfCommandsThatDoNotShareTheirWorkRankZeroAloneRuns) {
  const std::string text = WriteScratch("ranks", "a b c d\n");
  for (const char* args : {"--help", "--version", "help eval", "train --help", "translate --help", "nonsense", "",
                           "train --preset tiny --dump-config"}) {
    const Finished other = Bash("OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1 \"$DRAGOMAN\" " + std::string(args));
    EXPECT_EQ(other.code, 0) << args;
    EXPECT_EQ(other.out + other.err, "") << args;
  }
  for (const std::string& args :
       {"eval --ref " + text + " --hyp " + text, "score --model " + TinyRun() + " --src " + text + " --tgt " + text,
        "attention --model " + TinyRun() + " a b", "average --output " + Scratch("by-rank") + " " + TinyRun(),
        "vocab --input " + Scratch("train.src") + " --type bpe --size 20 --output " + Scratch("rank.model")}) {
    const std::string command = "\"$DRAGOMAN\" " + args;
    const Finished other = Bash("OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=1 " + command);
    EXPECT_EQ(other.code, 0);
    EXPECT_EQ(other.out + other.err, "") << args;
    const Finished first = Bash("OMPI_COMM_WORLD_SIZE=2 OMPI_COMM_WORLD_RANK=0 " + command);
    EXPECT_EQ(first.code, 0);
    EXPECT_THAT(first.err, HasSubstr("runs as one process: rank 0"));
    EXPECT_EQ(first.out, Bash(command).out);
  }
}

TEST(UsageTest, MissingFlagsAndValuesAreNamed) {
  ExpectWrongUse({"translate"}, "--model is missing");
  ExpectWrongUse({"score", "--model", "x", "--src", "y"}, "--tgt is missing");
  ExpectWrongUse({"attention", "--model", "x"}, "sentence is missing");
  ExpectWrongUse({"average", "--output", "x"}, "models is missing");
  ExpectWrongUse({"translate", "--model"}, "--model");
  ExpectWrongUse({"translate", "--model", ""}, "--model: is empty, expected a directory");
  ExpectWrongUse({"translate", "--model", "x", "--sample", "false"}, "a switch takes no value");
  ExpectWrongUse({"translate", "--model", "--sample"}, "--model has no value, --sample follows");
}

TEST(UsageTest, ValuesOutOfRangeNameFlagValueAndRange) {
  ExpectWrongUse({"translate", "--model", "x", "--beam-size", "0"}, "--beam-size is 0, expected 1 to 256");
  ExpectWrongUse({"translate", "--model", "x", "--beam-size", "many"},
                 "--beam-size is \"many\", expected a whole number");
  ExpectWrongUse({"translate", "--model", "x", "--length-penalty", "-1"}, "--length-penalty is -1, expected");
  ExpectWrongUse({"translate", "--model", "x", "--stopping", "never"},
                 "--stopping is \"never\", expected beam, bound, first, full");
  ExpectWrongUse({"translate", "--model", "x", "--n-best", "0"}, "--n-best is 0, expected 1 to 256");
  ExpectWrongUse({"translate", "--model", "x", "--beam-size", "4", "--n-best", "9"},
                 "--n-best is 9, expected at most --beam-size");
  ExpectWrongUse({"translate", "--model", "x", "--format", "xml"}, "--format is \"xml\", expected text, jsonl");
  ExpectWrongUse({"translate", "--model", "x", "--threads", "-1"}, "--threads is -1, expected");
  ExpectWrongUse({"translate", "--model", "x", "--chunk-lines", "-1"}, "--chunk-lines is -1, expected");
  ExpectWrongUse({"translate", "--model", "x", "--sample=maybe"}, "--sample is \"maybe\", expected true or false");
  ExpectWrongUse({"attention", "--model", "x", "--layer", "-2", "s"}, "--layer is -2, expected");
  ExpectWrongUse({"attention", "--model", "x", "--head", "-2", "s"}, "--head is -2, expected");
}

TEST(UsageTest, RangesInMessagesAreTheRealOnes) {
  for (const char* beam : {"99999999999", "many"}) {
    const Finished run = Dragoman({"translate", "--model", "x", "--beam-size", beam});
    EXPECT_THAT(run.err, testing::AllOf(HasSubstr("whole number"), Not(HasSubstr("2147483647"))));
  }
  ExpectWrongUse({"average", "--output", "x", "--best", "-1", "y"},
                 "--best is -1, expected 1 or more checkpoints, or 0");
  const Args train = TinyTraining() + Args{"--max-steps", "1", "--output", Scratch("ranges")};
  ExpectWrongUse(train + Args{"--average-best", "-1"}, "--average-best is -1, expected 1 to --keep-best, or 0");
  ExpectWrongUse(train + Args{"--learning-rate", "-1"}, "--learning-rate is -1, expected a positive number, or 0 for");
}

TEST(UsageTest, MessagesNameWhatWasAskedForAndCountRight) {
  const Args train = TinyTraining() + Args{"--max-steps", "1", "--output", Scratch("named")};
  EXPECT_THAT(Dragoman(train).err, HasSubstr(", 1 thread\n"));
  const Args tuned = {"train",         "--train-src", Scratch("train.src"), "--train-tgt", Scratch("train.tgt"),
                      "--init-from",   "/nope",       "--max-steps",        "1",           "--output",
                      Scratch("tuned")};
  EXPECT_THAT(Dragoman(tuned).err, testing::AllOf(HasSubstr("/nope"), Not(HasSubstr("--model"))));
  ASSERT_EQ(Bash("cp -rL " + TinyRun() + "/best " + Scratch("no-vocab") + " && cd " + Scratch("no-vocab") +
                 " && rm vocab.model MANIFEST.json")
                .code,
            0);
  EXPECT_THAT(Dragoman({"translate", "--model", Scratch("no-vocab")}).err,
              HasSubstr("no-vocab/vocab.model: is not there"));
}

TEST(UsageTest, ADivergedRunStaysReadable) {
  const Finished run = Dragoman(TinyTraining() + Args{"--max-steps", "8", "--log-every", "1", "--learning-rate", "1e6",
                                                      "--warmup", "0", "--output", Scratch("diverged")});
  for (const std::string& line : Lines(run.err)) EXPECT_LT(line.size(), 250u) << line;
  EXPECT_THAT(run.err, HasSubstr("e+"));
}

TEST(UsageTest, OptionsOfSamplingWantIt) {
  for (const char* flag : {"--temperature", "--top-k", "--top-p", "--seed"}) {
    ExpectWrongUse({"translate", "--model", "x", flag, "1"}, std::string(flag) + " requires --sample");
  }
}

TEST(UsageTest, HelpOnAFullDiskIsAFailure) {
  for (const char* args : {"--help", "--version", "train --help"}) {
    const Finished run = Bash(std::string("\"$DRAGOMAN\" ") + args + " > /dev/full");
    EXPECT_EQ(run.code, 1) << args;
    EXPECT_THAT(run.err, HasSubstr("stdout: cannot be written"));
  }
}

TEST(UsageTest, AMissingFileIsAFailureNotWrongUse) {
  for (const Args& args : {Args{"translate", "--model", "/no/such/model"},
                           Args{"average", "--output", Scratch("average"), "/no/such/model"}}) {
    const Finished run = Dragoman(args);
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
    EXPECT_THAT(run.err, StartsWith("dragoman: /no/such/"));
  }
}

TEST(UsageTest, AConfigFileIsAFlagLikeOthers) {
  ExpectWrongUse({"train", "--config", "/no/such/file"}, "--config /no/such/file: cannot be read: No such file");
}

TEST(UsageTest, OptionsOfTrainingStandUnderHeadings) {
  const std::string help = Dragoman({"train", "--help"}).out;
  for (const char* heading :
       {"Data:", "Length of the run:", "Batches:", "Optimisation:", "Validation, checkpoints, logs:", "Model:"}) {
    EXPECT_THAT(help, HasSubstr(std::string("\n") + heading + "\n"));
  }
}

TEST(UsageTest, AMessageStaysOneLineWhateverANameHolds) {
  const Finished run = Dragoman({"translate", "--model", "a\nb\x1B[31m"});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.err, HasSubstr("a\\x0ab\\x1b[31m"));
  EXPECT_EQ(Lines(run.err).size(), 1u);
}

// Sets DRAGOMAN_TARGET for the programs started while it lives.
class ForcedTarget {
 public:
  explicit ForcedTarget(const char* name) { setenv("DRAGOMAN_TARGET", name, 1); }
  ~ForcedTarget() { unsetenv("DRAGOMAN_TARGET"); }
};

TEST(UsageTest, AnUnknownInstructionSetIsToldWhichThereAre) {
  const ForcedTarget target("mmx");
  ExpectWrongUse({"--version"}, "DRAGOMAN_TARGET: found \"mmx\", expected an instruction set");
  ExpectWrongUse({"--version"}, kernels::SupportedTargets().back());
}

TEST(UsageTest, TheInstructionSetOfTheEnvironmentIsUsed) {
  const ForcedTarget target(kernels::SupportedTargets().back().c_str());
  const Finished run =
      Dragoman(TinyTraining() + Args{"--max-steps", "1", "--precision", "bf16", "--output", Scratch("forced")});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("--precision bf16 needs a processor with AVX512_BF16"));
}

TEST(UsageTest, AnOldProcessorIsToldWhatItLacks) {
  const std::string warning = "no AVX2, only ";
  const std::vector<std::string> targets = kernels::SupportedTargets();
  const std::string model = TinyRun();
  {
    const ForcedTarget target(targets.back().c_str());
    if (targets.back() != "neon") {
      EXPECT_THAT(Dragoman({"translate", "--model", model}, "a b\n").err, HasSubstr(warning + targets.back()));
    }
    EXPECT_THAT(Dragoman({"--version"}).err, Not(HasSubstr(warning)));
  }
  if (std::find(targets.begin(), targets.end(), "avx2") != targets.end()) {
    const ForcedTarget target("avx2");
    EXPECT_THAT(Dragoman({"translate", "--model", model}, "a b\n").err, Not(HasSubstr(warning)));
  }
}

}  // namespace
}  // namespace dragoman
