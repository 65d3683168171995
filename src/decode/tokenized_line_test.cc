// SPDX-License-Identifier: Apache-2.0
#include "decode/tokenized_line.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/timer.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

const Tokenizer& Vocab() {
  static const Tokenizer* const vocab = new Tokenizer(TestVocabulary());
  return *vocab;
}

TEST(TokenizeLineTest, EndsWithEndOfSentence) {
  const TokenizedLine tokenized = TokenizeLine(Vocab(), "I see a cat.", 100);
  std::vector<int32_t> expected = Vocab().Encode("I see a cat.");
  expected.push_back(Vocab().eos_id());
  EXPECT_EQ(tokenized.tokens, expected);
  EXPECT_FALSE(tokenized.truncated);
  EXPECT_FALSE(tokenized.repaired);
}

TEST(TokenizeLineTest, AnEmptyLineHasNoTokens) {
  for (const char* line : {"", " ", " \t "}) {
    const TokenizedLine tokenized = TokenizeLine(Vocab(), line, 100);
    EXPECT_TRUE(tokenized.tokens.empty());
    EXPECT_FALSE(tokenized.truncated);
  }
}

TEST(TokenizeLineTest, KeepsTheLeftPartOfWhatIsTooLong) {
  const std::string line = "the teacher see the doctor and my friend call our neighbour";
  const std::vector<int32_t> whole = TokenizeLine(Vocab(), line, 1000).tokens;
  const auto length = static_cast<int64_t>(whole.size());
  EXPECT_FALSE(TokenizeLine(Vocab(), line, length).truncated);  // exactly fits
  for (const int64_t limit : {int64_t{1}, int64_t{2}, int64_t{5}, length - 1}) {
    const TokenizedLine tokenized = TokenizeLine(Vocab(), line, limit);
    EXPECT_TRUE(tokenized.truncated);
    ASSERT_EQ(static_cast<int64_t>(tokenized.tokens.size()), limit);
    EXPECT_TRUE(std::equal(tokenized.tokens.begin(), tokenized.tokens.end() - 1, whole.begin()));
    EXPECT_EQ(tokenized.tokens.back(), Vocab().eos_id());
  }
}

// SentencePiece alone takes half a minute for a megabyte of one unknown character.
TEST(TokenizeLineTest, ALineOfMegabytesTakesNoTimeAndKeepsItsLeftPart) {
  const Timer timer;
  for (const char* character : {"\xE9\xBE\x98", "x", " ", "\xFF", "I see a cat. "}) {
    std::string line;
    while (line.size() < 2'000'000) line += character;
    const TokenizedLine tokenized = TokenizeLine(Vocab(), line, 20);
    EXPECT_TRUE(tokenized.truncated) << character;
    EXPECT_EQ(tokenized.repaired, character[0] == '\xFF');
    EXPECT_LE(tokenized.tokens.size(), 20u);
  }
  EXPECT_LT(timer.Seconds(), 5.0);
  std::string cats = "I see a cat. ";
  while (cats.size() < 10'000) cats += cats;
  EXPECT_EQ(TokenizeLine(Vocab(), cats, 20).tokens, TokenizeLine(Vocab(), cats.substr(0, 200), 20).tokens);
}

TEST(TokenizeLineTest, NoCharacterIsCutInTwo) {
  for (size_t spaces = 0; spaces < 4; ++spaces) {
    std::string line(spaces, ' ');
    while (line.size() < 1000) line += "\xF0\x9F\x90\x88";
    EXPECT_FALSE(TokenizeLine(Vocab(), line, 10).repaired);
  }
}

TEST(TokenizeLineTest, RepairsInvalidUtf8AndNul) {
  const auto expect_reads_as = [](const std::string& line, const std::string& as) {
    const TokenizedLine tokenized = TokenizeLine(Vocab(), line, 100);
    EXPECT_TRUE(tokenized.repaired);
    EXPECT_EQ(tokenized.tokens, TokenizeLine(Vocab(), as, 100).tokens);
  };
  expect_reads_as("I see\xff a cat.", "I see\xEF\xBF\xBD a cat.");
  expect_reads_as(std::string("I\0see", 5), "I see");
  expect_reads_as("\xE6\x88", "\xEF\xBF\xBD\xEF\xBF\xBD");                          // 我 without its last byte
  expect_reads_as("\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD");                          // an overlong NUL
  expect_reads_as("\xED\xA0\x80 cat", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD cat");  // half a surrogate pair
  expect_reads_as(std::string(3, '\0'), "");
  EXPECT_FALSE(TokenizeLine(Vocab(), "我喜欢一只猫 \xEF\xBF\xBD", 100).repaired);  // valid, as it stands
}

// Other ids, a template of several tokens, <a> and <b>, which are no pieces, and a row that means nothing.
const Tokenizer& OddVocab() {
  static const Tokenizer* const vocab = [] {
    TokenizerSettings settings = OddSettings(Vocab()).src;
    settings.padding_rows = 1;
    return new Tokenizer(Vocab().segmenter(), settings, "settings");
  }();
  return *vocab;
}

constexpr LineForm kCutForms[] = {LineForm::kPieces, LineForm::kIds};

TEST(CutLineTest, ASentenceIsTheSameInEveryForm) {
  for (const Tokenizer* vocab : {&Vocab(), &OddVocab()}) {
    for (const std::string text : {"I see a cat.", "我喜欢一只猫，是吗？", "you"}) {
      for (const LineForm form : kCutForms) {
        const std::string line = LineOf(*vocab, vocab->Encode(text), form);
        for (const std::string& spaced : {line, "\t " + line + "  "}) {
          const TokenizedLine tokenized = TokenizeLine(*vocab, spaced, 100, form);
          EXPECT_EQ(tokenized.tokens, TokenizeLine(*vocab, text, 100).tokens) << spaced;
          EXPECT_FALSE(tokenized.truncated || tokenized.repaired);
          EXPECT_EQ(tokenized.unknown, 0);
        }
      }
      EXPECT_EQ(LineOf(*vocab, vocab->Encode(text), LineForm::kText), text);
    }
  }
  EXPECT_THAT(LineOf(Vocab(), Vocab().Encode("I see"), LineForm::kPieces), testing::Eq("▁ I ▁s e e"));
}

// As `dragoman encode` prints them, of every kind of vocabulary.
TEST(CutLineTest, PiecesAreAsTheirVocabularyShowsThem) {
  const Tokenizer words =
      Tokenizer::FromBytes(WordListOf(std::vector<std::string>{"</s>", "<unk>", "das", "bei@@", "spiel"}), "words");
  const Tokenizer bytes = Tokenizer::FromBytes(TinyByteBpe(), "tokenizer.json");
  const auto own = [](const Tokenizer& vocab, const std::string& line) {
    std::vector<int32_t> tokens = TokenizeLine(vocab, line, 100, LineForm::kPieces).tokens;
    tokens.pop_back();
    return tokens;
  };
  EXPECT_EQ(own(words, "das bei@@ spiel ein"), words.Encode("das bei@@ spiel ein"));
  EXPECT_EQ(own(bytes, "abc ▁ abc"), bytes.Encode("abc abc"));
  EXPECT_EQ(LineOf(bytes, bytes.Encode("abc abc"), LineForm::kPieces), "abc ▁ abc");
}

TEST(CutLineTest, ABlankLineHasNoTokens) {
  for (const LineForm form : kCutForms) {
    for (const char* line : {"", " ", " \t ", "\xE3\x80\x80"}) {
      EXPECT_TRUE(TokenizeLine(Vocab(), line, 100, form).tokens.empty());
      EXPECT_NO_THROW(RequireTokens(Vocab(), line, form, "source", 1));
    }
  }
}

TEST(CutLineTest, TheLeftPartIsKept) {
  const std::string text = "the teacher see the doctor and my friend call our neighbour";
  const auto length = static_cast<int64_t>(TokenizeLine(Vocab(), text, 1000).tokens.size());
  for (const LineForm form : kCutForms) {
    const std::string line = LineOf(Vocab(), Vocab().Encode(text), form);
    for (const int64_t limit : {int64_t{1}, int64_t{2}, int64_t{5}, length - 1, length}) {
      const TokenizedLine tokenized = TokenizeLine(Vocab(), line, limit, form);
      EXPECT_EQ(tokenized.tokens, TokenizeLine(Vocab(), text, limit).tokens) << limit;
      EXPECT_EQ(tokenized.truncated, limit < length);
    }
  }
}

TEST(CutLineTest, WhatIsNoPieceIsUnknownAndCounted) {
  const TokenizedLine line = TokenizeLine(Vocab(), "▁s ▁Drache <unk> ▁ <zz>", 100, LineForm::kPieces);
  const std::vector<int32_t> own(line.tokens.begin(), line.tokens.end() - 1);
  EXPECT_EQ(std::ranges::count(own, Vocab().unk_id()), 3);
  EXPECT_EQ(line.unknown, 6 + 1 + 4) << "characters of a piece, but a given <unk> is one";
  const std::string ids = fmt::format("{0} {1} {0}", Vocab().unk_id(), Vocab().Encode("see").back());
  EXPECT_EQ(TokenizeLine(Vocab(), ids, 100, LineForm::kIds).unknown, 2);
}

TEST(CutLineTest, DamagedTextIsRepaired) {
  const TokenizedLine line = TokenizeLine(Vocab(), std::string("▁s\0I\xff ", 8), 100, LineForm::kPieces);
  EXPECT_TRUE(line.repaired);
  ASSERT_EQ(line.tokens.size(), 3u);
  EXPECT_EQ(line.tokens[0], Vocab().Find("▁s"));
  EXPECT_EQ(line.tokens[1], Vocab().unk_id());
}

// A token that no text becomes is taken as it is given.
TEST(CutLineTest, AddedTokensHaveNameAndId) {
  const int32_t a = OddVocab().Find("<a>").value();
  for (const auto& [line, form] :
       {std::pair(std::string("<a>"), LineForm::kPieces), {std::to_string(a), LineForm::kIds}}) {
    EXPECT_EQ(TokenizeLine(OddVocab(), line, 100, form).tokens[OddVocab().sentence().prefix.size()], a);
  }
}

TEST(CutLineTest, WhatIsNoTokenOfASentenceIsOneClearError) {
  const auto error = [](const Tokenizer& vocab, const std::string& line, LineForm form) {
    EXPECT_THROW(TokenizeLine(vocab, line, 100, form), OptionError) << line;
    return MessageOf<FileError>([&] { RequireTokens(vocab, line, form, "source", 17); });
  };
  const std::string meaningless = std::to_string(OddVocab().size());
  for (const std::string& id : {std::string("x"), std::string("-1"), std::string("4.5"), std::string("4294967300"),
                                std::string("▁see"), std::string("3\xff"), meaningless}) {
    EXPECT_THAT(
        error(OddVocab(), "3  4\t" + id + " 5", LineForm::kIds),
        testing::AllOf(testing::StartsWith("source:17: \""), testing::HasSubstr("\" is not an id of test.model"),
                       testing::HasSubstr(fmt::format("from 0 to {} that", OddVocab().size() - 1))));
  }
  for (const Tokenizer* vocab : {&Vocab(), &OddVocab()}) {
    EXPECT_THAT(error(*vocab, "▁see </s>", LineForm::kPieces), testing::HasSubstr("\"</s>\" is what ends a sentence"));
    EXPECT_THAT(error(*vocab, std::to_string(vocab->eos_id()), LineForm::kIds), testing::HasSubstr("leave it out"));
  }
  EXPECT_NO_THROW(RequireTokens(Vocab(), "x </s>", LineForm::kText, "source", 1));
  EXPECT_NO_THROW(RequireTokens(Vocab(), "x", LineForm::kPieces, "source", 1));
}

}  // namespace
}  // namespace dragoman
