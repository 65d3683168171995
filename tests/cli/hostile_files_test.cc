// SPDX-License-Identifier: Apache-2.0
// Files that anybody may have written or planted: each is refused in one line, with nothing written where it should not
// be, and without a crash, a hang, or memory for what a file only claims to hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/file_system.h"
#include "tests/cli/cli_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string Repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// A model made by hand: without a manifest, so that files can be changed.
std::string ModelCopy(const std::string& name) {
  EXPECT_EQ(Bash("cp -rL " + TinyRun() + "/last " + Scratch(name) + " && rm " + Scratch(name) + "/MANIFEST.json").code,
            0);
  return Scratch(name);
}

// Of `translate --model MODEL` after a line of bash has been run in there; with a time limit, lest it waits for ever.
std::string ErrorAfter(const std::string& model, const std::string& change) {
  const Finished run = Bash("cd " + model + " && " + change + " && echo a | timeout 60 $DRAGOMAN translate --model .");
  EXPECT_EQ(run.code, 1) << run.err;
  EXPECT_EQ(run.out, "");
  EXPECT_EQ(Lines(run.err).size(), 1u) << run.err;
  return run.err;
}

TEST(HostileFilesTest, DeepNestingIsAnErrorOfTheLineAndColumn) {
  const std::string model = ModelCopy("deep"), deep = Repeated("[", 65'500) + Repeated("]", 65'500);
  WriteScratch("deep/config.json", "{\"format\": \"dragoman-transformer-1\",\n\"d_model\": " + deep + "}");
  EXPECT_THAT(ErrorAfter(model, "true"), HasSubstr("config.json:2: column 139: not JSON: nested more than 128 deep"));
  const Finished toml = Dragoman({"train", "--config", WriteScratch("deep.toml", Repeated("a.", 50'000) + "a = 1\n")});
  EXPECT_NE(toml.code, 0);
  EXPECT_THAT(toml.err, HasSubstr("deep.toml:1: nested more than 128 deep"));
}

TEST(HostileFilesTest, ConfigsThatSayTwoThingsAreRefused) {
  const std::string model = ModelCopy("twice");
  EXPECT_THAT(ErrorAfter(model, "cp config.json whole && sed -i 's/\"heads\"/\"d_model\": 8, &/' config.json"),
              HasSubstr("the key \"d_model\" is there twice"));
  EXPECT_THAT(ErrorAfter(model, "{ cat whole; echo '{}'; } > config.json"), HasSubstr("after the end"));
  EXPECT_THAT(ErrorAfter(model, "{ cat whole; printf '\\0'; } > config.json"),
              HasSubstr("the byte 0x00 after the end"));
}

TEST(HostileFilesTest, HugeFilesAreNotRead) {
  const std::string model = ModelCopy("huge");
  for (const std::string file : {"config.json", "vocab.model"}) {
    EXPECT_THAT(ErrorAfter(model, "cp " + file + " saved && truncate -s 3G " + file),
                AllOf(HasSubstr(file), HasSubstr("has 3221225472 bytes, expected at most")));
    ASSERT_EQ(Bash("cd " + model + " && mv saved " + file).code, 0);
  }
  EXPECT_THAT(ErrorAfter(model, "truncate -s 3G MANIFEST.json"), HasSubstr("MANIFEST.json: has 3221225472 bytes"));
}

TEST(HostileFilesTest, PipesAndLinksThatLeadNowhereAreErrors) {
  const std::string model = ModelCopy("pipes");
  EXPECT_THAT(ErrorAfter(model, "ln -s nowhere MANIFEST.json"),
              HasSubstr("MANIFEST.json: is a link that leads nowhere"));
  EXPECT_THAT(ErrorAfter(model, "ln -sf MANIFEST.json MANIFEST.json"),
              HasSubstr("MANIFEST.json: is a link that leads"));
  EXPECT_THAT(ErrorAfter(model, "rm MANIFEST.json && mkfifo MANIFEST.json"), HasSubstr("expected a regular file"));
  for (const std::string file : {"config.json", "model.safetensors", "vocab.model"}) {
    EXPECT_THAT(ErrorAfter(model, "rm -f MANIFEST.json && mv " + file + " saved && mkfifo " + file),
                HasSubstr(file + ": is a pipe or device; expected a regular file"));
    ASSERT_EQ(Bash("cd " + model + " && mv -f saved " + file).code, 0);
  }
}

TEST(HostileFilesTest, ADamagedVocabularyOfAnyKindIsOneError) {
  const std::string model = ModelCopy("kinds");
  const std::string whole = FileText("tests/interop/recorded/byte_bpe/tokenizer.json");
  const auto error = [&](const std::string& vocabulary) {
    WriteScratch("kinds/vocab.model", vocabulary);
    const std::string message = ErrorAfter(model, "true");
    EXPECT_THAT(message, HasSubstr("vocab.model:"));
    EXPECT_LT(message.size(), 500u) << message;
    return message;
  };
  WriteScratch("kinds/vocab.model", whole);
  EXPECT_THAT(ErrorAfter(model, "true"), HasSubstr("has 600 pieces, but the model was made for 20"));
  EXPECT_THAT(error(whole.substr(0, whole.size() / 2)), HasSubstr("not JSON"));
  EXPECT_THAT(error("{\"model\": " + Repeated("[", 100'000)), HasSubstr("nested more than 128 deep"));
  EXPECT_THAT(error(R"({"model": {"type": "BPE", "vocab": {"a": 2000000000}}})"), HasSubstr("is missing"));
  EXPECT_THAT(error(Repeated("{\"a\":", 100) + "1" + Repeated("}", 100)), HasSubstr("is missing"));
  EXPECT_THAT(error("#dragoman-words 1\n</s>\n<unk>\n</s>\n"), HasSubstr("is there already"));
  EXPECT_THAT(error("#dragoman-words 1\n" + Repeated("x", 100'000) + "\n"), HasSubstr("a piece of 100000 bytes"));
}

TEST(HostileFilesTest, AHeaderOfManyTensorsIsReadAtOnce) {
  const std::string model = ModelCopy("many");
  std::string header;
  for (int i = 0; i < 80'000; ++i) {
    header +=
        (i > 0 ? ",\"" : "{\"") + std::to_string(i) + "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
  }
  header += "}";
  const uint64_t length = header.size();
  const std::string bytes(reinterpret_cast<const char*>(&length), sizeof length);
  WriteScratch("many/model.safetensors", bytes + header);
  EXPECT_THAT(ErrorAfter(model, "true"),
              HasSubstr("model.safetensors: holds a tensor \"0\" that the config.json beside it has no place for"));
}

TEST(HostileFilesTest, ResumingWritesOnlyIntoTheRun) {
  const std::string run = Scratch("planted"), victim = WriteScratch("victim", "precious\n");
  ASSERT_EQ(Bash("cp -r " + TinyRun() + " " + run + " && mkdir " + Scratch("outside")).code, 0);
  const Args resume = TinyTraining() + Args{"--max-steps", "21", "--resume", "--output"};
  const auto plant = [&](const std::string& target, const std::string& name) {
    return Bash("cd " + run + " && rm -rf " + name + " && ln -s " + target + " " + name).code;
  };
  const std::vector<std::pair<std::string, std::string>> links = {{".lock", victim},
                                                                  {"train.jsonl", victim},
                                                                  {"config.toml", Scratch("outside") + "/new"},
                                                                  {"tensorboard", Scratch("outside")}};
  for (const auto& [name, target] : links) {
    ASSERT_EQ(Bash("cd " + run + " && mv " + name + " saved").code, 0);
    ASSERT_EQ(plant(target, name), 0);
    const Finished refused = Dragoman(resume + Args{run});
    EXPECT_EQ(refused.code, 1);
    EXPECT_THAT(refused.err, AllOf(HasSubstr(name + ": is a link to "), HasSubstr("remove the link")));
    ASSERT_EQ(Bash("cd " + run + " && rm " + name + " && mv saved " + name).code, 0);
  }
  for (const std::string name : {"corpus.tokens.tmp", "corpus.tokens.src.copy", ".tmp-last", ".tmp-step-00000021"}) {
    ASSERT_EQ(plant(victim, name), 0);
  }
  ASSERT_EQ(plant(Scratch("outside"), "last"), 0);
  ASSERT_EQ(Bash("rm " + run + "/corpus.tokens && ln -s planted " + Scratch("by-a-link")).code, 0);
  const Finished resumed = Dragoman(resume + Args{Scratch("by-a-link")});  // the run itself may be one
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(RealFileSystem().ReadSymlink(run + "/last"), "step-00000021");
  EXPECT_EQ(FileText(victim), "precious\n");
  EXPECT_TRUE(RealFileSystem().List(Scratch("outside")).empty());
}

TEST(HostileFilesTest, AWrongLineOfJsonlIsNamedByColumnAndReason) {
  const std::string ours = R"({"source": "a", "target": "b", "id": "\ud800", "score": 1e99999, "x": {"y": [{}, {}]}})";
  const auto error = [&](const std::string& line) {
    const std::string path = WriteScratch("pairs.jsonl", ours + "\n" + line + "\n");
    const Finished run = Dragoman({"train", "--train-jsonl", path, "--vocab", TinyRun() + "/last/vocab.model",
                                   "--output", Scratch("jsonl-run"), "--max-steps", "1"});
    EXPECT_EQ(run.code, 1) << run.err;
    return run.err;
  };
  EXPECT_THAT(error(R"({"source": NaN, "target": "b"})"), HasSubstr("pairs.jsonl:2: column 12: not JSON: NaN"));
  EXPECT_THAT(error(R"({"source": "a", "target": "b",})"), HasSubstr("pairs.jsonl:2: column 30: not JSON: a comma"));
  EXPECT_THAT(error(R"({"source": "a", "target": "b", "target": "c"})"), HasSubstr("\"target\" is there twice"));
  EXPECT_THAT(error(R"({"source": "a", "target": "\udfff"})"),
              HasSubstr("column 28: the value of \"target\" has \\udfff"));
}

}  // namespace
}  // namespace dragoman
