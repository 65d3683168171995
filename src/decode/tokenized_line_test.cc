// SPDX-License-Identifier: Apache-2.0
#include "decode/tokenized_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/timer.h"
#include "text/vocabulary_testing.h"

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

}  // namespace
}  // namespace dragoman
