// SPDX-License-Identifier: Apache-2.0
#include "metrics/porter_stemmer.h"

#include <gtest/gtest.h>

#include "metrics/expected_scores_testing.h"

namespace dragoman {
namespace {

TEST(PorterStemmerTest, EqualsNltkOnEveryRecordedWord) {
  int words = 0;
  for (const auto& family : ExpectedScores().at("stems")) {
    for (const auto& [word, stem] : family.items()) {
      EXPECT_EQ(PorterStem(word), stem.get<std::string>()) << word;
      ++words;
    }
  }
  EXPECT_GT(words, 4000);
}

TEST(PorterStemmerTest, StemsTheExamplesOfThePaper) {
  EXPECT_EQ(PorterStem("generalizations"), "gener");
  EXPECT_EQ(PorterStem("oscillators"), "oscil");
  EXPECT_EQ(PorterStem("controlling"), "control");
}

TEST(PorterStemmerTest, AnyStringIsAWord) {
  for (const char* word : {"", "s", "y", "ss", "ies", "ied", "eed", "ing", "ed", "ion", "ll", "4", "e"}) {
    EXPECT_LE(PorterStem(word).size(), 3u);
  }
  EXPECT_EQ(PorterStem(std::string(100001, 'y')).size(), 100001u);  // not quadratic
}

}  // namespace
}  // namespace dragoman
