// SPDX-License-Identifier: Apache-2.0
// dragoman train: flags, config file and dump are the same options; runs begin, stop and go on as promised.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

std::string Dump(const Args& args) {
  const Finished run = Dragoman(Args{"train", "--dump-config"} + args);
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  return run.out;
}

bool Exists(const std::string& path) { return RealFileSystem().Exists(path); }

TEST(TrainTest, ADumpFedBackDumpsByteForByte) {
  for (const Args& args :
       {Args{}, Args{"--preset", "tiny"},
        Args{"--dropout", "0.3", "--no-tensorboard", "--resume", "--norm-order", "pre"},
        Args{"--output", "quote \" backslash \\ tab \t line\nend # hash 我爱你", "--seed", "9223372036854775807"},
        Args{"--learning-rate", "0.1", "--adam-epsilon", "1e-9", "--max-minutes", "1e300", "--beta2", "0.9999999"}}) {
    const std::string dump = Dump(args);
    EXPECT_EQ(Dump({"--config", WriteScratch("dump.toml", dump)}), dump);
  }
}

TEST(TrainTest, TheDumpHoldsResolvedValues) {
  EXPECT_THAT(Dump({"--preset", "tiny"}), AllOf(HasSubstr("\nencoder-layers = 4 "), HasSubstr("\nd-model = 128 "),
                                                HasSubstr("\nheads = 4 "), HasSubstr("\nd-ff = 256 ")));
  EXPECT_THAT(Dump({"--preset", "big"}), AllOf(HasSubstr("\nencoder-layers = 6 "), HasSubstr("\nd-model = 1024 ")));
  EXPECT_THAT(Dump({"--preset=tiny", "--d-model", "64", "--dropout", "0.25", "--residual-dropout", "0.5"}),
              AllOf(HasSubstr("\nd-model = 64 "), HasSubstr("\nd-ff = 256 "), HasSubstr("\nembedding-dropout = 0.25 "),
                    HasSubstr("\nresidual-dropout = 0.5 ")));
  EXPECT_THAT(Dump({"--subword-dropout", "0.1", "--tgt-subword-dropout", "0"}),
              AllOf(HasSubstr("\nsrc-subword-dropout = 0.1 "), HasSubstr("\ntgt-subword-dropout = 0 ")));
  EXPECT_THAT(
      Dump({"--no-bias", "--tensorboard=false", "--output-bias"}),
      AllOf(HasSubstr("\nbias = false "), HasSubstr("\ntensorboard = false "), HasSubstr("\noutput-bias = true ")));
}

// Not what this machine would make of it: the dump serves others, too.
TEST(TrainTest, TheDumpHoldsWhatWasAsked) {
  const std::string dump = Dump({"--preset", "tiny", "--schedule", "linear", "--learning-rate", "0.1", "--max-steps",
                                 "9000", "--memory-mb", "1"});
  EXPECT_THAT(dump, AllOf(HasSubstr("\nthreads = 0 "), HasSubstr("\nmicro-batch-tokens = 0 "),
                          HasSubstr("\nmemory-mb = 1 "), HasSubstr("\ndecay-steps = 0 ")));
  EXPECT_THAT(dump, AllOf(HasSubstr("\n# Data\n"), HasSubstr("\n# Optimisation\n"), HasSubstr("\n# Model\n"),
                          Not(HasSubstr("\npreset = "))));
  EXPECT_THAT(Dump({"--threads", "3", "--precision", "bf16"}),
              AllOf(HasSubstr("\nthreads = 3 "), HasSubstr("\nprecision = \"bf16\" ")));
}

TEST(TrainTest, ADumpIsOfValuesThatArePossible) {
  for (const Args& args : {Args{"--max-steps", "-4"}, Args{"--valid-tokenize", "foo"}, Args{"--heads", "3"}}) {
    const Finished run = Dragoman(Args{"train", "--dump-config"} + args);
    EXPECT_EQ(run.code, 2);
    EXPECT_EQ(run.out, "");
    EXPECT_THAT(run.err, HasSubstr(args[0].substr(2) + " is "));
  }
}

TEST(TrainTest, AConfigMayComeThroughAPipe) {
  const Finished run = Bash("$DRAGOMAN train --dump-config --config <(echo 'max-steps = 77')");
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\nmax-steps = 77 "));
}

TEST(TrainTest, FlagsWinOverTheFile) {
  const std::string file =
      WriteScratch("c.toml", "max-steps = 5\npreset = \"tiny\"\ntensorboard = true\nbeta1 = 0.5\n");
  EXPECT_THAT(Dump({"--config", file, "--max-steps", "7", "--no-tensorboard"}),
              AllOf(HasSubstr("\nmax-steps = 7 "), HasSubstr("\ntensorboard = false "), HasSubstr("\nbeta1 = 0.5 "),
                    HasSubstr("\nd-model = 128 ")));
  const std::string dump = WriteScratch("dump.toml", Dump({"--preset", "tiny"}));  // names all sizes
  EXPECT_THAT(
      Dump({"--config", dump, "--preset", "base", "--dropout", "0.2"}),
      AllOf(HasSubstr("\nd-model = 512 "), HasSubstr("\nencoder-layers = 6 "), HasSubstr("\nresidual-dropout = 0.2 ")));
}

TEST(TrainTest, ConfigErrorsNameFileAndLine) {
  const auto fails = [](const std::string& toml, const std::string& message, int code) {
    const std::string file = WriteScratch("bad.toml", toml);
    const Finished run = Dragoman({"train", "--config", file});
    EXPECT_EQ(run.code, code);
    EXPECT_THAT(run.err, HasSubstr("dragoman: " + file + ":2: " + message));
    EXPECT_EQ(Lines(run.err).size(), 1u);
  };
  fails("seed = 1\nmax-step = 5\n", "unknown key \"max-step\", did you mean \"max-steps\"?", 2);
  fails("seed = 1\nwarmup = \"long\"\n", "warmup is a string, expected a whole number", 2);
  fails("seed = 1\nwarmup\n", "not TOML", 2);
}

TEST(TrainTest, MissingAndSenselessOptionsAreWrongUse) {
  const auto fails = [](const Args& args, const std::string& message) {
    const Finished run = Dragoman(args);
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  };
  fails({"train"}, "training data is given in no way");
  fails(TinyTraining() + Args{"--max-steps", "5"}, "--output is missing");
  fails({"train", "--train-tsv", "-", "--valid-src", "-", "--valid-tgt", "v", "--vocab", "v"},
        "(stdin) is given as two");
  fails(TinyTraining() + Args{"--output", Scratch("none")}, "the run has no end");
  fails(TinyTraining() + Args{"--output", Scratch("none"), "--max-steps", "5", "--label-smoothing", "1.5"},
        "--label-smoothing is 1.5");
  fails(TinyTraining() + Args{"--output", Scratch("none"), "--max-steps", "5", "--heads", "3"}, "heads is 3");
  EXPECT_FALSE(Exists(Scratch("none")));
  fails({"train", "--preset", "huge"}, "--preset huge: no such preset, expected tiny, small, base or big");
  fails({"train", "--dropout", "half"}, "--dropout is \"half\", expected a number");
}

TEST(TrainTest, ProgressGoesToStderrAndResultsToTheRun) {
  const Finished run =
      Dragoman(TinyTraining() + Args{"--output", Scratch("fresh"), "--max-steps", "4", "--log-every", "2", "--resume"});
  EXPECT_EQ(run.code, 0) << run.err;  // --resume on a fresh directory starts anew
  EXPECT_EQ(run.out, "");
  EXPECT_THAT(run.err, ContainsRegex("step +2 .*loss .*tokens/s"));
  EXPECT_TRUE(Exists(Scratch("fresh/last/model.safetensors")));

  const Finished again = Dragoman(TinyTraining() + Args{"--output", Scratch("fresh"), "--max-steps", "6"});
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr("holds a run already (step 4); give --resume"));

  const Finished resumed =
      Dragoman(TinyTraining() + Args{"--output", Scratch("fresh"), "--max-steps", "6", "--resume"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_THAT(resumed.err, HasSubstr("resumed from"));
  EXPECT_TRUE(Exists(Scratch("fresh/step-00000006")));
}

// As one that `dragoman vocab` made; whatever of it is not possible is said before the training begins.
TEST(TrainTest, OtherKindsOfVocabulariesTrainToo) {
  std::string letters = "#dragoman-words 1\n</s>\n<unk>\n<s>\n";
  for (char c = 'a'; c <= 'z'; ++c) letters += std::string{c} + "\n";
  const std::string words = WriteScratch("letters.list", letters);
  const std::string bytes = "tests/interop/recorded/byte_bpe/tokenizer.json";
  const Args splitting = {"--max-steps", "4", "--subword-dropout", "0.5", "--output"};
  const Finished of_bytes = Dragoman(TinyTraining() + splitting + Args{Scratch("of bytes"), "--vocab", bytes});
  EXPECT_EQ(of_bytes.code, 0) << of_bytes.err;
  const Finished refused = Dragoman(TinyTraining() + splitting + Args{Scratch("of words"), "--vocab", words});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--src-subword-dropout is 0.5, but no piece of " + words + " can be split"));
  const Finished of_words =
      Dragoman(TinyTraining() + Args{"--max-steps", "4", "--output", Scratch("of words"), "--vocab", words});
  EXPECT_EQ(of_words.code, 0) << of_words.err;
  EXPECT_EQ(FileText(Scratch("of bytes/last/vocab.model")), FileText(bytes));
  EXPECT_EQ(FileText(Scratch("of words/last/vocab.model")), letters);
  for (const char* run : {"of bytes", "of words"}) {
    const Finished translated = Dragoman({"translate", "--model", Scratch(run)}, "a b c\n\nb 🐉\n");
    EXPECT_EQ(translated.code, 0) << translated.err;
    EXPECT_EQ(Lines(translated.out).size(), 3u);
  }
}

// From a pipe, packed, with two vocabularies, whose embeddings cannot all be tied; resumed from text packed otherwise.
TEST(TrainTest, TrainsAndResumesFromStdin) {
  TinyTraining();  // makes the files
  const std::string tsv = "paste " + Scratch("train.src") + " " + Scratch("train.tgt") + " | gzip ";
  const std::string vocab = "$DRAGOMAN vocab --type bpe --quiet --size 19 --input " + Scratch("train.tgt") +
                            " --output " + Scratch("tgt.model");
  const std::string train = " | $DRAGOMAN train --train-tsv - --src-vocab " + Scratch("V.model") + " --tgt-vocab " +
                            Scratch("tgt.model") + " --encoder-layers 1 --decoder-layers 1 --d-model 16 --heads 2" +
                            " --d-ff 16 --threads 1 --output " + Scratch("piped");
  const Finished first = Bash(vocab + " && " + tsv + "-1" + train + " --max-steps 2");
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_THAT(FileText(Scratch("piped/last/config.json")), HasSubstr("\"tying\": \"decoder\""));
  const Finished second = Bash(tsv + "-9" + train + " --max-steps 4 --resume");
  EXPECT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("resumed from"));
  EXPECT_TRUE(Exists(Scratch("piped/step-00000004")));
}

TEST(TrainTest, TrainsFromProcessSubstitution) {
  std::string train = "$DRAGOMAN";
  for (const std::string& arg : TinyTraining()) {
    const bool is_text = arg == Scratch("train.src") || arg == Scratch("train.tgt");
    train += is_text ? " <(cat " + arg + ")" : " " + arg;
  }
  const Finished run = Bash(train + " --max-steps 1 --output " + Scratch("substitution"));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("400 sentence pairs"));
}

TEST(TrainTest, ATokenizerThatFindsNoWordsIsWarnedOfBeforeTheFirstStep) {
  const std::string source = WriteScratch("wordless.src", "a b\nc d\n");
  const std::string target = WriteScratch("wordless.tgt", "我昨天买了两本书\n他喜欢喝茶\n");
  const Args train = TinyTraining() + Args{"--max-steps",       "1",           "--log-every", "1",           "--output",
                                           Scratch("wordless"), "--valid-src", source,        "--valid-tgt", target};
  const Finished run = Dragoman(train + Args{"--metric", "bleu"});
  EXPECT_EQ(run.code, 0) << run.err;
  const size_t warning =
      run.err.find("warning: " + target + " has no blanks between words, so to --valid-tokenize 13a");
  EXPECT_LT(warning, run.err.find("step ")) << run.err;
  EXPECT_THAT(run.err, HasSubstr("give --valid-tokenize zh"));
  Bash("rm -r " + Scratch("wordless"));
  EXPECT_THAT(Dragoman(train + Args{"--valid-tokenize", "zh"}).err, Not(HasSubstr("no blanks")));
}

TEST(TrainTest, QuietSaysNothing) {
  const Finished run = Dragoman(TinyTraining() + Args{"--output", Scratch("quiet"), "--max-steps", "2", "--quiet"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(run.out + run.err, "");
}

TEST(TrainTest, EveryLimitEndsARun) {
  const Finished epochs =
      Dragoman(TinyTraining() + Args{"--output", Scratch("epochs"), "--max-epochs", "1", "--log-every", "1"});
  EXPECT_EQ(epochs.code, 0) << epochs.err;
  EXPECT_THAT(epochs.err, Not(ContainsRegex("epoch +2 ")));
  const Finished minutes = Dragoman(TinyTraining() + Args{"--output", Scratch("minutes"), "--max-minutes", "0.005"});
  EXPECT_EQ(minutes.code, 0) << minutes.err;
}

TEST(TrainTest, AStoppedRunSavesAndIsNoSuccess) {
  for (const int signal : {SIGTERM, SIGINT}) {
    const std::string output = Scratch("stopped" + std::to_string(signal));
    RunningDragoman training(TinyTraining() + Args{"--output", output, "--max-minutes", "5", "--save-every", "1"});
    for (int i = 0; i < 600 && !Exists(output + "/last/model.safetensors"); ++i) usleep(50'000);
    training.Signal(signal);
    EXPECT_EQ(training.Wait(), 128 + signal);
    EXPECT_EQ(Dragoman({"translate", "--model", output}, "a b\n").code, 0);
  }
}

// Nothing has come yet, so there is nothing to save.
// The dump of no vocabulary is a config for one or for two.
TEST(TrainTest, ADumpServesTwoVocabularies) {
  const std::string file = WriteScratch("any.toml", Dump({"--preset", "tiny"}));
  const std::string dump = Dump({"--config", file, "--src-vocab", "a", "--tgt-vocab", "b"});
  EXPECT_THAT(dump, HasSubstr("\ntying = \"decoder\""));
}

TEST(TrainTest, ASignalWhileReadingEndsAtOnce) {
  TinyTraining();  // makes the vocabulary
  const std::string output = Scratch("reading");
  RunningDragoman training({"train", "--train-tsv", "-", "--vocab", Scratch("V.model"), "--preset", "tiny", "--output",
                            output, "--max-steps", "5", "--threads", "1"});
  for (int i = 0; i < 600 && !Exists(output + "/corpus.tokens.tmp"); ++i) usleep(50'000);
  ASSERT_TRUE(Exists(output + "/corpus.tokens.tmp"));
  training.Signal(SIGTERM);
  EXPECT_EQ(training.Wait(), 128 + SIGTERM);
  EXPECT_FALSE(Exists(output + "/last"));
  EXPECT_FALSE(Exists(output + "/corpus.tokens.tmp"));
}

TEST(TrainTest, ASignalEndsTheWaitForAPipesWriter) {
  TinyTraining();  // makes the vocabulary
  const std::string pipe = Scratch("silent-pipe"), output = Scratch("waiting");
  ASSERT_EQ(Bash("mkfifo " + pipe).code, 0);
  RunningDragoman training({"train", "--train-tsv", pipe, "--vocab", Scratch("V.model"), "--preset", "tiny", "--output",
                            output, "--max-steps", "5", "--threads", "1"});
  for (int i = 0; i < 600 && !Exists(output + "/corpus.tokens.tmp"); ++i) usleep(50'000);
  training.Signal(SIGTERM);
  EXPECT_EQ(training.Wait(), 128 + SIGTERM);
}

TEST(TrainTest, ARunSaysWhyItEnded) {
  const auto ending = [](const std::string& name, const Args& args) {
    const Finished run = Dragoman(TinyTraining() + Args{"--output", Scratch(name)} + args);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.err;
  };
  EXPECT_THAT(ending("why-steps", {"--max-steps", "2"}), HasSubstr("ended at step 2: --max-steps is reached; last: "));
  EXPECT_THAT(ending("why-epochs", {"--max-epochs", "1"}), HasSubstr(": --max-epochs is reached"));
  EXPECT_THAT(ending("why-minutes", {"--max-minutes", "0.0001"}), HasSubstr(": --max-minutes is reached"));
  EXPECT_THAT(ending("why-patience",
                     {"--patience", "2", "--valid-every", "1", "--valid-src", Scratch("train.src"), "--valid-tgt",
                      Scratch("train.tgt"), "--learning-rate", "1e-30", "--valid-beam-size", "1"}),
              AllOf(HasSubstr("early stopping, 2 validations without a better loss; best: "), HasSubstr("(loss ")));
}

TEST(TrainTest, ValidationNeedsAPairWithTextAndLeavesOutThoseWithoutASource) {
  const std::string sources = WriteScratch("blank.src", "\n \n\n"), targets = WriteScratch("blank.tgt", "a\nb\nc\n");
  const auto train = [](const std::string& name, const std::string& src, const std::string& tgt) {
    return Dragoman(TinyTraining() + Args{"--output", Scratch(name), "--max-steps", "2", "--valid-every", "1",
                                          "--valid-beam-size", "1", "--valid-src", src, "--valid-tgt", tgt});
  };
  const Finished refused = train("blank", sources, targets);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.err, HasSubstr("blank.tgt: none of the 3 pairs has text on both sides"));
  EXPECT_FALSE(Exists(Scratch("blank/last")));

  const Finished some = train("some", WriteScratch("some.src", "\na b c\n"), WriteScratch("some.tgt", "a\nc b a\n"));
  EXPECT_EQ(some.code, 0) << some.err;
  EXPECT_THAT(some.err, HasSubstr("validation: 1 pair with an empty source left out, as score does, first at "));
}

TEST(TrainTest, AShortRunIsValidatedAndLoggedFromItsFirstStepToItsLast) {
  const std::string run = Scratch("short");
  const Finished ended = Dragoman(
      TinyTraining() + Args{"--output", run, "--max-steps", "3", "--valid-first", "--valid-every", "2", "--valid-src",
                            Scratch("train.src"), "--valid-tgt", Scratch("train.tgt"), "--valid-beam-size", "1",
                            "--keep-best", "2", "--average-best", "2", "--log-every", "100"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.err, ContainsRegex("step +0  validation: "));
  EXPECT_THAT(ended.err, ContainsRegex("step +3  epoch .*tokens/s"));
  EXPECT_THAT(ended.err, HasSubstr("averaged the 2 best checkpoints into "));
  EXPECT_THAT(FileText(run + "/train.jsonl"),
              AllOf(HasSubstr("{\"event\":\"valid\",\"step\":0,"), HasSubstr("{\"event\":\"train\",\"step\":3,"),
                    HasSubstr("{\"event\":\"average\",\"step\":3,")));
  EXPECT_THAT(FileText(run + "/averaged/MANIFEST.json"), HasSubstr("\"score\": "));
}

TEST(TrainTest, AFineTunedRunGoesOnWithoutTheModelItBeganWith) {
  ASSERT_EQ(Bash("cp -rL " + TinyRun() + "/last " + Scratch("origin")).code, 0);
  const Args base = {"train",           "--train-src",     Scratch("train.src"), "--train-tgt", Scratch("train.tgt"),
                     "--init-from",     Scratch("origin"), "--threads",          "1",           "--output",
                     Scratch("goes-on")};
  EXPECT_EQ(Dragoman(base + Args{"--max-steps", "2", "--save-every", "1", "--dropout", "0.2"}).code, 0);
  RemoveAll(RealFileSystem(), Scratch("origin"));
  const Finished resumed = Dragoman(base + Args{"--max-steps", "3", "--resume"});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(Bash("truncate -s 9 " + Scratch("goes-on") + "/last/config.json").code, 0);
  const Finished torn = Dragoman(base + Args{"--max-steps", "3", "--resume"});
  EXPECT_EQ(torn.code, 0) << torn.err;
  EXPECT_THAT(torn.err, HasSubstr("damaged checkpoint"));
}

TEST(TrainTest, InitFromTakesTheModelAndRefusesAnotherArchitecture) {
  const Args base = {"train",
                     "--train-src",
                     Scratch("train.src"),
                     "--train-tgt",
                     Scratch("train.tgt"),
                     "--init-from",
                     TinyRun(),
                     "--max-steps",
                     "2",
                     "--threads",
                     "1"};
  const Finished tuned = Dragoman(base + Args{"--output", Scratch("tuned"), "--d-model", "16", "--dropout", "0.2"});
  EXPECT_EQ(tuned.code, 0) << tuned.err;
  EXPECT_THAT(FileText(Scratch("tuned/last/config.json")), HasSubstr("\"d_model\": 16"));

  const auto refused = [&](const Args& args, const std::string& message) {
    const Finished run = Dragoman(base + Args{"--output", Scratch("refused")} + args);
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr(message));
    EXPECT_FALSE(Exists(Scratch("refused")));
  };
  refused({"--d-model", "32"}, "--d-model asks for d_model 32, but the model of --init-from " + TinyRun() + " has 16");
  refused({"--preset", "tiny"}, "--preset asks for d_ff 256");
  refused({"--norm-order", "pre"}, "--norm-order asks for norm_order pre");
  refused({"--no-bias"}, "--bias asks for bias false");

  const std::string dump = Dump({"--init-from", TinyRun(), "--dropout", "0.2"});
  EXPECT_THAT(dump, AllOf(HasSubstr("\nd-model = 16 "), HasSubstr("\nresidual-dropout = 0.2 ")));
  EXPECT_EQ(Dump({"--config", WriteScratch("dump.toml", dump)}), dump);
}

TEST(TrainTest, FineTuningMayChangeDropout) {
  const Finished run =
      Dragoman({"train", "--train-src", Scratch("train.src"), "--train-tgt", Scratch("train.tgt"), "--init-from",
                TinyRun(), "--max-steps", "1", "--threads", "1", "--dropout", "0.25", "--output", Scratch("dropout")});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(FileText(Scratch("dropout/last/config.json")), HasSubstr("\"residual_dropout\": 0.25"));
}

TEST(TrainTest, JsonlKeysAreThoseGiven) {
  std::string jsonl;
  for (int i = 0; i < 50; ++i) jsonl += "{\"from\": \"a b c\", \"to\": \"c b a\"}\n";
  const Finished run = Dragoman({"train",
                                 "--train-jsonl",
                                 WriteScratch("train.jsonl", jsonl),
                                 "--jsonl-src-key",
                                 "from",
                                 "--jsonl-tgt-key",
                                 "to",
                                 "--vocab",
                                 Scratch("V.model"),
                                 "--preset",
                                 "tiny",
                                 "--d-model",
                                 "16",
                                 "--heads",
                                 "2",
                                 "--d-ff",
                                 "16",
                                 "--max-steps",
                                 "1",
                                 "--threads",
                                 "1",
                                 "--output",
                                 Scratch("jsonl")});
  EXPECT_EQ(run.code, 0) << run.err;
}

TEST(TrainTest, OutputAndResumeAreEnoughToGoOn) {
  const Args options = TinyTraining() + Args{"--dropout",       "0.2",  "--norm-order", "pre", "--warmup", "3",
                                             "--learning-rate", "0.01", "--quiet"};
  const auto end = [](const std::string& run) { return FileText(Scratch(run + "/step-00000008/model.safetensors")); };
  EXPECT_EQ(Dragoman(options + Args{"--max-steps", "8", "--output", Scratch("undisturbed")}).code, 0);
  EXPECT_EQ(Dragoman(options + Args{"--max-steps", "4", "--output", Scratch("alone")}).code, 0);
  const std::string config = FileText(Scratch("alone/config.toml"));
  EXPECT_THAT(config, AllOf(HasSubstr("\nwarmup = 3 "), HasSubstr("\nnorm-order = \"pre\" "),
                            HasSubstr("\nresidual-dropout = 0.2"), HasSubstr("\nthreads = 1 ")));

  const Finished longer = Dragoman({"train", "--output", Scratch("alone"), "--resume", "--max-steps", "8"});
  EXPECT_EQ(longer.code, 0) << longer.err;
  EXPECT_THAT(longer.err, AllOf(HasSubstr("resumed from"), Not(HasSubstr("last start had"))))
      << "nothing differs, and --quiet was of the first start";
  EXPECT_TRUE(end("alone") == end("undisturbed"));
  EXPECT_THAT(FileText(Scratch("alone/config.toml")), HasSubstr("\nmax-steps = 8 "))
      << "what the next start goes on with";
  EXPECT_EQ(Dragoman({"train", "--config", Scratch("alone/config.toml"), "--output", Scratch("like-it")}).code, 0);
  EXPECT_TRUE(end("like-it") == end("undisturbed"));
}

TEST(TrainTest, FlagsWinOverTheRunsOwnConfig) {
  const std::string run = Scratch("overridden");
  EXPECT_EQ(Dragoman(TinyTraining() + Args{"--max-steps", "2", "--output", run}).code, 0);
  const auto dump = [&](const Args& args) { return Dump(Args{"--output", run, "--resume"} + args); };
  EXPECT_THAT(dump({}), AllOf(HasSubstr("\nmax-steps = 2 "), HasSubstr("\nd-model = 16 ")));
  EXPECT_THAT(dump({"--max-epochs", "3"}), AllOf(HasSubstr("\nmax-steps = 0 "), HasSubstr("\nmax-epochs = 3 ")))
      << "another way to say how long";
  EXPECT_THAT(dump({"--train-tsv", "x.tsv"}),
              AllOf(HasSubstr("\ntrain-src = \"\" "), HasSubstr("\ntrain-tgt = \"\" ")));
  EXPECT_THAT(dump({"--preset", "tiny", "--dropout", "0.5"}),
              AllOf(HasSubstr("\nd-model = 128 "), HasSubstr("\nembedding-dropout = 0.5 ")));
  const Finished other = Dragoman({"train", "--output", run, "--resume", "--d-model", "32"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("--d-model is 32, but the last start had 16"));
  EXPECT_THAT(FileText(run + "/config.toml"), HasSubstr("\nd-model = 16 ")) << "what was refused is not kept";

  WriteScratch("overridden/config.toml", FileText(run + "/config.toml") + "nonsense = 1\n");
  const Finished unknown = Dragoman({"train", "--output", run, "--resume"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_THAT(unknown.err, AllOf(HasSubstr("/config.toml:"), HasSubstr("unknown key \"nonsense\"")));
}

TEST(TrainTest, ResumeSaysWhatItLacks) {
  const Finished none = Dragoman({"train", "--output", Scratch("no-run"), "--resume"});
  EXPECT_EQ(none.code, 2);
  EXPECT_THAT(none.err, HasSubstr("no-run holds no run to resume"));
  EXPECT_FALSE(Exists(Scratch("no-run")));
  ASSERT_EQ(Bash("cp -r " + TinyRun() + " " + Scratch("old-run") + " && rm " + Scratch("old-run/config.toml")).code, 0);
  const Finished old = Dragoman({"train", "--output", Scratch("old-run"), "--resume"});
  EXPECT_EQ(old.code, 2);
  EXPECT_THAT(old.err, AllOf(HasSubstr("old-run holds no config.toml"), HasSubstr("once more")));
}

TEST(TrainTest, SomebodysOwnConfigInTheRunsDirectoryStays) {
  const std::string run = Scratch("own");
  CreateDirectories(RealFileSystem(), run);
  WriteScratch("own/config.toml", "# tuned by hand\nmax-steps = 1\n");
  const Finished refused = Dragoman(TinyTraining() + Args{"--output", run, "--config", run + "/config.toml"});
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, AllOf(HasSubstr("own/config.toml"), HasSubstr("move it")));
  EXPECT_THAT(FileText(run + "/config.toml"), HasSubstr("tuned by hand"));
}

TEST(TrainTest, AdviceRefusesToBeToldWhatItDecides) {
  const std::string folder = "examples/phrasebook/";
  const Finished run = Dragoman({"train", "--advise", "--train-src", folder + "train.en", "--train-tgt",
                                 folder + "train.zh", "--preset", "base"});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("--advise does not heed --preset; leave it out"));
  EXPECT_EQ(Dragoman({"train", "--advise"}).code, 2);
}

}  // namespace
}  // namespace dragoman
