// SPDX-License-Identifier: Apache-2.0
#include "text/gpt2_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace dragoman {
namespace {

using testing::ElementsAre;

std::vector<std::string> WordsOf(std::string_view text) {
  std::vector<std::string> words;
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = WordEnd(text, begin);
    EXPECT_GT(end, begin);
    words.emplace_back(text.substr(begin, end - begin));
  }
  return words;
}

TEST(Gpt2WordsTest, LettersNumbersAndAllElsePartEachWithTheSpaceBefore) {
  EXPECT_THAT(WordsOf("I love x86 (2 of 3)!"), ElementsAre("I", " love", " x", "86", " (", "2", " of", " 3", ")!"));
  EXPECT_THAT(WordsOf("我爱你，ok"), ElementsAre("我爱你", "，", "ok"));
  EXPECT_THAT(WordsOf("½٣Ⅷ1"), ElementsAre("½٣Ⅷ1"));
  EXPECT_THAT(WordsOf("e\u0301a \u0301"), ElementsAre("e", "\u0301", "a", " \u0301"));
  EXPECT_THAT(WordsOf("a\u200Db\uFEFF"), ElementsAre("a", "\u200D", "b", "\uFEFF"));
}

TEST(Gpt2WordsTest, ContractionsAreWordsInLowerCaseOnlyAndWhereAWordBegins) {
  EXPECT_THAT(WordsOf("we've it's I'll"), ElementsAre("we", "'ve", " it", "'s", " I", "'ll"));
  EXPECT_THAT(WordsOf("it'S ''s"), ElementsAre("it", "'", "S", " ''", "s"));
  EXPECT_THAT(WordsOf("'stop 't"), ElementsAre("'s", "top", " '", "t"));
  EXPECT_THAT(WordsOf("'r'v'l'"), ElementsAre("'", "r", "'", "v", "'", "l", "'"));
}

TEST(Gpt2WordsTest, TheLastOfSeveralBlanksGoesWithTheNextWord) {
  EXPECT_THAT(WordsOf("a  b"), ElementsAre("a", " ", " b"));
  EXPECT_THAT(WordsOf("   b"), ElementsAre("  ", " b"));
  EXPECT_THAT(WordsOf("a   "), ElementsAre("a", "   "));
  EXPECT_THAT(WordsOf("a\tb"), ElementsAre("a", "\t", "b"));
  EXPECT_THAT(WordsOf("a\t\tb"), ElementsAre("a", "\t", "\t", "b"));
  EXPECT_THAT(WordsOf("a\r\n b"), ElementsAre("a", "\r\n", " b"));
  EXPECT_THAT(WordsOf(" \u00A0b"), ElementsAre(" ", "\u00A0", "b"));
  EXPECT_THAT(WordsOf("\u3000\u2028"), ElementsAre("\u3000\u2028"));
}

TEST(Gpt2WordsTest, LettersAndNumbersAreThoseOfUnicode16WhateverIcuHas) {
  EXPECT_THAT(WordsOf("a\u1C89\uA7DCb"), ElementsAre("a\u1C89\uA7DCb"));
  EXPECT_THAT(WordsOf("a\U00013460\U000143FA\U0002EBF0\U0002EE5D"), testing::SizeIs(1));
  EXPECT_THAT(WordsOf("1\U00010D40\U00010D49\U00010D4A"), ElementsAre("1\U00010D40\U00010D49", "\U00010D4A"));
  EXPECT_THAT(WordsOf("a\u0378\U000323B0"), ElementsAre("a", "\u0378\U000323B0")) << "the latter came with Unicode 17";
}

TEST(Gpt2WordsTest, LongRunsAreReadAboutOnce) {
  const auto start = std::chrono::steady_clock::now();
  for (const std::string run : {" ", "x", "\u3000", "\U0001F409"}) {
    std::string text;
    while (text.size() < (1u << 20)) text += run;
    EXPECT_LE(WordsOf(text + "y").size(), 3u);
  }
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 5);
}

}  // namespace
}  // namespace dragoman
