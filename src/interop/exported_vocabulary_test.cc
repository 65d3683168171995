// SPDX-License-Identifier: Apache-2.0
#include "interop/exported_vocabulary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "interop/export_testing.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

using testing::ElementsAre;

Tokenizer Words(const std::vector<std::string>& words) { return Tokenizer::FromBytes(WordListOf(words), "words"); }

TEST(TokensOfTest, EachRowHasANameOfItsOwn) {
  const Tokenizer words = Words({"<unk>", "</s>", "<row-4>", "eos", "a"});
  const std::vector<std::string> tokens = TokensOf(words, 7, {"eos", "<unk>"});
  EXPECT_EQ(std::set<std::string>(tokens.begin(), tokens.end()).size(), 7u);
  EXPECT_EQ(tokens[0], "<unk>");
  EXPECT_EQ(tokens[1], "eos");  // as it is to be called
  EXPECT_EQ(tokens[2], "<row-4>");
  EXPECT_EQ(tokens[3], "<row-3>eos");  // whose name is taken
  EXPECT_EQ(tokens[4], "a");
  EXPECT_EQ(tokens[5], "<row-5>");
}

TEST(NamesOfTokensTest, AreForPeople) {
  const Tokenizer words = Words({"<unk>", "</s>", "a"});
  EXPECT_EQ(NamesOfTokens(words, {}), "nothing");
  EXPECT_EQ(NamesOfTokens(words, {kSrcLanguage, 2, kTgtLanguage}),
            "(the source's language) \"a\" (the target's language)");
}

TEST(NeverSaidTest, IsWhatSearchKeepsOut) {
  const Tokenizer usual = TestVocabulary();
  TokenizerSettings settings;
  settings.added = {{"<a>", usual.size()}};
  settings.banned = {5};
  const Tokenizer tgt(usual.segmenter(), settings, "settings");
  EXPECT_THAT(NeverSaid(tgt, usual.size() + 2), ElementsAre(5, usual.size(), usual.size() + 1));
}

TEST(PlainSentencePieceTest, IsNumberedByItsFile) {
  const VocabularyPair usual = TestVocabularies(), odd = TestVocabularies({Reversed(*usual.src), Reversed(*usual.src)});
  EXPECT_TRUE(IsPlainSentencePiece(*usual.src));
  EXPECT_FALSE(IsPlainSentencePiece(*odd.src));
  EXPECT_TRUE(IsSentencePiece(*odd.src));
  EXPECT_FALSE(IsSentencePiece(Words({"<unk>", "</s>"})));
}

}  // namespace
}  // namespace dragoman
