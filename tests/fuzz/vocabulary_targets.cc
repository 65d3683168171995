// SPDX-License-Identifier: Apache-2.0
// Vocabularies of each kind: what opens cuts any text, and makes text of any pieces.
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/utf8.h"
#include "interop/unigram_json.h"
#include "tests/fuzz/memory_files.h"
#include "tests/fuzz/targets.h"
#include "text/byte_bpe_pair.h"
#include "text/byte_bpe_segmenter.h"
#include "text/piece_splits.h"
#include "text/sentencepiece_segmenter.h"
#include "text/tokenizer.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

constexpr int32_t kMostPieces = 400;  // that an input is worth

const std::vector<std::string>& Lines() {
  static const std::vector<std::string> lines = {"",
                                                 " ",
                                                 "a",
                                                 "ab abc  cab",
                                                 "the teacher likes a cat.",
                                                 "ab 你 ½ ﷺ a\xE2\x96\x81\xE2\x96\x81 b\tc\r",
                                                 std::string(300, 'a'),
                                                 "</s> <unk> a@@ b <0x61>"};
  return lines;
}

void UsePiece(const Segmenter& segmenter, int32_t piece) {
  DRAGOMAN_CHECK(IsValidUtf8(segmenter.Piece(piece)));
  const auto found = segmenter.Find(segmenter.Piece(piece));
  DRAGOMAN_CHECK(!found || (*found >= 0 && *found < segmenter.info().size));
  const auto score = segmenter.Score(piece);
  DRAGOMAN_CHECK(!score || !std::isnan(*score));
  if (const auto merge = segmenter.LastMerge(piece)) {
    DRAGOMAN_CHECK(merge->first >= 0 && merge->first < segmenter.info().size);
    DRAGOMAN_CHECK(merge->second >= 0 && merge->second < segmenter.info().size);
  }
  DRAGOMAN_CHECK(IsValidUtf8(segmenter.Decode(std::vector<int32_t>{piece, piece})));
}

void Use(std::unique_ptr<const Segmenter> made) {
  const std::shared_ptr<const Segmenter> segmenter = std::move(made);
  const SegmenterInfo& info = segmenter->info();
  for (const int32_t id : {info.unk_id, info.eos_id}) DRAGOMAN_CHECK(id >= 0 && id < info.size);
  for (const int32_t id : {info.bos_id, info.pad_id}) DRAGOMAN_CHECK(id >= -1 && id < info.size);
  for (const std::string& line : Lines()) {
    const std::vector<int32_t> pieces = segmenter->Encode(line);
    for (const int32_t piece : pieces) DRAGOMAN_CHECK(piece >= 0 && piece < info.size);
    DRAGOMAN_CHECK(IsValidUtf8(segmenter->Decode(pieces)));
    DRAGOMAN_CHECK(segmenter->CountUnknown(line) >= 0);
  }
  for (int32_t piece = 0; piece < std::min(info.size, kMostPieces); ++piece) UsePiece(*segmenter, piece);
  if (info.size <= kMostPieces) PieceSplits(Tokenizer(segmenter, {}, "settings"));
}

// Protocol buffers' wire format, as far as the model below goes.
std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}
std::string Field(uint32_t number, std::string_view contents) {
  return Varint(number << 3 | 2) + Varint(contents.size()) + std::string(contents);
}
std::string PieceField(const std::string& text, uint64_t type) {
  constexpr float kScore = -1;
  std::string score(sizeof kScore, '\0');
  std::memcpy(score.data(), &kScore, sizeof kScore);
  return Field(1, Field(1, text) + Varint(2 << 3 | 5) + score + Varint(3 << 3) + Varint(type));
}

}  // namespace

void ReadByteBpe(std::string_view bytes) { Use(MakeByteBpeSegmenter(std::string(bytes), "f")); }

void ReadByteBpePair(std::string_view bytes) {
  auto files = FilesIn(bytes);
  Use(MakeByteBpeSegmenter(ByteBpeFromVocabAndMerges(files["vocab.json"], files["merges.txt"]), "f"));
}

void ReadWords(std::string_view bytes) { Use(MakeWordSegmenter(std::string(bytes), "f")); }

void ReadSentencePiece(std::string_view bytes) { Use(MakeSentencePieceSegmenter(std::string(bytes), "f")); }

void ReadUnigram(std::string_view bytes) {
  const UnigramVocabulary read = ReadUnigramJson(std::string(bytes), "f");
  auto segmenter = MakeSentencePieceSegmenter(read.model, "f");
  DRAGOMAN_CHECK(std::ssize(read.ids) == segmenter->info().size);
  Use(std::move(segmenter));
}

void ReadCharsmap(std::string_view bytes) {
  constexpr uint64_t kNormal = 1, kUnknown = 2, kControl = 3;
  Use(MakeSentencePieceSegmenter(PieceField("<unk>", kUnknown) + PieceField("<s>", kControl) +
                                     PieceField("</s>", kControl) + PieceField("a", kNormal) +
                                     PieceField("b", kNormal) + Field(3, Field(2, bytes)),
                                 "f"));
}

}  // namespace dragoman
