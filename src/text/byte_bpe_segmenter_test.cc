// SPDX-License-Identifier: Apache-2.0
#include "text/byte_bpe_segmenter.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/crc32.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/byte_bpe_pair.h"
#include "text/byte_bpe_testing.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

using Ids = std::vector<int32_t>;
using SegmenterPtr = std::unique_ptr<const Segmenter>;

const Json& Cases() {
  static const Json kCases = Json::parse(RecordedByteBpe("cases.json"));
  return kCases;
}

SegmenterPtr Recorded() { return MakeByteBpeSegmenter(RecordedByteBpe("tokenizer.json"), "tokenizer.json"); }
SegmenterPtr Tiny(const std::string& json = TinyByteBpe()) { return MakeByteBpeSegmenter(json, "tiny"); }

std::string PrefixedJson() {
  Json json = Json::parse(RecordedByteBpe("tokenizer.json"));
  json["pre_tokenizer"]["add_prefix_space"] = true;
  return json.dump();
}

std::string FromPair() {
  return ByteBpeFromVocabAndMerges(RecordedByteBpe("vocab.json"), RecordedByteBpe("merges.txt"));
}

// As tokenizers wrote merges before 0.20.
std::string WithMergesAsStrings() {
  Json json = Json::parse(RecordedByteBpe("tokenizer.json"));
  for (Json& merge : json["model"]["merges"]) {
    merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
  }
  return json.dump();
}

std::vector<std::string> PiecesOf(const Segmenter& segmenter, const Ids& ids) {
  std::vector<std::string> pieces;
  for (const int32_t id : ids) pieces.push_back(segmenter.Piece(id));
  return pieces;
}

TEST(ByteBpeSegmenterTest, IdsAreThoseOfTransformersHoweverTheFileIsWritten) {
  for (const std::string& json : {RecordedByteBpe("tokenizer.json"), FromPair(), WithMergesAsStrings()}) {
    const SegmenterPtr segmenter = MakeByteBpeSegmenter(json, "vocabulary");
    for (const Json& line : Cases().at("lines")) {
      const auto text = line.at("text").get<std::string>();
      EXPECT_EQ(segmenter->Encode(text), line.at("ids").get<Ids>()) << text;
      EXPECT_EQ(segmenter->Decode(segmenter->Encode(text)), text);
    }
  }
}

TEST(ByteBpeSegmenterTest, ASpaceIsPutInFrontWhereTheFileSaysSo) {
  const ByteBpePairOptions options = {.add_prefix_space = true};
  for (const std::string& json : {PrefixedJson(), ByteBpeFromVocabAndMerges(RecordedByteBpe("vocab.json"),
                                                                            RecordedByteBpe("merges.txt"), options)}) {
    const SegmenterPtr segmenter = MakeByteBpeSegmenter(json, "prefixed");
    EXPECT_TRUE(segmenter->info().traits.adds_space_in_front);
    for (const Json& line : Cases().at("lines")) {
      const auto text = line.at("text").get<std::string>();
      EXPECT_EQ(segmenter->Encode(text), line.at("prefixed_ids").get<Ids>()) << text;
      EXPECT_EQ(segmenter->Decode(segmenter->Encode(text)), text.substr(text.starts_with(' ') ? 1 : 0));
    }
  }
}

TEST(ByteBpeSegmenterTest, LongWordsHaveTheSameIdsAndTakeNoTime) {
  const SegmenterPtr segmenter = Recorded();
  const auto start = std::chrono::steady_clock::now();
  for (const Json& word : Cases().at("long")) {
    std::string text;
    for (int i = 0; i < word.at("times").get<int>(); ++i) text += word.at("unit").get<std::string>();
    const Ids ids = segmenter->Encode(text + "x");
    EXPECT_EQ(ids.size(), word.at("count").get<size_t>());
    EXPECT_EQ(Crc32(fmt::format("{}", fmt::join(ids, " "))), word.at("crc32").get<uint32_t>()) << word;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  EXPECT_LT(seconds, 10) << "usually about 0.1 s; the limit leaves room for a busy machine";
}

TEST(ByteBpeSegmenterTest, ALineOf16MegabytesTakesNoMinutes) {
  const SegmenterPtr segmenter = Recorded();
  const std::string text(size_t{16} << 20, 'x');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(segmenter->Decode(segmenter->Encode(text)).size(), text.size());
  EXPECT_LT(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), 60);
}

TEST(ByteBpeSegmenterTest, DecodingIsThatOfTransformersAlsoOfPartsOfCharacters) {
  const SegmenterPtr segmenter = Recorded();
  int with_parts = 0;
  for (const Json& decoding : Cases().at("decodings")) {
    const auto text = decoding.at("text").get<std::string>();
    EXPECT_EQ(segmenter->Decode(decoding.at("ids").get<Ids>()), text);
    with_parts += text.find("\uFFFD") != std::string::npos;
  }
  EXPECT_GT(with_parts, 5);
}

TEST(ByteBpeSegmenterTest, TextNeverBecomesASpecialTokenNorDoTheyBecomeText) {
  const SegmenterPtr segmenter = Recorded();
  const SegmenterInfo& info = segmenter->info();
  for (const std::string text : {"</s>", "<s>", "a<pad>b", " <mask>", "<unk> <unk>"}) {
    for (const int32_t id : segmenter->Encode(text)) EXPECT_GT(id, 4) << text;
    EXPECT_EQ(segmenter->Decode(segmenter->Encode(text)), text);
    EXPECT_EQ(segmenter->CountUnknown(text), 0);
  }
  const int32_t a = segmenter->Encode("a").front();
  EXPECT_EQ(segmenter->Decode(Ids{info.bos_id, a, info.pad_id, a, info.eos_id}), "aa");
  EXPECT_EQ(segmenter->Decode(Ids{a, info.unk_id, a}), "a \u2047 a");
}

TEST(ByteBpeSegmenterTest, BlankTextHasNoPiecesAndOtherThanTextIsRefused) {
  const SegmenterPtr segmenter = Recorded();
  for (const char* blank : {"", " ", " \t\n", "\u3000", "\u00A0 \u200B"}) {
    EXPECT_TRUE(segmenter->Encode(blank).empty()) << blank;
  }
  EXPECT_THAT(MessageOf<FormatError>([&] { segmenter->Encode("ab\xFF"); }), HasSubstr("byte 3 is not valid UTF-8"));
  EXPECT_THAT(MessageOf<FormatError>([&] { segmenter->CountUnknown(std::string("a\0b", 3)); }),
              HasSubstr("byte 2 is NUL"));
}

TEST(ByteBpeSegmenterTest, MergesAreMadeByRankTheLeftmostOfEqualsFirst) {
  const SegmenterPtr segmenter = Tiny();
  EXPECT_THAT(PiecesOf(*segmenter, segmenter->Encode("abc abab ca")), ElementsAre("abc", "▁ab", "ab", "▁", "c", "a"));
  // "bc" before "ab": of "abc" the former is made, and "a bc" is left.
  const std::string other =
      Changed(Changed(TinyByteBpe(), "\"abc\"", "\"bc\""), R"([["a", "b"], "ab c")", R"([["b", "c"], "a b")");
  EXPECT_THAT(PiecesOf(*Tiny(other), Tiny(other)->Encode("abcab")), ElementsAre("a", "bc", "ab"));
}

TEST(ByteBpeSegmenterTest, BytesWithoutAPieceAreUnknownAndCountedByCharacter) {
  const SegmenterPtr segmenter = Tiny();
  EXPECT_EQ(segmenter->Encode("axb€"), (Ids{3, 2, 4, 2, 2, 2}));
  EXPECT_EQ(segmenter->CountUnknown("axb€"), 2);
  EXPECT_EQ(segmenter->CountUnknown("ab ab"), 0);
  const SegmenterPtr fused = Tiny(Changed(TinyByteBpe(), R"("fuse_unk": false)", R"("fuse_unk": true)"));
  EXPECT_EQ(fused->Encode("axb€"), (Ids{3, 2, 4, 2}));
  EXPECT_EQ(fused->Encode("€€1"), (Ids{2, 2})) << "of two words";
  EXPECT_EQ(fused->CountUnknown("axb€"), 2);
  EXPECT_FALSE(segmenter->info().traits.byte_fallback);
  EXPECT_EQ(segmenter->info().traits.bytes, 4);
}

TEST(ByteBpeSegmenterTest, PiecesArePrintedAsTextAndFoundByIt) {
  const SegmenterPtr segmenter = Recorded();
  for (int32_t id = 0; id < segmenter->info().size; ++id) {
    const std::string& piece = segmenter->Piece(id);
    EXPECT_EQ(segmenter->Find(piece), id);
    EXPECT_TRUE(IsValidUtf8(piece));
    EXPECT_EQ(piece.find_first_of(" \t\n\r\v\f"), std::string::npos);
  }
  EXPECT_EQ(segmenter->Piece(segmenter->info().eos_id), "</s>");
  EXPECT_THAT(PiecesOf(*segmenter, segmenter->Encode(" the\n")), ElementsAre("▁the", "<0x0A>"));
  for (const char* other : {"", "Ġthe", "no such piece", "<0x0a>", "\xFF"}) {
    EXPECT_EQ(segmenter->Find(other), std::nullopt);
  }
}

TEST(ByteBpeSegmenterTest, PiecesOfOneTextAreRefused) {
  const std::string json = Changed(TinyByteBpe(), "\"c\": 5", "\"\\u0120\\u2581\": 5");
  EXPECT_THAT(MessageOf<FormatError>([&] { Tiny(Changed(json, "\"ab c\", ", "")); }), "nothing was thrown");
  const std::string twice = Changed(Changed(json, "\"\\u0120\\u2581\"", "\"a b\""), "\"abc\": 8", "\"a\u0120b\": 8");
  EXPECT_THAT(MessageOf<FormatError>([&] { Tiny(Changed(twice, "\"ab c\", ", "")); }),
              HasSubstr("tiny: the pieces \"a b\" and \"aĠb\" stand for the same text, a▁b;"));
}

TEST(ByteBpeSegmenterTest, ScoresAndLastMergesAreOfPiecesThatMergesMake) {
  const SegmenterPtr segmenter = Tiny();
  for (const int32_t special : {0, 1, 2}) {
    EXPECT_EQ(segmenter->Score(special), std::nullopt);
    EXPECT_EQ(segmenter->LastMerge(special), std::nullopt);
  }
  EXPECT_EQ(segmenter->Score(3), 0.0f);  // a byte
  EXPECT_EQ(segmenter->LastMerge(3), std::nullopt);
  EXPECT_EQ(segmenter->Score(8), -2.0f);
  EXPECT_EQ(segmenter->LastMerge(8), std::pair(7, 5));
  EXPECT_EQ(segmenter->LastMerge(9), std::pair(6, 7));
}

TEST(ByteBpeSegmenterTest, TraitsSayWhatItIs) {
  const VocabularyTraits traits = Recorded()->info().traits;
  EXPECT_EQ(traits.type, "byte-bpe");
  EXPECT_EQ(traits.bytes, 256);
  EXPECT_TRUE(traits.byte_fallback);
  EXPECT_FALSE(traits.adds_space_in_front);
  EXPECT_FALSE(traits.removes_extra_spaces);
  EXPECT_EQ(traits.normalization, "none");
  EXPECT_EQ(traits.user_defined, 0);
  EXPECT_GT(Recorded()->Piece(traits.longest).size(), 5u);
}

TEST(ByteBpeSegmenterTest, ManyThreadsEncodeAtOnce) {
  const SegmenterPtr segmenter = Recorded();
  std::vector<std::thread> threads;
  std::vector<int> wrong(4, 0);
  for (size_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (const Json& line : Cases().at("lines")) {
        wrong[t] += segmenter->Encode(line.at("text").get<std::string>()) != line.at("ids").get<Ids>();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(4, 0));
}

}  // namespace
}  // namespace dragoman
