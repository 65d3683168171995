// SPDX-License-Identifier: Apache-2.0
// Shortlists that Marian wrote (tests/interop/record_marian_shortlist.py), and what else such files may hold.
#include "interop/marian_shortlist.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

#include "base/error.h"
#include "interop/interop_testing.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string kFolder = "tests/interop/recorded/marian_shortlist/words/";

// Of the lines `"word": number`, in the order of numbers.
std::shared_ptr<const Tokenizer> WordsIn(const std::string& path) {
  std::vector<std::string> words;
  std::istringstream text(ReadFile(RealFileSystem(), path));
  for (std::string line; std::getline(text, line);) words.push_back(line.substr(1, line.find('"', 1) - 1));
  return std::make_shared<const Tokenizer>(Tokenizer::FromBytes(WordListOf(words), path));
}

class MarianShortlistTest : public testing::Test {
 protected:
  ShortlistTables Read(const std::string& path, const MarianShortlistLimits& limits = {}) const {
    return ReadMarianShortlist(RealFileSystem(), path, limits, vocabs_);
  }
  // What a source word may become, by its own list alone.
  std::vector<std::string> Targets(const ShortlistTables& tables, const std::string& source) const {
    const auto id = static_cast<size_t>(vocabs_.src->Find(source).value());
    std::vector<std::string> words;
    for (int32_t i = tables.begin[id]; i < tables.begin[id + 1]; ++i) {
      words.push_back(vocabs_.tgt->Piece(tables.targets[static_cast<size_t>(i)]));
    }
    return words;
  }
  std::string ErrorOf(const std::string& name, const std::string& bytes) const {
    return ErrorIn([&] { Read(folder_.Write(name, bytes)); });
  }

  VocabularyPair vocabs_{WordsIn(kFolder + "src.yml"), WordsIn(kFolder + "tgt.yml")};
  const std::string text_ = kFolder + "lex.s2t", binary_ = kFolder + "lex.s2t.bin";
  TestFolder folder_;
};

TEST_F(MarianShortlistTest, ATextIsWhatMarianMakesOfIt) {
  const ShortlistTables text = Read(text_, {.frequent = 5, .per_word = 2}), binary = Read(binary_);
  EXPECT_EQ(text.frequent, binary.frequent);
  EXPECT_EQ(text.begin, binary.begin);
  EXPECT_EQ(text.targets, binary.targets);
  EXPECT_THAT(binary.frequent, ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(Targets(binary, "the"), ElementsAre("der", "das")) << "of equals the higher id";
  EXPECT_THAT(Targets(binary, "sees"), ElementsAre("<unk>", "sieht"));
  EXPECT_THAT(Targets(binary, "<unk>"), ElementsAre("der", "Hund")) << "of a word that the vocabulary lacks";
  EXPECT_THAT(Targets(binary, "</s>"), IsEmpty());
}

TEST_F(MarianShortlistTest, ATextIsReadWithinLimits) {
  const ShortlistTables all = Read(text_);
  EXPECT_THAT(Targets(all, "the"), ElementsAre("der", "die", "das"));
  EXPECT_EQ(all.frequent.size(), 15u) << "no more than there are";
  const ShortlistTables few = Read(text_, {.frequent = 0, .per_word = 1, .threshold = 0.4});
  EXPECT_THAT(few.frequent, IsEmpty());
  EXPECT_THAT(Targets(few, "the"), IsEmpty()) << "0.4 is not above 0.4";
  EXPECT_THAT(Targets(few, "cat"), ElementsAre("Katze"));
}

// However many there are of a word: the likeliest stay, each once.
TEST_F(MarianShortlistTest, OfManyTheLikeliestStay) {
  std::string text;
  for (int i = 0; i < 1000; ++i) {
    text += fmt::format("{} cat {}\n", vocabs_.tgt->Piece(i % 14 + 1), i % 14 == 6 && i > 500 ? 0.9 : i % 14 * 1e-3);
  }
  const ShortlistTables tables = Read(folder_.Write("lex.s2t", text), {.frequent = 1, .per_word = 3});
  EXPECT_THAT(Targets(tables, "cat"), ElementsAre("eine", "alt", "alte"));
}

TEST_F(MarianShortlistTest, WhereIdsAreJointAWordMayBecomeItself) {
  vocabs_.tgt = vocabs_.src;
  const ShortlistTables tables = Read(folder_.Write("lex.s2t", "dog cat 1\n"), {.frequent = 0, .per_word = 1});
  EXPECT_THAT(Targets(tables, "cat"), ElementsAre("cat", "dog"));
  EXPECT_THAT(Targets(tables, "old"), ElementsAre("old"));
}

TEST_F(MarianShortlistTest, ALineThatIsNoneIsAnErrorThatNamesIt) {
  for (const std::string line : {"Katze cat", "Katze cat 0.5 x", "Katze cat x", "Katze cat nan", "Katze cat inf", "",
                                 "Katze cat -1", "Katze cat 0.5x", "Katze cat 1e999"}) {
    EXPECT_THAT(ErrorOf("lex.s2t", "Katze cat 0.5\n" + line + "\n"),
                AllOf(HasSubstr("lex.s2t:2: \"" + line + "\" is no line of a shortlist"),
                      HasSubstr("expected a target word, a source word and a probability")));
  }
  EXPECT_THAT(ErrorOf("lex.s2t", std::string(1000, 'x') + "\n"), testing::SizeIs(testing::Lt(500u)));
}

TEST_F(MarianShortlistTest, OneOfAnotherModelIsAnError) {
  EXPECT_THAT(ErrorOf("lex.s2t", ""), HasSubstr("has 0 pairs of words"));
  EXPECT_THAT(ErrorOf("lex.s2t", "gatto cat 0.5\ncane dog 1\n"), HasSubstr("has 2 pairs of words"));
  vocabs_.src = vocabs_.tgt;
  EXPECT_THAT(ErrorIn([&] { Read(binary_); }),
              HasSubstr("has lists of 10 source words, but the model's vocabulary has 15"));
}

// Marian's own sum, so that a file may hold whatever a test wants.
std::string Sealed(std::string bytes) {
  uint64_t sum = 0;
  for (size_t at = 16; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    sum ^= word + 0x9e3779b9 + (sum << 6) + (sum >> 2);
  }
  std::memcpy(bytes.data() + 8, &sum, 8);
  return bytes;
}

TEST_F(MarianShortlistTest, ADamagedBinaryFileIsAnError) {
  const std::string whole = ReadFile(RealFileSystem(), binary_);
  EXPECT_EQ(Sealed(whole), whole);
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 4);
    EXPECT_THAT(ErrorOf("lex.bin", bytes), HasSubstr("lex.bin: ")) << at;
    EXPECT_THAT(ErrorOf("lex.bin", whole.substr(0, at)), HasSubstr("lex.bin: ")) << at;
  }
  EXPECT_THAT(ErrorOf("lex.bin", whole + "1234"), HasSubstr("which do not make its 204 bytes"));
  EXPECT_THAT(ErrorOf("lex.bin", "1234567890"), HasSubstr("an older kind is not known here"));
}

TEST_F(MarianShortlistTest, ABinaryFileIsNotTrusted) {
  const std::string whole = ReadFile(RealFileSystem(), binary_);
  const auto error = [&](size_t at, auto number) {
    std::string bytes = whole;
    std::memcpy(bytes.data() + at, &number, sizeof number);
    return ErrorOf("lex.bin", Sealed(bytes));
  };
  constexpr size_t kOffsets = 48, kTargets = kOffsets + 11 * 8;
  for (const uint64_t count : {uint64_t{0}, uint64_t{12}, uint64_t{1} << 61, ~uint64_t{0}}) {
    EXPECT_THAT(error(32, count), HasSubstr("which do not make its 200 bytes")) << count;
    EXPECT_THAT(error(40, count), HasSubstr("which do not make its 200 bytes")) << count;
  }
  EXPECT_THAT(error(kOffsets, uint64_t{1}), HasSubstr("the list of source word 0 ends before it begins"));
  EXPECT_THAT(error(kOffsets + 8, ~uint64_t{0}), HasSubstr("the list of source word 1 ends before it begins"));
  EXPECT_THAT(error(kOffsets + 80, uint64_t{17}), HasSubstr("do not begin or end where its words do"));
  EXPECT_THAT(error(kTargets, int32_t{15}), HasSubstr("holds target word 15, expected 0 to 14"));
  EXPECT_THAT(error(kTargets, int32_t{-1}), HasSubstr("holds target word -1"));
  EXPECT_EQ(error(16, ~uint64_t{0}), "") << "more frequent words than there are";
  EXPECT_EQ(error(kTargets, int32_t{14}), "") << "a list that is not sorted";
}

}  // namespace
}  // namespace dragoman
