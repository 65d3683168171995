// SPDX-License-Identifier: Apache-2.0
#include "text/byte_bpe_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "text/byte_bpe_segmenter.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

std::string Refusal(const std::string& json) {
  return MessageOf<FormatError>([&] { CheckByteBpe(json, "dir/vocab.model"); });
}

// Of the small vocabulary with a change.
std::string RefusalOf(const std::string& from, const std::string& to) {
  return Refusal(Changed(TinyByteBpe(), from, to));
}

TEST(ByteBpeCheckTest, PiecesMergesAndSpecialTokensAreThoseOfTheFile) {
  const ByteBpeContents tiny = CheckByteBpe(TinyByteBpe(), "tiny");
  EXPECT_EQ(tiny.names.size(), 10u);
  EXPECT_EQ(tiny.names[9], "Ġab");
  EXPECT_EQ(tiny.bos_id, 0);
  EXPECT_EQ(tiny.eos_id, 1);
  EXPECT_EQ(tiny.unk_id, 2);
  EXPECT_EQ(tiny.pad_id, -1);
  EXPECT_FALSE(tiny.add_prefix_space);
  EXPECT_TRUE(tiny.special[1]);
  EXPECT_FALSE(tiny.special[3]);
  ASSERT_EQ(tiny.merges.size(), 3u);
  EXPECT_EQ(tiny.merges[2].result, 9);
  EXPECT_EQ(tiny.RankOf(7, 5), 1u);
  EXPECT_EQ(tiny.RankOf(5, 7), ByteBpeContents::kNoMerge);
  EXPECT_EQ(CheckByteBpe(RecordedByteBpe("tokenizer.json"), "recorded").names.size(), 600u);
}

TEST(ByteBpeCheckTest, OldFilesHaveNoTypeAndAVersionAmongTheMerges) {
  const ByteBpeContents old = CheckByteBpe(
      Changed(Changed(TinyByteBpe(), R"("type": "BPE", )", ""), R"([["a", "b"])", R"(["#version: 0.2", "a b")"), "old");
  ASSERT_EQ(old.merges.size(), 3u);
  EXPECT_EQ(old.RankOf(3, 4), 0u);
}

TEST(ByteBpeCheckTest, AddedTokensMayStandBesidesTheVocabulary) {
  const ByteBpeContents more =
      CheckByteBpe(Changed(TinyByteBpe(), R"("added_tokens": [)",
                           R"("added_tokens": [{"id": 11, "content": "<mask>", "special": true},
                                  {"id": 10, "content": "<pad>", "special": true},)"),
                   "more");
  EXPECT_EQ(more.names.size(), 12u);
  EXPECT_EQ(more.names[11], "<mask>");
  EXPECT_TRUE(more.special[11]);
  EXPECT_EQ(more.pad_id, 10);
}

TEST(ByteBpeCheckTest, TheTokenForTheUnknownMayHaveAnyName) {
  const ByteBpeContents named =
      CheckByteBpe(Changed(Changed(TinyByteBpe(), R"("unk_token": null)", R"("unk_token": "[UNK]")"),
                           "\"<unk>\": 2, \"a\"", "\"<unk>\": 2, \"[UNK]\": 10, \"a\""),
                   "named");
  EXPECT_EQ(named.unk_id, 10);
  EXPECT_TRUE(named.special[10]);
}

TEST(ByteBpeCheckTest, WhatIsDoneOtherwiseThereIsRefusedByName) {
  for (const auto& [from, to, message] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {R"("normalizer": null)", R"("normalizer": {"type": "NFC"})", "normalizer is {\"type\": \"NFC\"}, expected"},
           {R"({"type": "ByteLevel", "add)", R"({"type": "Whitespace", "add)", "pre_tokenizer is \"Whitespace\""},
           {R"("use_regex": true)", R"("use_regex": false)", "use_regex is false, expected true"},
           {R"("trim_offsets")", R"("individual_digits")", "pre_tokenizer has the key \"individual_digits\""},
           {R"("decoder": {"type": "ByteLevel")", R"("decoder": {"type": "WordPiece")", "decoder is \"WordPiece\""},
           {R"("type": "BPE")", R"("type": "WordPiece")", "model is \"WordPiece\", which is not done here"},
           {R"("dropout": null)", R"("dropout": 0.1)", "dropout is 0.1, expected none"},
           {R"("byte_fallback": false)", R"("byte_fallback": true)", "byte_fallback is true, expected none"},
           {R"("ignore_merges": false)", R"("ignore_merges": true)", "ignore_merges is true, expected none"},
           {R"("continuing_subword_prefix": "")", R"("continuing_subword_prefix": "##")", "subword_prefix is \"##\""},
           {R"("end_of_word_suffix": "")", R"("end_of_word_suffix": "</w>")", "end_of_word_suffix is \"</w>\""},
           {R"("dropout")", R"("surprise")", "model has the key \"surprise\""},
           {R"("version")", R"("surprise")", "this has the key \"surprise\""},
           {R"("special": true})", R"("special": false})", "the added token \"<s>\" is not special"}}) {
    EXPECT_THAT(RefusalOf(from, to), AllOf(StartsWith("dir/vocab.model:"), HasSubstr(message))) << to;
  }
}

TEST(ByteBpeCheckTest, PiecesThatContradictOneAnotherAreRefused) {
  for (const auto& [from, to, message] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"\"c\": 5", "\"c\": 4", "\"b\" and \"c\" both have the id 4"},
           {"\"c\": 5", "\"c\": 10", "the id of \"c\" is 10, but there are 10 pieces, whose ids must leave no gap"},
           {"\"c\": 5", "\"c\": -1", "the id of \"c\" is -1, expected an integer"},
           {"\"c\": 5", "\"c\": 99999999", "the id of \"c\" is 99999999, expected an integer"},
           {"\"c\": 5", "\"c\": \"5\"", "the id of \"c\" is \"5\", expected an integer"},
           {"\"c\": 5", "\"b\": 5", "the key \"b\" is there twice"},
           {"\"c\": 5", "\"\": 5", "a piece without a name"},
           {"\"c\": 5", "\"" + std::string(5000, 'c') + "\": 5", "a piece of 5000 bytes"},
           {R"({"id": 1, "content": "</s>")", R"({"id": 4, "content": "</s>")", "\"</s>\" has two ids, 1 and 4"},
           {R"("content": "<unk>")", R"("content": "</s>")", "\"</s>\" has two ids, 1 and 2"},
           {R"({"id": 2, "content": "<unk>")", R"({"id": 1, "content": "</s>")", "\"</s>\" is added twice"},
           {R"({"id": 2, "content": "<unk>")", R"({"id": 10, "content": "<pad>")", "its <unk> is not among"},
           {R"("unk_token": null)", R"("unk_token": "?")", "unk_token is \"?\", which is no piece"}}) {
    EXPECT_THAT(RefusalOf(from, to), AllOf(StartsWith("dir/vocab.model:"), HasSubstr(message))) << to;
  }
  EXPECT_THAT(Refusal(Changed(Changed(TinyByteBpe(), "</s>", "<e>"), "\"</s>\": 1", "\"<e>\": 1")),
              HasSubstr("it has no </s>, which every model needs"));
}

TEST(ByteBpeCheckTest, MergesOfWhatIsNoPieceOfTextAreRefused) {
  const std::string merges = R"([["a", "b"])";
  for (const auto& [to, message] : std::vector<std::pair<std::string, std::string>>{
           {R"([["a", "x"])", "merges[0] joins \"a\" and \"x\", but \"x\" is no piece"},
           {R"([["a", "c"])", "merges[0] joins \"a\" and \"c\", but \"ac\" is no piece"},
           {R"([["<s>", "b"])", "but \"<s>\" is a special token"},
           {R"([["a", "b", "c"])", "merges[0] is [\"a\", \"b\", \"c\"], expected two pieces"},
           {R"([["a"])", "expected two pieces"},
           {R"([["a", 4])", "merges[0] is 4, expected a string"},
           {R"(["a b c")", "expected two pieces with a space between"},
           {R"(["ab")", "expected two pieces with a space between"},
           {R"([7)", "expected a string"},
           {R"([["a", "b"], "a b")", "two merges join \"a\" and \"b\""}}) {
    EXPECT_THAT(RefusalOf(merges, to), HasSubstr(message)) << to;
  }
  // A special token that letters would make.
  const std::string word = Changed(TinyByteBpe(), R"("added_tokens": [)",
                                   R"("added_tokens": [{"id": 8, "content": "abc", "special": true},)");
  EXPECT_THAT(Refusal(word), HasSubstr("merges[1] joins \"ab\" and \"c\", but \"abc\" is a special token"));
}

TEST(ByteBpeCheckTest, WhatIsNoTokenizerIsRefused) {
  EXPECT_THAT(Refusal("{}"), HasSubstr("the key \"model\" is missing"));
  EXPECT_THAT(Refusal("{"), HasSubstr("not JSON"));
  EXPECT_THAT(Refusal(TinyByteBpe() + "{}"), HasSubstr("after the end"));
  EXPECT_THAT(Refusal(R"({"model": [)" + std::string(1000, '[')), HasSubstr("nested more than 128 deep"));
  EXPECT_THAT(Refusal(R"({"model": {"type": "BPE"}})"), HasSubstr("is missing"));
}

// Whatever is cut off or changed: it opens, or is refused in an orderly way.
TEST(ByteBpeCheckTest, EveryDamageIsAnErrorOrAVocabulary) {
  const std::string whole = TinyByteBpe();
  int opened = 0;
  const auto open = [&](const std::string& json) {
    try {
      const auto segmenter = MakeByteBpeSegmenter(json, "damaged");
      const auto ids = segmenter->Encode("abc ab cab, abx");
      segmenter->Decode(ids);
      for (int32_t piece = 0; piece < segmenter->info().size; ++piece) segmenter->LastMerge(piece);
      ++opened;
    } catch (const FormatError&) {  // as it should be
    }
  };
  for (size_t size = 0; size < whole.size(); ++size) open(whole.substr(0, size));
  EXPECT_EQ(opened, 1) << "of those cut off only the one without the last line feed is whole";
  for (size_t at = 0; at < whole.size(); ++at) {
    for (const int flipped : {0x01, 0x02, 0x10, 0x20, 0x80}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flipped);
      open(damaged);
    }
  }
  EXPECT_GT(opened, 100);
}

}  // namespace
}  // namespace dragoman
