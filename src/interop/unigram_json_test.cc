// SPDX-License-Identifier: Apache-2.0
// What transformers saves of SentencePiece models (tests/interop/record_unigram.py) is these models again, and gives
// its ids; what SentencePiece does not compute is refused by name.
#include "interop/unigram_json.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "interop/huggingface_vocabulary.h"
#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kFolder = "tests/interop/recorded/unigram";

std::string Recorded(const std::string& family, const std::string& name) {
  return ReadFile(RealFileSystem(), JoinPath(JoinPath(kFolder, family), name));
}

class UnigramFamilyTest : public testing::TestWithParam<std::string> {
 protected:
  // The vocabularies of a directory that has this file alone, of a model with as many rows as transformers counts.
  VocabularyPair Read(const std::string& file) const {
    TestFolder folder;
    folder.Write(file, Recorded(GetParam(), file));
    ForeignModel model;
    model.config.src_vocab = model.config.tgt_vocab = cases_.at("rows");
    HuggingFaceSource source{RealFileSystem(), folder.path(), SourceSettings("{}", "config.json"), nullptr, {}};
    if (GetParam() == "mbart" && file != "tokenizer.json") {
      folder.Write("tokenizer.json", Recorded(GetParam(), "tokenizer.json"));  // which names the languages
    }
    return ReadHuggingFaceVocabularies(source, GetParam(), &model);
  }
  std::string Original() const { return GetParam() == "mbart" ? "sentencepiece.bpe.model" : "spiece.model"; }

  const json cases_ = json::parse(Recorded(GetParam(), "cases.json"));
};

TEST_P(UnigramFamilyTest, GivesTheIdsOfTransformers) {
  const VocabularyPair vocabs = Read("tokenizer.json");
  EXPECT_GT(cases_.at("cases").size(), 10u);
  for (const json& one : cases_.at("cases")) {
    EXPECT_EQ(vocabs.src->Encode(one.at("text").get<std::string>()), one.at("ids").get<std::vector<int32_t>>())
        << one.at("text");
  }
  EXPECT_EQ(vocabs.src->rows(), cases_.at("rows"));
  const std::string special = "</s> <pad> <unk> <extra_id_3> <mask_1> en_XX";
  for (const int32_t id : vocabs.src->Encode(special)) {
    EXPECT_TRUE(vocabs.src->Score(id) || id == vocabs.src->unk_id()) << "text never becomes " << vocabs.src->Piece(id);
  }
}

TEST_P(UnigramFamilyTest, IsTheModelThatItWasMadeOf) {
  const VocabularyPair made = Read("tokenizer.json"), original = Read(Original());
  for (const json& one : cases_.at("cases")) {
    const std::string text = one.at("text");
    const bool has_rules = GetParam() != "mbart";  // whose original knows more than its tokenizer.json
    const std::vector<int32_t> ids = made.src->Encode(text);
    EXPECT_EQ(made.src->Decode(ids), original.src->Decode(ids)) << text;
    if (has_rules) {
      EXPECT_EQ(ids, original.src->Encode(text)) << text;
    }
  }
  EXPECT_EQ(made.src->unk_id(), original.src->unk_id());
  EXPECT_EQ(made.src->eos_id(), original.src->eos_id());
  EXPECT_EQ(made.src->settings().prefix, original.src->settings().prefix);
  EXPECT_EQ(made.src->settings().languages, original.src->settings().languages);
  for (int32_t id = 0; id < made.src->size(); ++id) {
    if (!made.src->Has(id) || !original.src->Has(id)) continue;
    EXPECT_EQ(made.src->Piece(id), original.src->Piece(id));
  }
}

INSTANTIATE_TEST_SUITE_P(Recorded, UnigramFamilyTest, testing::Values("t5", "pegasus", "mbart"),
                         [](const auto& test) { return test.param; });

// A sound one of few pieces, to be changed.
json Small() {
  const auto special = [](int id, const char* content) {
    return json{{"id", id}, {"content", content}, {"special", true}};
  };
  const auto piece = [](const char* text, double score) { return json::array({text, score}); };
  return {{"added_tokens", {special(0, "<pad>"), special(1, "</s>"), special(2, "<unk>")}},
          {"normalizer", nullptr},
          {"pre_tokenizer",
           {{"type", "Sequence"},
            {"pretokenizers",
             {{{"type", "WhitespaceSplit"}},
              {{"type", "Metaspace"}, {"replacement", "▁"}, {"prepend_scheme", "always"}, {"split", true}}}}}},
          {"model",
           {{"type", "Unigram"},
            {"unk_id", 2},
            {"vocab", json::array({piece("<pad>", 0), piece("</s>", 0), piece("<unk>", 0), piece("▁", -2),
                                   piece("▁a", -1.5), piece("b", -1.25)})},
            {"byte_fallback", false}}}};
}

Tokenizer Made(const json& tokenizer) {
  UnigramVocabulary read = ReadUnigramJson(tokenizer.dump(), "t.json");
  TokenizerSettings settings;
  settings.ids = read.ids;
  return {Tokenizer::FromBytes(std::move(read.model), "t.json").segmenter(), settings, "t.json"};
}

TEST(UnigramJsonTest, ASoundOneIsRead) {
  EXPECT_THAT(Made(Small()).Encode("ab  b"), ElementsAre(4, 5, 3, 5));
  EXPECT_EQ(Made(Small()).Decode(std::vector<int32_t>{4, 5, 3, 5}), "ab b");
  EXPECT_EQ(Made(Small()).Score(5), -1.25f);
  EXPECT_FALSE(Made(Small()).Has(0)) << "<pad> is no piece: search never says it";
}

TEST(UnigramJsonTest, PartsThatChangeNothingMayBeThere) {
  const json metaspace = Small()["pre_tokenizer"]["pretokenizers"][1];
  const json one_space = {{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}};
  json tokenizer = Small();
  tokenizer["normalizer"] = {{"type", "Sequence"},
                             {"normalizers",
                              {{{"type", "Precompiled"}, {"precompiled_charsmap", nullptr}},
                               {{"type", "Replace"}, {"pattern", {{"Regex", "\n"}}}, {"content", " "}},
                               one_space,
                               {{"type", "Strip"}, {"strip_left", false}, {"strip_right", true}}}}};
  tokenizer["pre_tokenizer"] = metaspace;
  EXPECT_THAT(Made(tokenizer).Encode("ab  b"), ElementsAre(4, 5, 3, 5));
  tokenizer["pre_tokenizer"] = {{"type", "Metaspace"}, {"replacement", "▁"}, {"add_prefix_space", true}};
  EXPECT_NO_THROW(Made(tokenizer));
}

TEST(UnigramJsonTest, BytesMayStandForWhatHasNoPiece) {
  json tokenizer = Small();
  tokenizer["model"]["byte_fallback"] = true;
  for (int byte = 0; byte < 256; ++byte) {
    tokenizer["model"]["vocab"].push_back(json::array({fmt::format("<0x{:02X}>", byte), -10}));
  }
  EXPECT_THAT(Made(tokenizer).Encode("aé"), ElementsAre(4, 6 + 0xC3, 6 + 0xA9));
}

TEST(UnigramJsonTest, WhatSentencePieceDoesNotComputeIsRefusedByName) {
  const auto error = [](const auto& change) {
    json tokenizer = Small();
    change(tokenizer);
    return ErrorIn([&] { Made(tokenizer); });
  };
  const auto expect_refused = [&](const auto& change, const std::string& what) {
    EXPECT_THAT(error(change), AllOf(HasSubstr("t.json:1: column "), HasSubstr(what)));
  };
  expect_refused([](json& t) { t["model"]["type"] = "BPE"; }, "\"BPE\", expected Unigram");
  expect_refused([](json& t) { t["normalizer"] = {{"type", "NFKC"}}; }, "a normalizer of type NFKC");
  expect_refused([](json& t) { t["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "A"}}; }, "base64");
  expect_refused(
      [](json& t) {
        t["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "A$=="}};
      },
      "base64");
  expect_refused(
      [](json& t) {
        t["normalizer"] = {{"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", "b"}};
      },
      "a normalizer that replaces other");
  expect_refused(
      [](json& t) {
        const json precompiled = {{"type", "Precompiled"}, {"precompiled_charsmap", "AAAA"}};
        t["normalizer"] = {{"type", "Sequence"}, {"normalizers", {precompiled, precompiled}}};
      },
      "type Precompiled at this place");
  expect_refused([](json& t) { t["pre_tokenizer"] = {{"type", "ByteLevel"}}; }, "a pre_tokenizer of type ByteLevel");
  expect_refused([](json& t) { t["pre_tokenizer"] = {{"type", "WhitespaceSplit"}}; }, "expected Metaspace");
  expect_refused([](json& t) { t["pre_tokenizer"] = t["pre_tokenizer"]["pretokenizers"][1]; }, "keeps several spaces");
  expect_refused([](json& t) { t["pre_tokenizer"]["pretokenizers"][1]["prepend_scheme"] = "never"; },
                 "no space in front");
  expect_refused([](json& t) { t["pre_tokenizer"]["pretokenizers"][1]["replacement"] = "_"; }, "U+2581");
  expect_refused([](json& t) { t["added_tokens"][0]["special"] = false; }, "\"<pad>\" is an added token");
  expect_refused([](json& t) { t["model"]["vocab"][4][0] = "▁a▁b"; }, "\"▁a▁b\" goes across a space");
  expect_refused([](json& t) { t["model"]["vocab"][4] = json::array({"a"}); }, "a piece is");
  EXPECT_THAT(error([](json& t) { t.erase("pre_tokenizer"); }), HasSubstr("pre_tokenizer"));
  EXPECT_THAT(error([](json& t) { t["model"]["unk_id"] = 99; }), HasSubstr("t.json"));
  EXPECT_THAT(error([](json& t) { t["model"]["vocab"][4][0] = "b"; }), HasSubstr("t.json"));
  EXPECT_THAT(error([](json& t) { t["model"]["vocab"][4][0] = ""; }), HasSubstr("t.json"));
  EXPECT_THAT(error([](json& t) {
                t["normalizer"] = {{"type", "Precompiled"}, {"precompiled_charsmap", "/////w=="}};
              }),
              HasSubstr("t.json"));
}

}  // namespace
}  // namespace dragoman
