// SPDX-License-Identifier: Apache-2.0
#include "metrics/bleu_tokenizer.h"

#include <gtest/gtest.h>

#include "metrics/expected_scores_testing.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

std::vector<std::string> Tokenize(std::string_view text, BleuTokenizer tokenizer) {
  std::vector<std::string> words;
  for (const std::u32string& word : BleuTokens(DecodeUtf8(text), tokenizer)) words.push_back(EncodeUtf8(word));
  return words;
}

using Words = std::vector<std::string>;

TEST(BleuTokenizerTest, EqualsSacrebleuOnEveryRecordedText) {
  for (const auto& entry : ExpectedScores().at("tokenized")) {
    const std::string text = entry.at("text");
    for (const auto& [name, tokenizer] : NamesOf(BleuTokenizer())) {
      EXPECT_EQ(Tokenize(text, tokenizer), entry.at(std::string(name)).get<Words>()) << name << ": " << text;
    }
  }
}

TEST(BleuTokenizerTest, ThirteenAKeepsPeriodsAndCommasBetweenDigits) {
  EXPECT_EQ(Tokenize("It's 1,000.50.", BleuTokenizer::k13a), (Words{"It's", "1,000.50", "."}));
  EXPECT_EQ(Tokenize("1998-2000", BleuTokenizer::k13a), (Words{"1998", "-", "2000"}));
}

TEST(BleuTokenizerTest, InternationalKeepsAPeriodAfterAFinalNumber) {
  EXPECT_EQ(Tokenize("in 1998.", BleuTokenizer::kIntl), (Words{"in", "1998."}));
  EXPECT_EQ(Tokenize("in 1998.", BleuTokenizer::k13a), (Words{"in", "1998", "."}));
}

TEST(BleuTokenizerTest, ChineseCharactersStandAloneAndLatinWordsStayWhole) {
  EXPECT_EQ(Tokenize("我爱GPU，真的！", BleuTokenizer::kZh), (Words{"我", "爱", "GPU", "，", "真", "的", "！"}));
}

TEST(BleuTokenizerTest, ChineseListHasSacrebleusHole) {
  EXPECT_EQ(Tokenize("𠮷野", BleuTokenizer::kZh), (Words{"𠮷", "野"}));
  EXPECT_EQ(Tokenize("𠮷𠮷", BleuTokenizer::kZh), (Words{"𠮷𠮷"}));        // Extension B is not in it…
  EXPECT_EQ(Tokenize("a–b", BleuTokenizer::kZh), (Words{"a", "–", "b"}));  // …but dashes are
}

TEST(BleuTokenizerTest, SkippedTagsVanishOnce) {
  EXPECT_EQ(Tokenize("a<ski<skipped>pped>b", BleuTokenizer::k13a), (Words{"a", "<", "skipped", ">", "b"}));
}

TEST(BleuTokenizerTest, NamesAreSacrebleus) {
  EXPECT_EQ(EnumChoices<BleuTokenizer>(), "13a, zh, intl, char, none");
  EXPECT_EQ(BleuTokenizerFromName("zh"), BleuTokenizer::kZh);
  EXPECT_FALSE(BleuTokenizerFromName("14a").has_value());
}

}  // namespace
}  // namespace dragoman
