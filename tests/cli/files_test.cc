// SPDX-License-Identifier: Apache-2.0
// What every command does with the files it is given: none writes over what it reads, nor deletes what is not its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr char kText[] = "a b c\nd e\nh g f\n";

std::string Command(const std::string& rest) { return "cd " + Scratch("") + " && \"$DRAGOMAN\" " + rest; }

void ExpectRefused(const std::string& command, const std::string& part) {
  const Finished run = Bash(Command(command));
  EXPECT_EQ(run.code, 2) << command;
  EXPECT_EQ(Lines(run.err).size(), 1u) << command << "\n" << run.err;
  EXPECT_THAT(run.err, HasSubstr(part)) << command;
}

class OutputTest : public testing::Test {
 protected:
  void SetUp() override {
    TinyRun();
    WriteScratch("text", kText);
    WriteScratch("other", kText);
    EXPECT_EQ(Bash("cd " + Scratch("") + " && ln -sf text link && ln -f text hard && mkdir -p sub").code, 0);
  }
  void TearDown() override {
    EXPECT_EQ(FileText(Scratch("text")), kText);
    EXPECT_FALSE(RealFileSystem().Exists(Scratch("text.parts")));
  }
};

TEST_F(OutputTest, TranslateRefusesItsInputByAnyName) {
  for (const char* files :
       {"--input text --output text", "--input text --output ./sub/../text", "--input text --output link",
        "--input text --output hard", "--input link --output text", "--output text < text", "--output link < hard",
        "--input - --output text < text", "--input /dev/stdin --output text < text",
        "--input text --output /dev/stdin < text", "--input text --output /proc/self/fd/0 < text"}) {
    ExpectRefused(std::string("translate --model run ") + files, "is also ");
  }
  ExpectRefused("translate --model run < text >> text", "stdout is also stdin");
  ExpectRefused("translate --model run --input text --output - >> link", "stdout is also --input text");
}

TEST_F(OutputTest, TranslateRefusesTheModelsFiles) {
  const std::string config = FileText(Scratch("run/best/config.json"));
  ExpectRefused("translate --model run/best/../best --input text --output run/best/config.json", "is also --model ");
  for (const char* file :
       {"run/best/config.json", "run/last/model.safetensors", "run/best/vocab.model", "run/best/src.model",
        "run/best/MANIFEST.json", "run/best/about.json", "run/train.jsonl", "run/corpus.tokens", "run/config.toml"}) {
    ExpectRefused(std::string("translate --model run --input text --output ") + file, "is also --model ");
    EXPECT_FALSE(RealFileSystem().Exists(Scratch(file) + ".parts"));
    if (std::string(file).starts_with("run/best")) {
      ExpectRefused(std::string("attention --model run/best --svg ") + file + " a b", "is also --model ");
      ExpectRefused(std::string("score --model run/best --src text --tgt other >> ") + file, "is also --model ");
      if (std::string(file).ends_with("src.model")) Bash("rm -f " + Scratch(file));  // made by the shell
    }
  }
  EXPECT_EQ(FileText(Scratch("run/best/config.json")), config);
  EXPECT_EQ(Bash(Command("translate --model run --input text --output run/mine")).code, 0);  // a name of nobody's
  EXPECT_EQ(Bash(Command("translate --model run --input text --output run/mine")).code, 0);
}

TEST_F(OutputTest, NoOtherCommandWritesOverWhatItReads) {
  for (const char* output : {"text", "link", "hard", "./sub/../text"}) {
    ExpectRefused(std::string("vocab --size 20 --input other text --output ") + output, "is also --input text");
  }
  ExpectRefused("vocab --size 20 --input - --output text < text", "is also stdin");
  ExpectRefused("score --model run --src text --tgt other >> text", "stdout is also --src text");
  ExpectRefused("score --model run --src other --tgt - < text >> text", "stdout is also stdin");
  ExpectRefused("eval --ref other text --hyp other >> text", "stdout is also --ref text");
  ExpectRefused("eval --ref other < text >> link", "stdout is also stdin");
  for (const char* command : {"encode", "decode"}) {
    ExpectRefused(std::string(command) + " --model run --input text --output link", "is also --input text");
    ExpectRefused(std::string(command) + " --vocab V.model --output V.model < text", "is also --vocab V.model");
    ExpectRefused(std::string(command) + " --model run < text >> text", "stdout is also stdin");
  }
  for (const char* file : {"V.model", "run/config.toml", "run/best/config.json"}) {
    const std::string before = FileText(Scratch(file));
    ExpectRefused(std::string("info ") + (file[0] == 'V' ? file : "run") + " >> " + file, "stdout is also PATH ");
    EXPECT_EQ(FileText(Scratch(file)), before);
  }
  EXPECT_EQ(Bash(Command("average --output mean run/last run/best")).code, 0);
  EXPECT_EQ(Bash(Command("average --output mean run/last run/best")).code, 0);
  const std::string weights = FileText(Scratch("mean/model.safetensors"));
  ExpectRefused("average --output mean run/last mean", "is also model mean");
  ExpectRefused("average --output sub/../mean run/last ./mean", "is also model ./mean");
  EXPECT_EQ(FileText(Scratch("mean/model.safetensors")), weights);
}

TEST_F(OutputTest, TrainingRefusesItsOwnFilesAsData) {
  const std::string pairs = "{\"source\": \"a\", \"target\": \"b\"}\n";
  ASSERT_EQ(Bash("cd " + Scratch("") + " && mkdir -p mine").code, 0);
  WriteScratch("mine/train.jsonl", pairs);
  const std::string train = "train --vocab V.model --max-steps 1 --preset tiny --output mine --train-jsonl ";
  ExpectRefused(train + "mine/../mine/train.jsonl", "mine/train.jsonl is also --train-jsonl");
  ExpectRefused(train + "- < mine/train.jsonl", "mine/train.jsonl is also stdin");
  EXPECT_EQ(FileText(Scratch("mine/train.jsonl")), pairs);
  ASSERT_EQ(Bash("cd " + Scratch("") + " && rm -rf base && cp -rL run/best base").code, 0);
  const std::string tune = "train --max-steps 1 --train-src text --train-tgt other --init-from base --output ";
  ExpectRefused(tune + "sub/../base", "is also --init-from base");
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("base/last")));
  ASSERT_EQ(Bash("cd " + Scratch("") + " && mkdir -p later/averaged && touch later/averaged/notes").code, 0);
  ExpectRefused(tune + "later --average-best 1 --valid-src text --valid-tgt other", "averaged holds notes");
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("later/last")));
  WriteScratch("run.toml", "max-steps = 3\n");
  ExpectRefused("train --config run.toml --dump-config >> run.toml", "stdout is also --config run.toml");
  EXPECT_EQ(FileText(Scratch("run.toml")), "max-steps = 3\n");
}

// Whatever lies in OUTPUT.parts and is none of its parts is refused before anything is done, and stays.
TEST_F(OutputTest, WhatIsForeignInPartsIsRefusedAndStays) {
  const std::string translate = "translate --model run --input text --output out";
  for (const char* make :
       {"mkdir out.parts && echo precious > out.parts/notes",
        "mkdir -p out.parts/folder && echo precious > out.parts/folder/notes",
        "mkdir out.parts && echo precious > notes && ln -s ../notes out.parts/00000000-0123456789abcdef",
        "mkdir -p out.parts/00000000-0123456789abcdef", "mkdir out.parts && echo precious > out.parts/lock",
        "mkdir out.parts && ln -s nowhere out.parts/whole", "mkdir out.parts && echo precious > out.parts/whole",
        "mkdir out.parts && echo precious > out.parts/00000001-aaaaaaaaaaaaaaaa",
        "mkdir out.parts && echo precious > out.parts/.tmp-00000000-0123456789abcdef-1",
        "mkdir out.parts && echo precious > out.parts/.tmp-notes-1", "mkdir elsewhere && ln -s elsewhere out.parts",
        "echo precious > out.parts", "ln -s nowhere out.parts"}) {
    ASSERT_EQ(Bash("cd " + Scratch("") + " && rm -rf out out.parts elsewhere && " + make).code, 0) << make;
    const std::string list = "cd " + Scratch("") + " && ls -lAR --time-style=full-iso out.parts; cat out.parts/notes";
    const std::string before = Bash(list).out;
    ExpectRefused(translate, "out.parts");
    ExpectRefused("translate --model run --output out < /dev/null", "out.parts");
    EXPECT_EQ(Bash(list).out, before) << make;
    EXPECT_FALSE(RealFileSystem().Exists(Scratch("out")));
  }
  ASSERT_EQ(Bash("cd " + Scratch("") + " && rm -rf out.parts && mkdir out.parts && touch out.parts/lock").code, 0);
  EXPECT_EQ(Bash(Command(translate)).code, 0);
  EXPECT_EQ(Bash(Command("translate --model run < text")).out, FileText(Scratch("out")));
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("out.parts")));
}

// A name like a part's is not enough for it to go.
TEST_F(OutputTest, AFileThatIsNoPartStaysWhateverItsName) {
  ASSERT_EQ(Bash("cd " + Scratch("") + " && rm -rf named.parts && mkdir named.parts && touch named.parts/lock").code,
            0);
  const std::string file = WriteScratch("named.parts/00000000-0123456789abcdef", "precious");
  const Finished run = Bash(Command("translate --model run --input text --output named"));
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.err, HasSubstr("named.parts holds what is not of this translation, and stays"));
  EXPECT_EQ(FileText(file), "precious");
  EXPECT_EQ(Lines(FileText(Scratch("named"))).size(), 3u);
}

TEST_F(OutputTest, ADashIsStdinOrStdout) {
  const std::string direct = Bash(Command("translate --model run < text")).out;
  EXPECT_EQ(Bash(Command("translate --model run --input - --output - < text")).out, direct);
  EXPECT_EQ(Bash(Command("score --model run --src - --tgt other < text")).out,
            Bash(Command("score --model run --src text --tgt other")).out);
  EXPECT_EQ(Bash(Command("eval --ref - --hyp other < text")).out, Bash(Command("eval --ref text --hyp other")).out);
  ASSERT_EQ(Bash(Command("vocab --size 20 --type bpe --input train.src --output dash.model")).code, 0);
  const Finished vocab = Bash(Command("vocab --size 20 --type bpe --input - --output - < train.src"));
  EXPECT_EQ(vocab.code, 0) << vocab.err;
  EXPECT_EQ(vocab.out, FileText(Scratch("dash.model")));
  const std::string train =
      "train --train-src train.src --train-tgt train.tgt --max-steps 1 --preset tiny --threads 1 ";
  const Finished trained = Bash(Command(train + "--vocab - --output by-stdin < V.model"));
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(FileText(Scratch("by-stdin/last/vocab.model")), FileText(Scratch("V.model")));
  EXPECT_EQ(Bash(Command("encode --vocab - --input text < V.model")).out,
            Bash(Command("encode --vocab V.model < text")).out);
  EXPECT_EQ(Bash(Command("decode --vocab - --input text < V.model")).out,
            Bash(Command("decode --vocab V.model < text")).out);
  EXPECT_THAT(Bash(Command("info - < V.model")).out, HasSubstr(" pieces"));
  const std::string map = Bash(Command("attention --model run a b c")).out;
  EXPECT_THAT(map, HasSubstr("Cross-attention"));
  EXPECT_EQ(Bash(Command("attention --model run - < text")).out, map);
  const Finished config = Bash(Command("train --config - --dump-config <<< 'max-steps = 321'"));
  EXPECT_THAT(config.out, HasSubstr("\nmax-steps = 321 "));
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("-")));
  ExpectRefused("encode --vocab - < V.model", "--vocab and --input are both \"-\"");
  ExpectRefused(train + "--vocab V.model --output -", "--output is -, expected a directory");
  ExpectRefused("average --output - run", "--output is -, expected a directory");
  ExpectRefused(train + "--vocab - --config - --output twice < V.model", "\"-\" (stdin) is given as");
}

}  // namespace
}  // namespace dragoman
