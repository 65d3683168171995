// SPDX-License-Identifier: Apache-2.0
#include "text/word_segmenter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

using Ids = std::vector<int32_t>;

constexpr char kHeader[] = "#dragoman-words 1\n";
constexpr char kList[] = "#dragoman-words 1\n</s>\n<unk>\ndas\nist\nbei@@\nspiel\n.\nfür\n<s>\n";

std::unique_ptr<const Segmenter> Make(const std::string& list = kList) { return MakeWordSegmenter(list, "dir/words"); }

std::string Refusal(const std::string& list) {
  return MessageOf<FormatError>([&] { Make(list); });
}

TEST(WordSegmenterTest, WordsAreLookedUpAndJoinedBySpaces) {
  const auto segmenter = Make();
  EXPECT_EQ(segmenter->Encode("das ist bei@@ spiel ."), (Ids{2, 3, 4, 5, 6}));
  EXPECT_EQ(segmenter->Decode(Ids{2, 3, 4, 5, 6, 0}), "das ist bei@@ spiel .");
  EXPECT_EQ(segmenter->Encode("  das\tist \r\n für "), (Ids{2, 3, 7}));
  EXPECT_EQ(segmenter->Decode(Ids{}), "");
  for (const char* blank : {"", " \t ", "\u3000"}) EXPECT_TRUE(segmenter->Encode(blank).empty());
}

TEST(WordSegmenterTest, WhatIsNoPieceIsUnknownAndCounted) {
  const auto segmenter = Make();
  EXPECT_EQ(segmenter->Encode("das Haus ist groß"), (Ids{2, 1, 3, 1}));
  EXPECT_EQ(segmenter->CountUnknown("das Haus ist groß"), 8);
  EXPECT_EQ(segmenter->CountUnknown("das ist"), 0);
  EXPECT_EQ(segmenter->Decode(Ids{2, 1, 3}), "das \u2047 ist");
  EXPECT_EQ(segmenter->Encode("das\u00A0ist"), (Ids{1})) << "other blanks are no spaces";
}

TEST(WordSegmenterTest, TextNeverBecomesASpecialPieceNorDoTheyBecomeText) {
  const auto segmenter = Make();
  EXPECT_EQ(segmenter->Encode("</s> das <s> <unk>"), (Ids{1, 2, 1, 1}));
  EXPECT_EQ(segmenter->Decode(Ids{8, 2, 0, 3, 0}), "das ist");
}

TEST(WordSegmenterTest, InfoAndPiecesAreThoseOfTheList) {
  const auto segmenter = Make();
  const SegmenterInfo& info = segmenter->info();
  EXPECT_EQ(info.size, 9);
  EXPECT_EQ(info.bytes, kList);
  EXPECT_EQ(info.eos_id, 0);
  EXPECT_EQ(info.unk_id, 1);
  EXPECT_EQ(info.bos_id, 8);
  EXPECT_EQ(info.pad_id, -1);
  EXPECT_EQ(info.traits.type, "words");
  EXPECT_EQ(segmenter->Piece(info.traits.longest), "<unk>");
  for (int32_t id = 0; id < info.size; ++id) {
    EXPECT_EQ(segmenter->Find(segmenter->Piece(id)), id);
    EXPECT_EQ(segmenter->Score(id), std::nullopt);
    EXPECT_EQ(segmenter->LastMerge(id), std::nullopt);
  }
  EXPECT_EQ(segmenter->Find("Haus"), std::nullopt);
}

TEST(WordSegmenterTest, AListIsWrittenAsItIsRead) {
  const std::vector<std::string> pieces = {"</s>", "<unk>", "das", "ist", "bei@@", "spiel", ".", "für", "<s>"};
  EXPECT_EQ(WordListOf(pieces), kList);
}

TEST(WordSegmenterTest, TextThatIsNotUtf8IsRefused) {
  EXPECT_THAT(MessageOf<FormatError>([] { Make()->Encode("das\xFF"); }), HasSubstr("byte 4 is not valid UTF-8"));
  EXPECT_THAT(MessageOf<FormatError>([] { Make()->CountUnknown(std::string("\0", 1)); }), HasSubstr("byte 1 is NUL"));
}

TEST(WordSegmenterTest, ListsThatAreNoneAreNamedWithTheirLine) {
  const std::string header = kHeader;
  EXPECT_THAT(Refusal("#dragoman-words 2\na\n"), HasSubstr("dir/words:1: expected \"#dragoman-words 1\""));
  EXPECT_THAT(Refusal("#dragoman-words 1\r\na\r\n"), HasSubstr("dir/words:1: expected"));
  EXPECT_THAT(Refusal("#dragoman-words 1"), HasSubstr("dir/words:1: the last line does not end"));
  EXPECT_THAT(Refusal(header + "</s>\n<unk>\na"), HasSubstr("dir/words:4: the last line does not end"));
  EXPECT_THAT(Refusal(header + "</s>\n\n<unk>\n"), HasSubstr("dir/words:3: an empty piece"));
  EXPECT_THAT(Refusal(header + "</s>\na b\n<unk>\n"), HasSubstr("dir/words:3: a piece with white space"));
  EXPECT_THAT(Refusal(header + "</s>\na\r\n<unk>\n"), HasSubstr("dir/words:3: a piece with white space"));
  EXPECT_THAT(Refusal(header + std::string("a\0b\n", 4)), HasSubstr("dir/words:2: a piece with white space or NUL"));
  EXPECT_THAT(Refusal(header + "\xFF\n"), HasSubstr("dir/words:2: a piece that is not UTF-8"));
  EXPECT_THAT(Refusal(header + std::string(5000, 'x') + "\n"), HasSubstr("dir/words:2: a piece of 5000 bytes"));
  EXPECT_THAT(Refusal(header + "</s>\n<unk>\na\n</s>\n"),
              HasSubstr("dir/words:5: \"</s>\" is there already, in line 2"));
  EXPECT_THAT(Refusal(header + "</s>\na\n"), HasSubstr("dir/words: it has no <unk>"));
  EXPECT_THAT(Refusal(header), HasSubstr("dir/words: it has no <unk>"));
  std::string many = header;
  for (int i = 0; i < kMaxVocabularyPieces; ++i) many += std::to_string(i) + "\n";
  EXPECT_THAT(Refusal(many + "</s>\n"), HasSubstr("more than 2097152 pieces"));
}

TEST(WordSegmenterTest, EveryDamageIsAnErrorOrAVocabulary) {
  const std::string whole = kList;
  const auto open = [&](const std::string& list) {
    try {
      const auto segmenter = Make(list);
      segmenter->Decode(segmenter->Encode("das ist bei@@ spiel </s>"));
    } catch (const FormatError&) {  // as it should be
    }
  };
  for (size_t size = 0; size < whole.size(); ++size) open(whole.substr(0, size));
  for (size_t at = 0; at < whole.size(); ++at) {
    for (int flipped = 1; flipped < 256; ++flipped) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flipped);
      open(damaged);
    }
  }
}

}  // namespace
}  // namespace dragoman
