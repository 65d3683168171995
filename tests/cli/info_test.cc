// SPDX-License-Identifier: Apache-2.0
// dragoman info: of models, runs and vocabularies, sound and damaged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Finished Info(const Args& args) { return Dragoman(Args{"info"} + args); }

json JsonOf(const std::string& path, const Args& flags = {}) {
  const json found = json::parse(Info(Args{path, "--json"} + flags).out, nullptr, false);
  EXPECT_TRUE(found.is_object());
  return found;
}

// A copy of the tiny run's best checkpoint, to be damaged.
std::string Copy(const std::string& name) {
  const std::string copy = Scratch(name);
  EXPECT_EQ(Bash("rm -rf " + copy + " && cp -rL " + TinyRun() + "/best " + copy).code, 0);
  return copy;
}

TEST(InfoTest, ARunTellsItsCheckpointsAndScores) {
  const Finished text = Info({TinyRun()});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, AllOf(HasSubstr("kind          run\n"), HasSubstr("step-00000020 ("), HasSubstr("best"),
                              HasSubstr("validations   2\n"), HasSubstr("reason max_steps")));
  const json run = JsonOf(TinyRun()).at("run");
  EXPECT_EQ(run.at("checkpoints").size(), 2u);
  EXPECT_EQ(run.at("checkpoints")[0].at("name"), "step-00000020");
  EXPECT_EQ(run.at("checkpoints")[0].at("step"), 20);
  EXPECT_TRUE(run.at("checkpoints")[0].at("score").is_number());
  EXPECT_EQ(run.at("last"), "step-00000020");
  EXPECT_EQ(run.at("validations"), 2);
  EXPECT_EQ(Bash("find " + TinyRun() + " -type f -printf '%s\\n' | awk '{ s += $1 } END { print s }'").out,
            run.at("bytes").dump() + "\n");
  EXPECT_EQ(run.at("last_validation").at("step"), 20);
  EXPECT_TRUE(run.at("best_validation").at("bleu").is_number());
  EXPECT_EQ(run.at("end").at("reason"), "max_steps");
}

// Of a version that knew fewer scores.
TEST(InfoTest, ALogWithFewerScoresIsReadAsItIs) {
  const std::string run = Scratch("info-old");
  ASSERT_EQ(Bash("cp -r " + TinyRun() + " " + run + " && sed -i 's/,\"rougeL\":[^,]*,\"exact\":[^,]*//' " + run +
                 "/train.jsonl && ! grep rougeL " + run + "/train.jsonl")
                .code,
            0);
  EXPECT_EQ(Info({run}).code, 0);
  json old = JsonOf(run).at("run"), now = JsonOf(TinyRun()).at("run");
  EXPECT_EQ(old.at("validations"), 2);
  EXPECT_TRUE(now.at("best_validation").erase("rougeL") + now.at("best_validation").erase("exact") == 2);
  EXPECT_EQ(old.at("best_validation"), now.at("best_validation"));
}

TEST(InfoTest, OptionsThatACheckpointNamesAreFlags) {
  const std::string run = Scratch("info-epochs");
  ASSERT_EQ(Dragoman(TinyTraining() + Args{"--output", run, "--max-epochs", "1", "--schedule", "linear", "--warmup",
                                           "1", "--learning-rate", "0.01"})
                .code,
            0);
  EXPECT_EQ(JsonOf(run + "/last").at("model").at("training").at("options").at("decay_steps"),
            "the end of --max-epochs 1");
  const std::string copy = Copy("no-state");
  WriteScratch("no-state/train_state.json", "{}");
  EXPECT_THAT(Info({copy}).err + Info({copy}).out, HasSubstr("start anew in another --output"));
}

TEST(InfoTest, ParametersAreCountedByPart) {
  const json found = JsonOf(TinyRun() + "/last");
  EXPECT_EQ(found.at("kind"), "checkpoint");
  const json& model = found.at("model");
  const int d = 16, ff = 32, vocabulary = 20;
  const int attention = 4 * (d * d + d), feed_forward = 2 * d * ff + ff + d, norm = 2 * d;
  const json& parts = model.at("parameters");
  EXPECT_EQ(parts.at("embeddings"), vocabulary * d);  // one table for all three uses
  EXPECT_EQ(parts.at("encoder"), attention + feed_forward + 2 * norm);
  EXPECT_EQ(parts.at("decoder"), 2 * attention + feed_forward + 3 * norm);
  EXPECT_EQ(parts.at("output"), 0);
  EXPECT_EQ(parts.at("total"), vocabulary * d + 3 * attention + 2 * feed_forward + 5 * norm);
  EXPECT_THAT(model.at("types"), ElementsAre("F32"));
  EXPECT_EQ(model.at("config").at("d_model"), 16);
  EXPECT_EQ(model.at("manifest").at("step"), 20);
  EXPECT_EQ(model.at("training").at("step"), 20);
  EXPECT_EQ(model.at("training").at("options").at("learning_rate"), "0.01");
  const json& vocab = model.at("vocabularies").at("joint");
  EXPECT_EQ(vocab.at("type"), "bpe");
  EXPECT_EQ(vocab.at("pieces"), 20);
  EXPECT_EQ(vocab.at("special_ids"), (json{{"<unk>", 0}, {"<s>", 1}, {"</s>", 2}}));
  EXPECT_EQ(model.at("verified"), false);
  const std::string size = std::to_string(model.at("bytes").get<int64_t>());
  EXPECT_EQ(Bash("cat " + TinyRun() + "/last/* | wc -c").out, size + "\n");
  EXPECT_THAT(found.at("problems"), IsEmpty());
}

TEST(InfoTest, AVocabularyIsAFile) {
  const Finished text = Info({TinyRun() + "/best/vocab.model"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("kind          vocabulary\n"), HasSubstr("bpe, 20 pieces"),
                              HasSubstr("<unk> 0, <s> 1, </s> 2"), HasSubstr("no byte fallback")));
}

TEST(InfoTest, AVocabularyMayBeOfOtherKinds) {
  const json bytes = JsonOf("tests/interop/recorded/byte_bpe/tokenizer.json").at("vocabulary");
  EXPECT_EQ(bytes.at("type"), "byte-bpe");
  EXPECT_EQ(bytes.at("pieces"), 600);
  EXPECT_EQ(bytes.at("special_ids"), (json{{"<unk>", 3}, {"<s>", 0}, {"</s>", 2}, {"<pad>", 1}}));
  EXPECT_EQ(bytes.at("byte_fallback"), true);
  const std::string list = WriteScratch("words.list", "#dragoman-words 1\n</s>\n<unk>\nBeispiel\n");
  const Finished words = Info({list});
  EXPECT_EQ(words.code, 0) << words.err;
  EXPECT_THAT(words.out,
              AllOf(HasSubstr("words, 3 pieces"), HasSubstr("<unk> 1, </s> 0"), HasSubstr("longest Beispiel")));
  const Finished other = Info({WriteScratch("other.json", "{\"a\": 1}\n")});
  EXPECT_EQ(other.code, 1);
  EXPECT_THAT(other.out, HasSubstr("other.json:1: column 1: the key \"model\" is missing"));
}

TEST(InfoTest, WhatIsUnusualAboutATokenizerIsToldAndNothingElse) {
  EXPECT_FALSE(JsonOf(TinyRun()).at("model").contains("tokenizers"));
  EXPECT_THAT(Info({TinyRun()}).out, Not(HasSubstr("source ids")));
  const std::string copy = Copy("settings");
  ASSERT_EQ(Bash("rm " + copy + "/MANIFEST.json").code, 0);
  WriteScratch("settings/tokenizer_settings.json", R"({"format": "dragoman-tokenizer-1",
      "src": {"ids": [2, 1, 0, -1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, -1, 18, 3], "padding_rows": 1,
              "prefix": [4, 5], "suffix": [0, 6, 7]}})");
  const Finished text = Info({copy});
  EXPECT_EQ(text.code, 0) << text.out << text.err;
  EXPECT_THAT(text.out, AllOf(HasSubstr("source ids    <unk> 2, <s> 1, </s> 0; rows 20, padding rows 1, without row 2, "
                                        "prefix 2, suffix 3\n"),
                              Not(HasSubstr("target ids"))));
  EXPECT_EQ(JsonOf(copy).at("model").at("tokenizers"), (json{{"source",
                                                              {{"special_ids", {{"<unk>", 2}, {"<s>", 1}, {"</s>", 0}}},
                                                               {"rows", 20},
                                                               {"padding_rows", 1},
                                                               {"without_row", 2},
                                                               {"added", 0},
                                                               {"prefix", 2},
                                                               {"suffix", 3},
                                                               {"banned", 0}}}}));
}

TEST(InfoTest, LanguagesToChooseFromAreTold) {
  const std::string copy = Copy("languages");
  ASSERT_EQ(Bash("rm " + copy + "/MANIFEST.json").code, 0);
  WriteScratch("languages/tokenizer_settings.json", R"({"format": "dragoman-tokenizer-1",
      "src": {"prefix": ["tgt_lang"], "languages": {"deu": 5, "fra": 6}}})");
  EXPECT_THAT(Info({copy}).out, HasSubstr("languages   2: deu, fra\n"));
  EXPECT_EQ(JsonOf(copy).at("model").at("tokenizers").at("source").at("languages"), (json{"deu", "fra"}));
}

TEST(InfoTest, AModelSaysWhoseItIs) {
  EXPECT_THAT(Info({TinyRun()}).out, AllOf(HasSubstr("licence       not said\n"), HasSubstr("train.src, train.tgt"),
                                           HasSubstr("trained with  dragoman "), HasSubstr("pairs         ")));
  EXPECT_THAT(FileText(TinyRun() + "/best/about.json"), Not(HasSubstr("/")));  // no directory of anybody's
  const std::string run = Scratch("named");
  const Finished trained = Dragoman(TinyTraining() + Args{"--name", "Reverser", "--licence", "CC0-1.0", "--origin",
                                                          "https://example.org", "--max-steps", "2", "--output", run});
  ASSERT_EQ(trained.code, 0) << trained.err;
  EXPECT_THAT(Info({run}).out, AllOf(HasSubstr("name          Reverser\n"), HasSubstr("licence       CC0-1.0\n"),
                                     HasSubstr("origin        https://example.org\n")));
  const std::string tuned = Scratch("tuned");
  ASSERT_EQ(Dragoman({"train", "--init-from", run, "--train-src", Scratch("train.src"), "--train-tgt",
                      Scratch("train.tgt"), "--threads", "1", "--max-steps", "1", "--output", tuned})
                .code,
            0);
  EXPECT_EQ(JsonOf(tuned).at("model").at("about").at("made_from")[0].at("licence"), "CC0-1.0");
}

TEST(InfoTest, WhatIsWrittenByHandCountsAndStays) {
  const std::string copy = Copy("by_hand");
  WriteScratch("by_hand/about.json", R"({"name": "Renamed", "licence": "MIT", "notes": "a\nb"})");
  const Finished run = Info({copy, "--verify"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("name          Renamed\n"), HasSubstr("notes         a b\n")));
  EXPECT_EQ(Dragoman({"translate", "--model", copy}, "a b\n").code, 0);
}

// What one damaged file hides is only its own.
TEST(InfoTest, DamageIsToldBesideWhatCanBeRead) {
  struct Damage {
    std::string command, wrong, shown;
  };
  for (const Damage& damage : std::vector<Damage>{
           {"rm $D/config.json", "config.json: ", "parameters    "},
           {"echo '{' > $D/config.json", "config.json: ", "20 pieces"},
           {"sed -i 's/\"d_ff\": 32/\"d_ff\": 64/' $D/config.json", "model.safetensors: ", "d_ff 64"},
           {"sed -i 's/_vocab\": 20/_vocab\": 24/' $D/config.json", "has 20 pieces, but config.json says 24",
            "20 pieces"},
           {"rm $D/vocab.model", "vocab.model: ", "parameters    "},
           {"truncate -s 100 $D/vocab.model", "vocab.model: ", "parameters    "},
           {"truncate -s 1000 $D/model.safetensors", "model.safetensors: ", "20 pieces"},
           {"echo x >> $D/train_state.json", "train_state.json: ", "parameters    "},
           {"echo x >> $D/MANIFEST.json", "MANIFEST.json: ", "parameters    "},
           {"rm $D/MANIFEST.json && ln -s nowhere $D/MANIFEST.json", "MANIFEST.json: ", "parameters    "},
           {"echo '{\"license\": 1}' > $D/about.json", "did you mean licence?", "parameters    "}}) {
    SCOPED_TRACE(damage.command);
    const std::string copy = Copy("damaged");
    ASSERT_EQ(Bash("D=" + copy + "; " + damage.command).code, 0);
    const Finished run = Info({copy});
    EXPECT_EQ(run.code, 1);
    EXPECT_THAT(run.out, AllOf(HasSubstr("wrong         "), HasSubstr(damage.wrong), HasSubstr(damage.shown)));
    EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
    EXPECT_THAT(run.err, AllOf(HasSubstr(copy + ": "), HasSubstr("told under \"wrong\"")));
    EXPECT_THAT(JsonOf(copy).at("problems"), Not(IsEmpty()));
  }
}

TEST(InfoTest, EveryProblemIsToldOnce) {
  const std::string copy = Copy("many");
  ASSERT_EQ(Bash("cd " + copy + " && echo x >> train_state.json && echo x >> model.safetensors && rm vocab.model").code,
            0);
  const json problems = JsonOf(copy).at("problems");
  EXPECT_GE(problems.size(), 3u);
  EXPECT_EQ(std::set<json>(problems.begin(), problems.end()).size(), problems.size());
}

TEST(InfoTest, OnlyVerifyReadsTheNumbers) {
  const std::string copy = Copy("flipped");  // one byte of the last number: NaN or not, the checksum differs
  ASSERT_EQ(
      Bash(
          "cd " + copy +
          R"( && printf '\xff' | dd of=model.safetensors bs=1 conv=notrunc status=none seek=$(($(stat -c %s model.safetensors) - 1)))")
          .code,
      0);
  EXPECT_EQ(Info({copy}).code, 0);
  const Finished verified = Info({copy, "--verify"});
  EXPECT_EQ(verified.code, 1);
  EXPECT_THAT(verified.out, HasSubstr("model.safetensors: has CRC-32"));
  ASSERT_EQ(
      Bash(
          "cd " + copy +
          R"( && rm MANIFEST.json && printf '\xff\xff\xff\x7f' | dd of=model.safetensors bs=1 conv=notrunc status=none seek=$(($(stat -c %s model.safetensors) - 4)))")
          .code,
      0);
  EXPECT_EQ(Info({copy}).code, 0);
  EXPECT_THAT(Info({copy, "--verify"}).out, HasSubstr("holds numbers that are not finite"));
  EXPECT_EQ(JsonOf(TinyRun(), {"--verify"}).at("model").at("verified"), true);
}

TEST(InfoTest, WhatIsNothingOfOursIsAFailure) {
  ASSERT_EQ(Bash("mkdir -p " + Scratch("empty_directory")).code, 0);
  for (const std::string& path : {Scratch("no such"), Scratch("empty_directory")}) {
    const Finished run = Info({path});
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(Lines(run.err).size(), 1u);
    EXPECT_THAT(run.err, HasSubstr(path + ": "));
  }
  for (const std::string text : {"hello\n", "a,b\r\n你好"}) {
    const std::string path = WriteScratch("text.txt", text);
    const Finished run = Info({path});
    EXPECT_EQ(run.code, 1);
    EXPECT_EQ(run.out, "");
    EXPECT_EQ(Lines(run.err).size(), 1u);
    EXPECT_THAT(run.err, HasSubstr(path + ": is text, not a vocabulary; expected a model's or run's directory"));
  }
  const Finished piped = Dragoman({"info", "-"}, "hello\n");
  EXPECT_EQ(piped.code, 1);
  EXPECT_THAT(piped.out, HasSubstr("is text, not a vocabulary; expected a SentencePiece model"));
  const Finished binary = Info({WriteScratch("text.txt", "hello\x01\n")});
  EXPECT_EQ(binary.code, 1);
  EXPECT_THAT(binary.out, AllOf(HasSubstr("damaged vocabulary"), HasSubstr("bytes 7")));
  EXPECT_EQ(Info({}).code, 2);
  EXPECT_EQ(Info({""}).code, 2);
  const Finished part = Info({TinyRun() + "/best/model.safetensors"});
  EXPECT_EQ(part.code, 1);
  EXPECT_EQ(part.out, "");
  EXPECT_THAT(part.err,
              HasSubstr("is a part of a model, expected the whole; give its directory, " + TinyRun() + "/best"));
}

TEST(InfoTest, NamesOfFilesMayHoldAnything) {
  const std::string copy = Copy("odd");
  ASSERT_EQ(Bash("cd " + copy + R"( && touch $'a\x1b[31m\nb' $'\xff')").code, 0);
  EXPECT_THAT(Info({copy}).out, Not(HasSubstr("\x1B")));
  EXPECT_GE(JsonOf(copy).at("model").at("files").size(), 8u);
}

}  // namespace
}  // namespace dragoman
