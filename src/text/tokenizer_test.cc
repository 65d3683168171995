// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

std::string Refusal(const Tokenizer& usual, const TokenizerSettings& settings) {
  try {
    Tokenizer(usual.segmenter(), settings, "settings");
  } catch (const FormatError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(TokenizerTest, TheKindOfAVocabularyIsKnownByItsBytes) {
  const std::string spiece = TestVocabulary().serialized();
  EXPECT_EQ(KindOfVocabulary(spiece), VocabularyKind::kSentencePiece);
  EXPECT_EQ(KindOfVocabulary("{\n"), VocabularyKind::kByteBpe);
  EXPECT_EQ(KindOfVocabulary("#dragoman-words 1\n"), VocabularyKind::kWords);
  EXPECT_EQ(Tokenizer::FromBytes(spiece, "a").traits().type, "unigram");
  EXPECT_EQ(Tokenizer::FromBytes(TinyByteBpe(), "b").traits().type, "byte-bpe");
  EXPECT_EQ(Tokenizer::FromBytes("#dragoman-words 1\n</s>\n<unk>\n", "c").traits().type, "words");
  for (const std::string text : {"", " {}", "# dragoman-words 1\n", "plain text\n"}) {
    EXPECT_THAT(MessageOf<FormatError>([&] { Tokenizer::FromBytes(text, "dir/d"); }), HasSubstr("dir/d: ")) << text;
  }
  EXPECT_THAT(MessageOf<FormatError>([] { Tokenizer::FromBytes("plain text\n", "d"); }),
              HasSubstr("expected a SentencePiece model, a tokenizer.json or a list of words"));
}

TEST(TokenizerTest, EachKindOfVocabularyIsNumberedAsTheModelSays) {
  for (const std::string& bytes : {TinyByteBpe(), std::string("#dragoman-words 1\n<unk>\n</s>\nabc\nab\nc\n")}) {
    const Tokenizer usual = Tokenizer::FromBytes(bytes, "usual");
    const Tokenizer other(usual.segmenter(), OddSettings(usual).src, "settings");
    const std::vector<int32_t> ids = other.Encode("abc ab");
    EXPECT_EQ(other.Decode(ids), "abc ab");
    EXPECT_EQ(ids.front(), usual.size() - 1 - usual.Find("abc").value());
    EXPECT_EQ(other.Find("<a>"), usual.size());
    EXPECT_EQ(other.eos_id(), usual.size() - 1 - usual.eos_id());
  }
}

TEST(TokenizerTest, MergesAreNumberedAsTheModelSays) {
  const Tokenizer usual = Tokenizer::FromBytes(TinyByteBpe(), "usual");
  TokenizerSettings settings = Reversed(usual, 1);
  const Tokenizer other(usual.segmenter(), settings, "settings");
  EXPECT_EQ(usual.LastMerge(8), std::pair(7, 5));
  EXPECT_EQ(other.LastMerge(10 - 8), std::pair(10 - 7, 10 - 5));
  settings.ids[5] = -1;
  EXPECT_EQ(Tokenizer(usual.segmenter(), settings, "settings").LastMerge(10 - 8), std::nullopt);
  EXPECT_EQ(TestVocabulary().LastMerge(10), std::nullopt) << "that of its characters is";
}

TEST(TokenizerTest, AnotherNumberingChangesIdsAndNoText) {
  const Tokenizer usual = TestVocabulary();
  const Tokenizer other(usual.segmenter(), Reversed(usual, 3), "settings");
  EXPECT_EQ(other.size(), usual.size() + 3);
  EXPECT_EQ(other.eos_id(), 3 + 87);
  EXPECT_FALSE(other.HasPiece(2));
  EXPECT_NE(other.fingerprint(), usual.fingerprint());
  for (const std::string& sentence : TestSentences()) {
    const std::vector<int32_t> ids = other.Encode(sentence), expected = usual.Encode(sentence);
    ASSERT_EQ(ids.size(), expected.size());
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(other.Piece(ids[i]), usual.Piece(expected[i]));
    EXPECT_EQ(other.Decode(ids), sentence);
  }
  EXPECT_EQ(other.Find(usual.Piece(5)), 3 + 84);
  EXPECT_THROW(other.Piece(1), OptionError);
}

TEST(TokenizerTest, APieceWithoutARowIsUnknownAndCounted) {
  const Tokenizer usual = TestVocabulary();
  TokenizerSettings settings = Reversed(usual);
  const int32_t lost = usual.Encode("I see a cat.").front();
  settings.ids[static_cast<size_t>(lost)] = -1;
  const Tokenizer other(usual.segmenter(), settings, "settings");
  EXPECT_EQ(other.Encode("I see a cat.").front(), other.unk_id());
  EXPECT_EQ(other.CountUnknown("I see a cat."), CharactersIn(usual.Piece(lost)));
}

TEST(TokenizerTest, AddedTokensHaveNamesAndNoText) {
  const Tokenizer usual = TestVocabulary();
  TokenizerSettings settings;
  settings.added = {{"fra_Latn", 95}};
  settings.prefix = {95};
  const Tokenizer tokenizer(usual.segmenter(), settings, "settings");
  EXPECT_EQ(tokenizer.size(), 96);
  EXPECT_EQ(tokenizer.Find("fra_Latn"), 95);
  EXPECT_TRUE(tokenizer.Has(95));
  EXPECT_FALSE(tokenizer.HasPiece(95));
  std::vector<int32_t> ids = tokenizer.Encode("I see a cat.");
  tokenizer.sentence().Wrap(&ids);
  EXPECT_EQ(tokenizer.Piece(ids.front()), "fra_Latn");
  EXPECT_EQ(ids.back(), tokenizer.eos_id());
  EXPECT_EQ(tokenizer.Decode(ids), "I see a cat.");
}

TEST(TokenizerTest, SettingsOfAnotherVocabularyAreRefused) {
  const Tokenizer usual = TestVocabulary();
  EXPECT_THAT(Refusal(usual, {.ids = {0, 1, 2}}), HasSubstr("settings: ids has 3 numbers"));
  TokenizerSettings twice = Reversed(usual), endless = Reversed(usual);
  twice.ids[5] = twice.ids[6];
  EXPECT_THAT(Refusal(usual, twice), HasSubstr("is given twice"));
  endless.ids[2] = -1;
  EXPECT_THAT(Refusal(usual, endless), HasSubstr("ids gives </s> none"));
  EXPECT_THAT(Refusal(usual, {.added = {{"x", 5}}}), HasSubstr("id 5 is given twice"));
  EXPECT_THAT(Refusal(usual, {.added = {{"</s>", 95}}}), HasSubstr("which is a piece"));
  EXPECT_THAT(Refusal(usual, {.prefix = {95}}), HasSubstr("prefix holds 95"));
  EXPECT_THAT(Refusal(usual, {.banned = {2}}), HasSubstr("banned holds 2"));
}

TEST(TokenizerSettingsTest, WhatIsWrittenReadsBackAndNothingElse) {
  const auto read = [](const std::string& json) -> std::string {
    try {
      TokenizerSettingsPair::FromJson(json, "file");
    } catch (const FormatError& error) {
      return error.what();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(TokenizerSettingsPair{}.ToJson(), "");
  const TokenizerSettingsPair pair{{.ids = {1, -1, 0}, .suffix = {{1, 2}}},
                                   {.added = {{"a\"b", 7}}, .padding_rows = 3, .prefix = {7}, .banned = {3}}};
  EXPECT_EQ(TokenizerSettingsPair::FromJson(pair.ToJson(), "file"), pair);
  const std::string head = R"({"format": "dragoman-tokenizer-1", )";
  EXPECT_THAT(read(R"({"format": "hf"})"), HasSubstr("expected \"dragoman-tokenizer-1\""));
  EXPECT_THAT(read(head + R"("sources": {}})"), HasSubstr("key \"sources\" is not known"));
  EXPECT_THAT(read(head + R"("tgt": {"suffix": [2]}})"), HasSubstr("key \"suffix\" is not known"));
  EXPECT_THAT(read(head + R"("src": {"ids": [-2]}})"), HasSubstr("ids"));
  for (const std::string name : {"", "two words", "line\\n", "\\u001b[31m", "\\u0085", "\\u007f"}) {
    EXPECT_THAT(read(head + R"("src": {"added": {")" + name + R"(": 95}}})"), HasSubstr("a token of added")) << name;
  }
  EXPECT_THAT(read(head + R"("src": {"padding_rows": -1}})"), HasSubstr("padding_rows is -1"));
  EXPECT_THAT(read(head + R"("src": {"prefix": [0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}})"), HasSubstr("at most 16"));
}

}  // namespace
}  // namespace dragoman
