// SPDX-License-Identifier: Apache-2.0
#include "text/piece_splits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::Contains;
using testing::Not;
using testing::UnorderedElementsAreArray;

Tokenizer VocabularyOf(VocabOptions options) { return Tokenizer::FromBytes(TrainTestModel(options), "test.model"); }

VocabOptions Bpe(int size = 90) {
  VocabOptions options = SmallVocabOptions(size);
  options.type = VocabType::kBpe;
  return options;
}

using Texts = std::vector<std::vector<std::string>>;

Texts SplitsOf(const Tokenizer& vocab, const PieceSplits& splits, int32_t id) {
  Texts texts;
  for (size_t number = 0; number < splits.Count(id); ++number) {
    texts.emplace_back();
    for (const int32_t part : splits.Split(id, number)) texts.back().push_back(vocab.Piece(part));
  }
  return texts;
}

TEST(PieceSplitsTest, PartsAreTextOfTheVocabularyAndMakeThePiece) {
  for (const VocabOptions& options : {SmallVocabOptions(), Bpe()}) {
    const Tokenizer vocab = VocabularyOf(options);
    const PieceSplits splits(vocab);
    int split_pieces = 0, long_pieces = 0;
    for (int32_t id = 0; id < vocab.size(); ++id) {
      long_pieces += vocab.Score(id) && vocab.Piece(id).size() > Utf8Length(vocab.Piece(id)[0]);
      split_pieces += splits.Count(id) > 0;
      for (size_t number = 0; number < splits.Count(id); ++number) {
        std::string text;
        for (const int32_t part : splits.Split(id, number)) {
          text += vocab.Piece(part);
          EXPECT_TRUE(vocab.Score(part).has_value());
        }
        EXPECT_EQ(text, vocab.Piece(id));
        EXPECT_GE(splits.Split(id, number).size(), 2u);
      }
    }
    EXPECT_EQ(split_pieces, long_pieces) << "every character is a piece, so all but they can be split";
  }
}

// Every segmentation of `text` but itself.
void AddSegmentations(const Tokenizer& vocab, const std::string& text, std::vector<std::string> begin, Texts* all) {
  if (text.empty() && begin.size() > 1) all->push_back(begin);
  for (size_t cut = 1; cut <= text.size(); ++cut) {
    const auto first = vocab.Find(text.substr(0, cut));
    if (!first || !vocab.Score(*first)) continue;
    begin.push_back(text.substr(0, cut));
    AddSegmentations(vocab, text.substr(cut), begin, all);
    begin.pop_back();
  }
}

TEST(PieceSplitsTest, AUnigramPieceHasTheSplitsOfFewestPieces) {
  const Tokenizer vocab = EndingsVocabulary();
  const PieceSplits splits(vocab);
  int several = 0;
  for (int32_t id = 3; id < vocab.size(); ++id) {
    Texts all;
    AddSegmentations(vocab, vocab.Piece(id), {}, &all);
    size_t fewest = 1000;
    for (const auto& parts : all) fewest = std::min(fewest, parts.size());
    std::erase_if(all, [&](const auto& parts) { return parts.size() > fewest; });
    const Texts found = SplitsOf(vocab, splits, id);
    EXPECT_EQ(found.empty(), all.empty()) << vocab.Piece(id);
    if (fewest == 2) {
      EXPECT_THAT(found, UnorderedElementsAreArray(all));
    } else {
      EXPECT_THAT(found, testing::IsSubsetOf(all)) << "of equals the likeliest";
    }
    several += found.size() > 1;
  }
  EXPECT_GT(several, 5);
}

TEST(PieceSplitsTest, ABpePieceIsCutWhereItsLastMergeJoined) {
  const Tokenizer vocab = VocabularyOf(Bpe(110));
  const PieceSplits splits(vocab);
  int merged = 0;
  for (int32_t id = 0; id < vocab.size(); ++id) {
    ASSERT_LE(splits.Count(id), 1u);
    if (splits.Count(id) == 0) continue;
    ASSERT_EQ(splits.Split(id, 0).size(), 2u);
    // A part of several characters was there before what is made of it.
    for (const int32_t part : splits.Split(id, 0)) {
      if (vocab.Piece(part).size() == Utf8Length(vocab.Piece(part)[0])) continue;
      EXPECT_GT(vocab.Score(part).value(), vocab.Score(id).value()) << vocab.Piece(id);
      ++merged;
    }
  }
  EXPECT_GE(merged, 30);
}

TEST(PieceSplitsTest, WhatIsNoTextAsItStandsIsNeitherSplitNorPartOfASplit) {
  VocabOptions options = SmallVocabOptions(350);
  options.byte_fallback = true;
  options.symbols = {"the", "<sep>"};  // one looks like a piece that could be cut
  const Tokenizer vocab = VocabularyOf(options);
  const PieceSplits splits(vocab);
  for (const char* piece : {"<unk>", "<s>", "</s>", "the", "<sep>", "<0x41>"}) {
    const int32_t id = vocab.Find(piece).value();
    EXPECT_EQ(splits.Count(id), 0u) << piece;
    EXPECT_EQ(vocab.Score(id), std::nullopt);
    for (int32_t other = 0; other < vocab.size(); ++other) {
      for (const auto& parts : SplitsOf(vocab, splits, other)) EXPECT_THAT(parts, Not(Contains(piece)));
    }
  }
}

TEST(PieceSplitsTest, APieceOfBytesIsCutWhereItsLastMergeJoined) {
  const Tokenizer vocab = Tokenizer::FromBytes(RecordedByteBpe("tokenizer.json"), "tokenizer.json");
  const PieceSplits splits(vocab);
  int split_pieces = 0, parts_of_characters = 0;
  for (int32_t id = 0; id < vocab.size(); ++id) {
    const bool is_merged = vocab.Score(id).value_or(0) < 0;
    EXPECT_EQ(splits.Count(id), is_merged ? 1u : 0u) << vocab.Piece(id);
    if (!is_merged) continue;
    const auto parts = splits.Split(id, 0);
    ASSERT_EQ(parts.size(), 2u);
    EXPECT_EQ(vocab.Decode(parts), vocab.Decode({{id}}));
    for (const int32_t part : parts) EXPECT_GT(vocab.Score(part).value(), vocab.Score(id).value());
    ++split_pieces;
    parts_of_characters += vocab.Piece(parts[1]).starts_with("<0x");
  }
  EXPECT_EQ(split_pieces, 600 - 256 - 5);
  EXPECT_GT(parts_of_characters, 5);
}

TEST(PieceSplitsTest, AListOfWordsHasNone) {
  const PieceSplits splits(Tokenizer::FromBytes("#dragoman-words 1\n</s>\n<unk>\na\naa\n", "words"));
  EXPECT_TRUE(splits.empty());
  EXPECT_EQ(splits.Count(3), 0u);
}

TEST(PieceSplitsTest, IdsAreTheModels) {
  const Tokenizer usual = TestVocabulary();
  const Tokenizer odd(usual.segmenter(), OddSettings(usual).src, "settings");
  const PieceSplits of_usual(usual), of_odd(odd);
  for (int32_t piece = 0; piece < usual.size(); ++piece) {
    EXPECT_EQ(SplitsOf(usual, of_usual, piece), SplitsOf(odd, of_odd, usual.size() - 1 - piece));
  }
  for (const char* added : {"<a>", "<b>"}) EXPECT_EQ(of_odd.Count(odd.Find(added).value()), 0u);
}

}  // namespace
}  // namespace dragoman
