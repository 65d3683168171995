// SPDX-License-Identifier: Apache-2.0
// dragoman import: what another program made is translated with, scored, tuned and quantized as any model is; what is
// not understood is one clear line, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"
#include "text/tokenizer.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string Recorded(const std::string& name) { return "tests/interop/recorded/huggingface/" + name; }

// A recorded model whose files may be changed.
std::string CopyOf(const std::string& recorded, const std::string& name) {
  EXPECT_EQ(Bash("rm -rf " + Scratch(name) + " && cp -r " + Recorded(recorded) + " " + Scratch(name)).code, 0);
  return Scratch(name);
}

Finished Import(const std::string& source, const std::string& output, const Args& flags = {}) {
  return Dragoman(Args{"import", source, "--output", Scratch(output)} + flags);
}

// The one line of an import that must fail, and leave nothing.
std::string ImportError(const std::string& source, const Args& flags = {}) {
  const std::string parent = Scratch("refused");
  RemoveAll(RealFileSystem(), parent);
  const Finished run = Dragoman(Args{"import", source, "--output", parent + "/model"} + flags);
  EXPECT_THAT(run.code, testing::AnyOf(1, 2)) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  if (RealFileSystem().Exists(parent)) {
    EXPECT_THAT(RealFileSystem().List(parent), IsEmpty());
  }
  return run.err;
}

// M2M100's layout around the recorded weights: letters cut by SentencePiece, numbered by vocab.json, and the languages
// en and de.
const std::string& ManyLanguages() {
  static const std::string path = [] {
    TinyTraining();
    const std::string directory = CopyOf("m2m100", "m2m100");
    const Tokenizer pieces = Tokenizer::Load(Scratch("V.model"));
    nlohmann::json vocab = {{"<s>", 0}, {"<pad>", 1}, {"</s>", 2}, {"<unk>", 3}};
    int32_t next = 4;
    for (int32_t id = 0; id < pieces.size(); ++id) {
      if (!vocab.contains(pieces.Piece(id))) vocab[pieces.Piece(id)] = next++;
    }
    EXPECT_LE(next, 44);
    WriteScratch("m2m100/vocab.json", vocab.dump());
    WriteScratch("m2m100/added_tokens.json", R"({"__en__": 44, "__de__": 45})");
    WriteScratch("m2m100/sentencepiece.bpe.model", FileText(Scratch("V.model")));
    const Finished imported = Import(directory, "languages");
    EXPECT_EQ(imported.code, 0) << imported.err;
    return Scratch("languages");
  }();
  return path;
}

const Args kBoth = {"--src-lang", "en", "--tgt-lang", "de"};

Args Tuning(const std::string& output) {
  TinyTraining();
  return {"train",
          "--init-from",
          ManyLanguages(),
          "--train-src",
          Scratch("train.src"),
          "--train-tgt",
          Scratch("train.tgt"),
          "--output",
          Scratch(output),
          "--max-steps",
          "2",
          "--batch-tokens",
          "200",
          "--threads",
          "1",
          "--learning-rate",
          "0.001",
          "--warmup",
          "1"};
}

TEST(ImportTest, ARecordedModelIsUsedAsAnyOther) {
  const Finished imported =
      Import(Recorded("t5"), "t5", {"--name", "tiny T5", "--licence", "Apache-2.0", "--origin", "here"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, AllOf(HasSubstr("t5 (Hugging Face)"), HasSubstr("without a tokenizer")));
  EXPECT_EQ(imported.err, "");
  const Finished translated = Dragoman({"translate", "--model", Scratch("t5"), "--max-length", "5"}, "4 5 6\n7\n");
  EXPECT_EQ(translated.code, 0) << translated.err;
  EXPECT_EQ(Lines(translated.out).size(), 2u);
  for (const char* form : {"--ids", "--pieces"}) {  // which its text is anyway
    EXPECT_EQ(Dragoman({"translate", "--model", Scratch("t5"), "--max-length", "5", form}, "4 5 6\n7\n").out,
              translated.out);
  }
  WriteScratch("ids.src", "4 5 6\n7 8\n9\n");
  WriteScratch("ids.tgt", "6 5 4\n8 7\n9\n");
  const Finished scored =
      Dragoman({"score", "--model", Scratch("t5"), "--src", Scratch("ids.src"), "--tgt", Scratch("ids.tgt")});
  EXPECT_EQ(scored.code, 0) << scored.err;
  EXPECT_EQ(Lines(scored.out).size(), 3u);
  const Finished info = Dragoman({"info", Scratch("t5")});
  EXPECT_EQ(info.code, 0) << info.err;
  EXPECT_THAT(info.out, AllOf(HasSubstr("tiny T5"), HasSubstr("Apache-2.0"), HasSubstr("here")));
  const Finished quantized =
      Dragoman({"quantize", "--model", Scratch("t5"), "--to", "bf16", "--output", Scratch("t5-bf16")});
  EXPECT_EQ(quantized.code, 0) << quantized.err;
  const Finished again = Dragoman({"translate", "--model", Scratch("t5-bf16"), "--max-length", "5"}, "4 5 6\n");
  EXPECT_EQ(again.code, 0) << again.err;
  const Finished tuned = Dragoman({"train", "--init-from", Scratch("t5"), "--train-src", Scratch("ids.src"),
                                   "--train-tgt", Scratch("ids.tgt"), "--output", Scratch("t5-tuned"), "--max-steps",
                                   "2", "--threads", "1", "--learning-rate", "0.001"});
  EXPECT_EQ(tuned.code, 0) << tuned.err;
}

TEST(ImportTest, ItSearchesAsItsMakersDoUnlessTold) {
  const std::string source = CopyOf("t5", "makers"), model = Scratch("makers-model"), plain = Scratch("makers-plain");
  WriteScratch("makers/generation_config.json",
               R"({"decoder_start_token_id": 0, "eos_token_id": 1, "pad_token_id": 0, "num_beams": 3, "max_length": 9,
                   "early_stopping": true, "length_penalty": 0.5, "no_repeat_ngram_size": 2,
                   "bad_words_ids": [[3]]})");  // <unk>
  const Finished imported = Import(source, "makers-model");
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("decode_options.json"));
  const std::string options = model + "/decode_options.json";
  EXPECT_EQ(nlohmann::json::parse(FileText(options)),
            nlohmann::json::parse(R"({"beam_size": 3, "stopping": "beam", "length_penalty": 0.5,
                                      "length_penalty_form": "power", "no_repeat_ngram": 2, "max_length": 8,
                                      "max_length_factor": 1000, "allow_unk": false})"));
  ASSERT_EQ(Bash("cp -r " + model + " " + plain + " && rm " + plain + "/decode_options.json").code, 0);
  const std::string text = "4 5 6\n7\n9 9 5 6 8 11 5\n";
  const auto translate = [&](const std::string& with, const Args& flags) {
    const Finished run = Dragoman(Args{"translate", "--model", with, "--format", "jsonl"} + flags, text);
    EXPECT_EQ(run.code, 0) << run.err;
    return run.out;
  };
  const Args said = {"--stopping",        "beam", "--length-penalty", "0.5", "--length-penalty-form", "power",
                     "--no-repeat-ngram", "2",    "--max-length",     "8",   "--max-length-factor",   "1000"};
  EXPECT_EQ(translate(model, {}), translate(plain, said + Args{"--beam-size", "3"}));
  EXPECT_EQ(translate(model, {"--beam-size", "1"}), translate(plain, said + Args{"--beam-size", "1"}));
  EXPECT_EQ(translate(model, {"--n-best"}), translate(plain, said + Args{"--beam-size", "3", "--n-best", "3"}));
  EXPECT_NE(translate(model, {}), translate(plain, {}));
  EXPECT_THAT(Dragoman({"info", model}).out, HasSubstr("beam_size 3"));
  const std::string small = Scratch("makers-int8");
  EXPECT_EQ(Dragoman({"quantize", "--model", model, "--output", small}).code, 0);
  EXPECT_EQ(FileText(small + "/decode_options.json"), FileText(options));
  WriteScratch("makers-model/decode_options.json", R"({"beam": 3})");  // which people may change
  const Finished broken = Dragoman({"translate", "--model", model}, text);
  EXPECT_EQ(broken.code, 1);
  EXPECT_THAT(broken.err, AllOf(HasSubstr(options), HasSubstr("unknown key \"beam\"")));
}

TEST(ImportTest, AShortlistOfMariansComesAlong) {
  const std::string recorded = "tests/interop/recorded/marian_shortlist/two_tables/", source = Scratch("student"),
                    model = Scratch("student-model"), small = Scratch("student-int8");
  ASSERT_EQ(Bash("cp -r tests/interop/recorded/marian/two_tables " + source + " && cp " + recorded + "lex.s2t " +
                 recorded + "decoder.yml " + source)
                .code,
            0);
  const std::string list = model + "/shortlist.safetensors";
  for (int again = 0; again < 2; ++again) {
    const Finished imported = Import(source, "student-model");
    ASSERT_EQ(imported.code, 0) << imported.err;
    EXPECT_THAT(imported.out, HasSubstr("its shortlist is there, too: translate --shortlist " + list + "\n"));
  }
  EXPECT_EQ(Dragoman({"quantize", "--model", model, "--output", small}).code, 0);
  EXPECT_EQ(FileText(small + "/shortlist.safetensors"), FileText(list));
  const Args translate = {"translate", "--model", model, "--beam-size", "1", "--allow-unk"};
  const std::string text = FileText(source + "/src");
  const Finished with = Dragoman(translate + Args{"--shortlist", list}, text), without = Dragoman(translate, text);
  EXPECT_EQ(with.code, 0) << with.err;
  EXPECT_NE(with.out, without.out);
  EXPECT_EQ(with.out, FileText(recorded + "beam1"));
  const Finished info = Dragoman({"info", "--verify", model});
  EXPECT_EQ(info.code, 0) << info.out;
  const std::string made = Scratch("student.shortlist");
  const auto convert = [&](const std::string& from, const Args& limits = {}) {
    return Dragoman(Args{"shortlist", "--model", model, "--from", from, "--output", made} + limits);
  };
  ASSERT_EQ(Bash("gzip -k " + source + "/lex.s2t").code, 0);
  const Finished converted = convert(source + "/lex.s2t.gz", {"--frequent", "8", "--per-token", "8"});
  EXPECT_EQ(converted.code, 0) << converted.err;
  EXPECT_THAT(converted.err, testing::ContainsRegex("7\\.[0-9] tokens for each of 120 of the source, and 8 for any"));
  EXPECT_EQ(FileText(made), FileText(list));
  const auto expect_error = [](const Finished& run, int code, const std::string& what) {
    EXPECT_EQ(run.code, code);
    EXPECT_THAT(run.err, HasSubstr(what));
    EXPECT_EQ(Lines(run.err).size(), 1u);
  };
  const std::string binary = "tests/interop/recorded/marian_shortlist/words/lex.s2t.bin";
  expect_error(convert(binary), 1, binary + ": has lists of 10 source words");
  expect_error(convert(binary, {"--frequent", "5"}), 2, "is binary and was made with its own");
  expect_error(convert(source + "/src"), 1, "src:1: ");
  expect_error(convert(source + "/lex.s2t", {"--max-pairs", "9"}), 2, "--max-pairs chooses from text");
  expect_error(convert(source + "/lex.s2t", {"--per-token", "1001"}), 2, "expected at most 1000");
  expect_error(convert(source + "/lex.s2t", {"--src", source + "/src"}), 2, "expected the two or the one");
  WriteScratch("student/lex.s2t", "broken\n");
  EXPECT_THAT(ImportError(source), HasSubstr("lex.s2t:1: \"broken\" is no line of a shortlist"));
  ASSERT_EQ(Bash("rm " + source + "/lex.s2t").code, 0);
  const Finished alone = Import(source, "student-alone");
  EXPECT_EQ(alone.code, 0) << alone.err;
  EXPECT_THAT(alone.out, HasSubstr("a shortlist, lex.s2t, which is not there: imported without"));
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("student-alone/shortlist.safetensors")));
}

constexpr char kStudent[] = "tests/interop/recorded/marian_int8";

TEST(ImportTest, WhatComesInInt8KeepsItsIntegers) {
  const Finished imported = Import(kStudent, "int8");
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out,
              AllOf(HasSubstr("Marian, "), HasSubstr(" parameters\n"), HasSubstr("--dequantize makes f32"),
                    HasSubstr("activations of 15 weights are rounded by stored scales")));
  EXPECT_THAT(Dragoman({"info", "--json", Scratch("int8")}).out, HasSubstr("\"packed\": \"int8\""));
  const Finished translated = Dragoman({"translate", "--model", Scratch("int8"), "--max-length", "5"}, "a b\nc d e\n");
  EXPECT_EQ(translated.code, 0) << translated.err;
  EXPECT_EQ(Lines(translated.out).size(), 2u);
  WriteScratch("letters.src", "a b\nc\n");
  const Finished tuned =
      Dragoman({"train", "--init-from", Scratch("int8"), "--train-src", Scratch("letters.src"), "--train-tgt",
                Scratch("letters.src"), "--output", Scratch("int8-tuned"), "--max-steps", "1"});
  EXPECT_EQ(tuned.code, 1);
  EXPECT_THAT(tuned.err, HasSubstr("of one that came in int8, import it with --dequantize"));
}

TEST(ImportTest, WhatComesInInt8CanBecomeF32) {
  const Finished imported = Import(kStudent, "int8-f32", {"--dequantize"});
  ASSERT_EQ(imported.code, 0) << imported.err;
  EXPECT_THAT(imported.out, Not(HasSubstr("integers")));
  const Finished quantized = Dragoman({"quantize", "--model", Scratch("int8-f32"), "--output", Scratch("int8-again")});
  EXPECT_EQ(quantized.code, 0) << quantized.err;
}

TEST(ImportTest, ALanguageIsChosenWherePeopleTranslateScoreOrLook) {
  const std::string& model = ManyLanguages();
  WriteScratch("line.src", "a b\n");
  WriteScratch("line.tgt", "b a\n");
  const std::vector<std::pair<Args, std::string>> commands = {
      {{"translate", "--model", model, "--max-length", "5"}, "a b\n"},
      {{"score", "--model", model, "--src", Scratch("line.src"), "--tgt", Scratch("line.tgt")}, ""},
      {{"attention", "--model", model, "a b"}, ""},
      {{"encode", "--model", model, "--special-tokens"}, "a b\n"},
      {{"quantize", "--model", model, "--to", "int8", "--src", Scratch("line.src"), "--tgt", Scratch("line.tgt"),
        "--output", Scratch("languages-int8")},
       ""}};
  for (const auto& [args, input] : commands) {
    const Finished chosen = Dragoman(args + kBoth, input);
    EXPECT_EQ(chosen.code, 0) << args[0] << ": " << chosen.err;
    RemoveAll(RealFileSystem(), Scratch("languages-int8"));
    const Finished none = Dragoman(args, input);
    EXPECT_EQ(none.code, 2) << args[0];
    EXPECT_EQ(none.out, "") << args[0];
    EXPECT_THAT(Lines(none.err),
                testing::ElementsAre(AllOf(HasSubstr("--src-lang is not given"), HasSubstr("de, en"))));
    EXPECT_FALSE(RealFileSystem().Exists(Scratch("languages-int8")));
    const Finished half = Dragoman(args + Args{"--src-lang", "en"}, input);
    EXPECT_EQ(half.code, 2) << args[0];
    EXPECT_THAT(half.err, HasSubstr("--tgt-lang is not given"));
    const Finished unknown = Dragoman(args + Args{"--src-lang", "en", "--tgt-lang", "dee"}, input);
    EXPECT_EQ(unknown.code, 2) << args[0];
    EXPECT_THAT(unknown.err, AllOf(HasSubstr("--tgt-lang is \"dee\""), HasSubstr("did you mean"), HasSubstr("de")));
  }
}

TEST(ImportTest, TokensOfLanguagesStandAroundTheSentence) {
  const auto encoded = [&](const Args& flags) {
    return Dragoman(Args{"encode", "--model", ManyLanguages(), "--output-format", "ids"} + flags, "\n").out;
  };
  EXPECT_EQ(encoded(Args{"--special-tokens"} + kBoth), "44 2\n");
  EXPECT_EQ(encoded(Args{"--special-tokens", "--side", "tgt"} + kBoth), "45 2\n");
  EXPECT_EQ(encoded({}), "\n");
  const Finished useless = Dragoman(Args{"encode", "--model", ManyLanguages()} + kBoth, "a\n");
  EXPECT_EQ(useless.code, 2);
  EXPECT_THAT(useless.err, HasSubstr("--special-tokens"));
}

TEST(ImportTest, WhatNeedsNoLanguageAsksForNone) {
  const std::string& model = ManyLanguages();
  TinyTraining();
  for (const Args& args : {Args{"info", model}, Args{"encode", "--model", model},
                           Args{"quantize", "--model", model, "--to", "f16", "--output", Scratch("languages-f16")},
                           Args{"shortlist", "--model", model, "--src", Scratch("train.src"), "--tgt",
                                Scratch("train.tgt"), "--output", Scratch("languages.shortlist")}}) {
    const Finished run = Dragoman(args, "a b\n");
    EXPECT_EQ(run.code, 0) << args[0] << ": " << run.err;
    if (args[0] == "encode") {
      EXPECT_THAT(run.out, Not(HasSubstr("-1")));
    }
  }
  const Finished rounded = Dragoman(Args{"translate", "--model", Scratch("languages-f16"), "--shortlist",
                                         Scratch("languages.shortlist"), "--max-length", "5"} +
                                        kBoth,
                                    "a b\n");
  EXPECT_EQ(rounded.code, 0) << rounded.err;
}

TEST(ImportTest, TuningAsksForTheLanguagesOnce) {
  EXPECT_THAT(Dragoman(Tuning("tuned")).err, HasSubstr("--src-lang is not given"));
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("tuned/last")));
  EXPECT_THAT(Dragoman(Tuning("tuned") + Args{"--src-lang", "en", "--tgt-lang", "fr"}).err,
              HasSubstr("--tgt-lang is \"fr\""));
  const Args validation = {"--valid-src",        Scratch("valid.src"), "--valid-tgt",
                           Scratch("valid.tgt"), "--valid-every",      "1"};
  const Finished tuned = Dragoman(Tuning("tuned") + kBoth + validation);
  ASSERT_EQ(tuned.code, 0) << tuned.err;
  const auto settings = nlohmann::json::parse(FileText(Scratch("tuned/last/tokenizer_settings.json")));
  EXPECT_EQ(settings["src"]["prefix"], nlohmann::json({44}));
  EXPECT_EQ(settings["tgt"]["prefix"], nlohmann::json({45}));
  const Finished translated = Dragoman({"translate", "--model", Scratch("tuned"), "--max-length", "5"}, "a b\n");
  EXPECT_EQ(translated.code, 0) << translated.err;
  // It goes on by itself, with all flags once more, but not for other languages.
  const Args on = {"--max-steps", "4", "--resume"};
  const Finished alone = Dragoman(Args{"train", "--output", Scratch("tuned")} + on);
  EXPECT_EQ(alone.code, 0) << alone.err;
  EXPECT_THAT(alone.err, Not(HasSubstr("lang")));
  const Finished repeated = Dragoman(Tuning("tuned") + kBoth + validation + Args{"--max-steps", "5", "--resume"});
  EXPECT_EQ(repeated.code, 0) << repeated.err;
  const Finished other =
      Dragoman(Tuning("tuned") + Args{"--src-lang", "en", "--tgt-lang", "fr", "--max-steps", "6", "--resume"});
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.err, HasSubstr("--tgt-lang is \"fr\""));
}

TEST(ImportTest, ALanguageForAModelWithoutIsAnError) {
  EXPECT_THAT(Dragoman({"translate", "--model", TinyRun(), "--tgt-lang", "de"}, "a\n").err,
              AllOf(HasSubstr("--tgt-lang is \"de\""), HasSubstr("no such choice")));
  EXPECT_THAT(Dragoman(TinyTraining() + Args{"--output", Scratch("new"), "--max-steps", "1", "--tgt-lang", "de"}).err,
              AllOf(HasSubstr("--tgt-lang is \"de\""), HasSubstr("--init-from")));
  EXPECT_THAT(Dragoman({"train", "--init-from", TinyRun(), "--train-src", Scratch("train.src"), "--train-tgt",
                        Scratch("train.tgt"), "--output", Scratch("new"), "--max-steps", "1", "--tgt-lang", "de"})
                  .err,
              AllOf(HasSubstr("--tgt-lang is \"de\""), HasSubstr("no such choice")));
  EXPECT_FALSE(RealFileSystem().Exists(Scratch("new/last")));
}

TEST(ImportTest, AMeanOfModelsWithLanguagesStillAsks) {
  const Finished mean = Dragoman({"average", ManyLanguages(), ManyLanguages(), "--output", Scratch("mean")});
  ASSERT_EQ(mean.code, 0) << mean.err;
  EXPECT_THAT(Dragoman({"translate", "--model", Scratch("mean")}, "a\n").err, HasSubstr("--src-lang is not given"));
  EXPECT_EQ(Dragoman(Args{"translate", "--model", Scratch("mean"), "--max-length", "5"} + kBoth, "a\n").code, 0);
}

TEST(ImportTest, AnotherProgramThanItIsIsAnErrorThatNamesWhatIsMissing) {
  EXPECT_THAT(ImportError(Recorded("t5"), {"--from", "marian"}), HasSubstr("Marian"));
  EXPECT_THAT(ImportError(Recorded("t5"), {"--from", "ctranslate2"}), HasSubstr("model.bin"));
  EXPECT_THAT(ImportError(Recorded("t5"), {"--from", "argos"}), HasSubstr("metadata.json"));
  const Finished wrong = Import(Recorded("t5"), "never", {"--from", "fairseq"});
  EXPECT_NE(wrong.code, 0);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr("--from"), HasSubstr("huggingface")));
  EXPECT_EQ(Import(Recorded("t5"), "said", {"--from", "huggingface"}).code, 0);
  EXPECT_THAT(ImportError(Recorded("absent")), HasSubstr("no model that is known"));
  EXPECT_THAT(ImportError(TinyRun() + "/last"), HasSubstr("no model that is known"));
}

TEST(ImportTest, AnOlderModelIsReplacedAndNothingElseIs) {
  ASSERT_EQ(Import(Recorded("bart"), "replaced").code, 0);
  ASSERT_EQ(Import(Recorded("t5"), "replaced").code, 0);
  EXPECT_THAT(FileText(Scratch("replaced/config.json")), HasSubstr("\"rms\""));
  WriteScratch("replaced/notes.txt", "mine");
  const Finished refused = Import(Recorded("bart"), "replaced");
  EXPECT_EQ(refused.code, 2);
  EXPECT_THAT(refused.err, HasSubstr("holds notes.txt"));
  EXPECT_THAT(FileText(Scratch("replaced/config.json")), HasSubstr("\"rms\""));
  const std::string source = CopyOf("t5", "own");
  const Finished itself = Import(source, "own");
  EXPECT_EQ(itself.code, 2);
  EXPECT_EQ(FileText(source + "/config.json"), FileText(Recorded("t5") + "/config.json"));
  EXPECT_EQ(Dragoman({"import", source, "--output", "-"}).code, 2);
}

TEST(ImportTest, ASourceThatLacksAFileIsAnErrorThatNamesIt) {
  std::string source = CopyOf("t5", "lacking");
  RealFileSystem().RemoveFile(source + "/model.safetensors");
  EXPECT_THAT(ImportError(source), HasSubstr("model.safetensors"));
  source = CopyOf("t5", "lacking");
  RealFileSystem().RemoveFile(source + "/config.json");
  EXPECT_THAT(ImportError(source), HasSubstr("no model that is known"));
  for (const char* const name : {"vocab.json", "sentencepiece.bpe.model", "added_tokens.json"}) {
    ManyLanguages();
    EXPECT_EQ(Bash("rm -rf " + Scratch("lacking") + " && cp -r " + Scratch("m2m100") + " " + Scratch("lacking")).code,
              0);
    RealFileSystem().RemoveFile(Scratch("lacking/") + name);
    if (std::string(name) == "sentencepiece.bpe.model") {
      EXPECT_THAT(ImportError(Scratch("lacking")), HasSubstr("sentencepiece.bpe.model")) << "its ids are not text";
    } else {
      EXPECT_THAT(ImportError(Scratch("lacking")),
                  HasSubstr(std::string(name) == "vocab.json" ? "vocab.json" : "tokens of languages"));
    }
  }
}

TEST(ImportTest, WhatIsNotUnderstoodIsAnErrorOfFileAndKey) {
  const std::string source = CopyOf("marian", "odd"), json = FileText(source + "/config.json");
  WriteScratch("odd/config.json", "{\"alibi_bias\": 3," + json.substr(1));
  EXPECT_THAT(ImportError(source), AllOf(HasSubstr("odd/config.json"), HasSubstr("alibi_bias")));
  WriteScratch("odd/config.json", json);
  WriteScratch("odd/generation_config.json", R"({"decoder_start_token_id": 3})");
  EXPECT_THAT(ImportError(source), AllOf(HasSubstr("odd/generation_config.json"), HasSubstr("decoder_start_token_id"),
                                         HasSubstr("47, as config.json has it")));
}

// The settings fit, and so do all shapes, but the last number is none.
TEST(ImportTest, WeightsThatAreWrongLateLeaveNothing) {
  const std::string source = CopyOf("marian", "late");
  std::string weights = FileText(source + "/model.safetensors");
  weights.replace(weights.size() - 4, 4, "\xff\xff\xff\x7f");
  WriteScratch("late/model.safetensors", weights);
  EXPECT_THAT(ImportError(source), AllOf(HasSubstr("late/model.safetensors"), HasSubstr("not finite")));
  ASSERT_EQ(Import(Recorded("t5"), "kept").code, 0);
  EXPECT_EQ(Import(source, "kept").code, 1);
  EXPECT_EQ(Dragoman({"translate", "--model", Scratch("kept"), "--max-length", "3"}, "4\n").code, 0)
      << "the older model";
  for (const auto& entry : std::filesystem::directory_iterator(Scratch(""))) {
    EXPECT_THAT(entry.path().filename().string(), Not(testing::StartsWith(".tmp")));
  }
}

}  // namespace
}  // namespace dragoman
