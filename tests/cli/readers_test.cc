// SPDX-License-Identifier: Apache-2.0
// Every command that reads text reads the same text, and turns the same away.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <functional>

#include "data/corpus_testing.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Args ShortTraining(const std::string& output) {
  return {"--vocab",          Scratch("V.model"),
          "--output",         output,
          "--max-steps",      "1",
          "--encoder-layers", "1",
          "--decoder-layers", "1",
          "--d-model",        "16",
          "--heads",          "2",
          "--d-ff",           "32",
          "--max-src-len",    "20",
          "--max-tgt-len",    "20",
          "--threads",        "1"};
}

// A way to read a file of text.
struct Reader {
  const char* what;
  std::function<Finished(const std::string& path)> read;
};

// Each reads the file `path`, and beside it, where there are two, `other` of the same lines.
std::vector<Reader> Readers(const std::string& other) {
  const auto fresh = [] {
    static int number = 0;
    return Scratch("readers-run" + std::to_string(++number));
  };
  const auto train = [=](const Args& data) { return Dragoman(Args{"train"} + data + ShortTraining(fresh())); };
  const Args model = {"--model", TinyRun(), "--threads", "1"};
  return {
      {"train --train-src",
       [=](auto& path) {
         return train({"--train-src", path, "--train-tgt", other});
       }},
      {"train --train-tgt",
       [=](auto& path) {
         return train({"--train-src", other, "--train-tgt", path});
       }},
      {"train --valid-src",
       [=](auto& path) {
         return train({"--train-src", other, "--train-tgt", other, "--valid-src", path, "--valid-tgt", other});
       }},
      {"vocab",
       [=](auto& path) {
         return Dragoman({"vocab", "--input", path, "--size", "13", "--type", "bpe", "--output", Scratch("new.model")});
       }},
      {"translate --input",
       [=](auto& path) {
         return Dragoman(Args{"translate", "--input", path} + model);
       }},
      {"translate", [=](auto& path) { return Dragoman(Args{"translate"} + model, FileText(path)); }},
      {"score --src",
       [=](auto& path) {
         return Dragoman(Args{"score", "--src", path, "--tgt", other} + model);
       }},
      {"score --tgt",
       [=](auto& path) {
         return Dragoman(Args{"score", "--src", other, "--tgt", path} + model);
       }},
      {"eval --hyp",
       [=](auto& path) {
         return Dragoman({"eval", "--ref", other, "--hyp", path});
       }},
      {"eval --ref",
       [=](auto& path) {
         return Dragoman({"eval", "--hyp", other, "--ref", path});
       }},
  };
}

// A file is read ahead of what is translated: whatever was read comes out before the fault is said.
TEST(ReadersTest, WhatStandsBeforeAFaultIsTranslated) {
  const std::string text = "a b c\nd e f g\nh a\nb\nc d\n", packed = Gzip(text);
  const std::string torn = WriteScratch("torn", packed.substr(0, packed.size() - 4));
  const Finished whole = Dragoman({"translate", "--model", TinyRun()}, text);
  for (const std::string lines : {"1", "2", "3", "100"}) {
    const Finished run = Dragoman({"translate", "--model", TinyRun(), "--input", torn, "--chunk-lines", lines});
    EXPECT_EQ(run.code, 1) << lines;
    EXPECT_THAT(run.err, HasSubstr(torn));
    EXPECT_EQ(run.out, whole.out) << lines;
  }
}

TEST(ReadersTest, GzipAndAByteOrderMarkGiveTheSameEverywhere) {
  const std::string text = "a b c\nd e f g\nh a\n";
  const std::string plain = WriteScratch("plain", text), gzip = WriteScratch("gzip", Gzip(text)),
                    marked = WriteScratch("marked",
                                          "\xEF\xBB\xBF"
                                          "a b c\r\nd e f g\r\nh a\r\n");
  for (const Reader& reader : Readers(plain)) {
    const Finished expected = reader.read(plain);
    EXPECT_EQ(expected.code, 0) << reader.what << ": " << expected.err;
    for (const std::string& path : {gzip, marked}) {
      const Finished found = reader.read(path);
      EXPECT_EQ(found.code, 0) << reader.what << ": " << found.err;
      EXPECT_EQ(found.out, expected.out) << reader.what;
    }
  }
  for (const char* format : {"tsv", "jsonl"}) {
    const std::string pairs = format == std::string("tsv") ? "a b\tb a\n"
                                                           : R"({"source": "a b", "target": "b a"})"
                                                             "\n";
    const Args data = {std::string("--train-") + format, WriteScratch("pairs", Gzip(pairs))};
    EXPECT_EQ(Dragoman(Args{"train"} + data + ShortTraining(Scratch(format))).code, 0);
  }
}

TEST(ReadersTest, WhatIsNoTextIsRefusedEverywhereWithItsRemedy) {
  const std::string plain = WriteScratch("plain", "a b c\nd e f g\nh a\n");
  const std::pair<std::string, const char*> foreign[] = {
      {std::string("\xFD\x37zXZ\0...", 9), "unpack it: xz -dc < old > new"},
      {std::string("\xFF\xFE"
                   "a\0\n\0",
                   6),
       "convert it: iconv -f UTF-16 -t UTF-8 < old > new"},
      {std::string("a\0b\0\n\0", 6), "convert it: iconv -f UTF-16LE -t UTF-8 < old > new"},
      {"a b c\rd e f g\rh a\n", "convert them: tr '\\r' '\\n' < old > new"},
  };
  for (const Reader& reader : Readers(plain)) {
    for (const auto& [bytes, remedy] : foreign) {
      const Finished found = reader.read(WriteScratch("foreign", bytes));
      EXPECT_EQ(found.code, 1) << reader.what;
      EXPECT_EQ(found.out, "") << reader.what;
      EXPECT_THAT(found.err, HasSubstr(remedy)) << reader.what;
      EXPECT_THAT(found.err, testing::AnyOf(HasSubstr(Scratch("foreign") + ":"), HasSubstr("stdin:"))) << reader.what;
    }
  }
  const Finished training = Dragoman(Args{"train", "--train-src", plain, "--train-tgt", plain, "--valid-src", plain,
                                          "--valid-tgt", WriteScratch("foreign", foreign[0].first)} +
                                     ShortTraining(Scratch("foreign-run")));
  EXPECT_THAT(training.err, HasSubstr("unpack it: xz"));
  EXPECT_NE(access(Scratch("foreign-run").c_str(), F_OK), 0) << "refused before work starts";
}

TEST(ReadersTest, WhatNeverEndsIsRefusedEverywhere) {
  const std::string plain = WriteScratch("plain", "a b c\n");
  for (const Reader& reader : Readers(plain)) {
    if (reader.what == std::string("translate")) continue;  // would read all of it here
    const Finished found = reader.read("/dev/zero");
    EXPECT_EQ(found.code, 1) << reader.what;
    EXPECT_THAT(found.err, HasSubstr("/dev/zero:1: this line is longer than ")) << reader.what;
  }
  const std::string yes = "yes | \"$DRAGOMAN\" ", end = " 2>&1 1>/dev/null";
  EXPECT_THAT(Bash(yes + "eval --ref " + plain + end).out, HasSubstr("stdin has more than 1 line;"));
  EXPECT_THAT(Bash(yes + "score --src - --tgt " + plain + " --model " + TinyRun() + end).out,
              HasSubstr("stdin has more than 1 line;"));
}

TEST(ReadersTest, BlankLinesAreEmptyLinesWhateverTheirBlanks) {
  const std::string blanks = "\u3000\n\u00A0 \u200B\n\u2060\uFEFF\u00AD\n\u2800\u3164\t\n";
  const std::string file = WriteScratch("blanks", "a b\n" + blanks);
  const Args model = {"--model", TinyRun(), "--threads", "1"};
  const auto lines = Lines(Dragoman(Args{"translate", "--input", file} + model).out);
  ASSERT_EQ(lines.size(), 5u);
  for (size_t i = 1; i < 5; ++i) EXPECT_EQ(lines[i], "") << i;
  EXPECT_THAT(Dragoman(Args{"score", "--src", file, "--tgt", file} + model).err,
              HasSubstr("left 4 pairs with an empty source out"));
  const Finished training =
      Dragoman(Args{"train", "--train-src", file, "--train-tgt", file, "--valid-src", file, "--valid-tgt", file} +
               ShortTraining(Scratch("blank-run")));
  EXPECT_THAT(training.err, AllOf(HasSubstr("data: 1 sentence pair,"), HasSubstr("data: 4 pairs with an empty side"),
                                  HasSubstr("validation: 4 pairs with an empty source")));
  const Finished vocab = Dragoman(
      {"vocab", "--input", WriteScratch("only-blanks", blanks), "--size", "10", "--output", Scratch("new.model")});
  EXPECT_THAT(vocab.err, HasSubstr("--input: no text in it"));
}

TEST(ReadersTest, FiltersCountWhatTheyLeaveOut) {
  TinyRun();  // makes the vocabulary
  const std::string letters(60, 'a');
  const std::string pairs = WriteScratch("pairs", "a b\tb a\n" + letters + "\t" + letters + "\na\ta b c d e f g h\n");
  const auto train = [&](const std::string& name, const Args& flags) {
    const Finished run = Dragoman(Args{"train", "--train-tsv", pairs} + flags + ShortTraining(Scratch(name)));
    EXPECT_EQ(run.code, 0) << run.err;
    return run.err;
  };
  EXPECT_THAT(train("cut", {}),
              AllOf(HasSubstr("data: 3 sentence pairs"), HasSubstr("warning: data: 33.3 % of the pairs")));
  EXPECT_THAT(train("drop", {"--overlong", "drop", "--max-length-ratio", "3"}),
              AllOf(HasSubstr("data: 1 sentence pair,"), HasSubstr("data: 1 pair longer than"),
                    HasSubstr("data: 1 pair of too unequal lengths"), Not(HasSubstr("warning: data"))));
  const Finished resumed =
      Dragoman(Args{"train", "--train-tsv", pairs, "--resume", "--overlong", "cut"} + ShortTraining(Scratch("drop")));
  EXPECT_EQ(resumed.code, 2);
  EXPECT_THAT(resumed.err, HasSubstr("--overlong is cut, but the last start had drop: that is other training data"));
  EXPECT_EQ(Dragoman(Args{"train", "--train-tsv", pairs, "--max-length-ratio", "0.5"} + ShortTraining("no")).code, 2);
}

TEST(ReadersTest, AKillWhileReadingLeavesNothingForLong) {
  TinyRun();  // makes the vocabulary
  const std::string output = Scratch("killed-run"), unfinished = output + "/corpus.tokens.tmp";
  RunningDragoman training(Args{"train", "--train-tsv", "-"} + ShortTraining(output));
  training.Write("a b\tb a\n");
  for (int i = 0; i < 600 && access(unfinished.c_str(), F_OK) != 0; ++i) usleep(20'000);
  training.Signal(SIGKILL);
  training.Wait();
  EXPECT_THAT(RealFileSystem().List(output), testing::ElementsAre(".lock", "corpus.tokens.tmp"));  // no copy of stdin
  const std::string pairs = WriteScratch("pairs", "a b\tb a\n");
  EXPECT_EQ(Dragoman(Args{"train", "--train-tsv", pairs} + ShortTraining(output)).code, 0);
  EXPECT_NE(access(unfinished.c_str(), F_OK), 0);
}

}  // namespace
}  // namespace dragoman
