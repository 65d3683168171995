// SPDX-License-Identifier: Apache-2.0
#include "text/byte_bpe_segmenter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/blank.h"
#include "text/byte_bpe_check.h"
#include "text/byte_symbols.h"
#include "text/gpt2_words.h"

namespace dragoman {
namespace {

constexpr char kUnknownText[] = " \u2047 ";
constexpr uint32_t kNone = UINT32_MAX;

// Joins pieces of one word after the other: always the pair whose merge has the lowest rank, of equals the leftmost, so
// in O(n log n) of a word of n bytes.
class WordMerger {
 public:
  explicit WordMerger(const ByteBpeContents& contents) : contents_(contents) {}

  // One more piece of the word.
  void Add(int32_t piece) {
    const auto here = static_cast<uint32_t>(parts_.size());
    if (here > 0) parts_.back().next = here;
    parts_.push_back({piece, here > 0 ? here - 1 : kNone, kNone});
  }
  bool EndsIn(int32_t piece) const { return !parts_.empty() && parts_.back().piece == piece; }

  // Appends what is left after all merges, and forgets the word. Returns the rank of the last merge, kNone if none was.
  uint32_t Finish(std::vector<int32_t>* pieces);

 private:
  struct Part {
    int32_t piece;  // -1: has become a part of the one before
    uint32_t previous, next;
  };
  // A merge that may be made: rank above, place of its left part below.
  using Candidate = uint64_t;

  void Consider(uint32_t left);
  uint32_t Make(uint32_t rank, uint32_t left);

  const ByteBpeContents& contents_;
  std::vector<Part> parts_;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> candidates_;
};

// The pair that begins at parts_[left].
void WordMerger::Consider(uint32_t left) {
  const uint32_t right = parts_[left].next;
  if (right == kNone) return;
  const uint32_t rank = contents_.RankOf(parts_[left].piece, parts_[right].piece);
  if (rank != ByteBpeContents::kNoMerge) candidates_.push(static_cast<Candidate>(rank) << 32 | left);
}

// Returns the rank; kNone when one of the two has become another piece since.
uint32_t WordMerger::Make(uint32_t rank, uint32_t left) {
  const ByteBpeContents::Merge& merge = contents_.merges[rank];
  const uint32_t right = parts_[left].next;
  if (right == kNone || parts_[left].piece != merge.left || parts_[right].piece != merge.right) return kNone;
  parts_[left].piece = merge.result;
  parts_[left].next = parts_[right].next;
  parts_[right].piece = -1;
  if (parts_[left].next != kNone) parts_[parts_[left].next].previous = left;
  if (parts_[left].previous != kNone) Consider(parts_[left].previous);
  Consider(left);
  return rank;
}

uint32_t WordMerger::Finish(std::vector<int32_t>* pieces) {
  for (uint32_t i = 0; i < parts_.size(); ++i) Consider(i);
  uint32_t last = kNone;
  while (!candidates_.empty()) {
    const Candidate best = candidates_.top();
    candidates_.pop();
    const uint32_t made = Make(static_cast<uint32_t>(best >> 32), static_cast<uint32_t>(best));
    if (made != kNone) last = made;
  }
  for (const Part& part : parts_) {
    if (part.piece >= 0) pieces->push_back(part.piece);
  }
  parts_.clear();
  return last;
}

class ByteBpeSegmenter : public Segmenter {
 public:
  ByteBpeSegmenter(std::string bytes, const std::string& path);

  std::vector<int32_t> Encode(std::string_view text) const override;
  int64_t CountUnknown(std::string_view text) const override;
  std::string Decode(std::span<const int32_t> pieces) const override;
  const std::string& Piece(int32_t piece) const override { return pieces_[At(piece)].printed; }
  std::optional<int32_t> Find(std::string_view text) const override;
  std::optional<float> Score(int32_t piece) const override { return pieces_[At(piece)].score; }
  std::optional<std::pair<int32_t, int32_t>> LastMerge(int32_t piece) const override;

 private:
  struct PieceFacts {
    std::string bytes;    // that it stands for; of a special token, its name
    std::string printed;  // see Piece
    std::optional<float> score;
  };

  size_t At(int32_t piece) const {
    DRAGOMAN_CHECK(piece >= 0 && piece < info_.size);
    return static_cast<size_t>(piece);
  }
  void TakePieces();
  void TakeScores();
  VocabularyTraits TraitsOfPieces() const;
  void AddWord(std::string_view word, WordMerger* merger) const;

  ByteBpeContents contents_;
  std::vector<PieceFacts> pieces_;
  std::array<int32_t, 256> piece_of_byte_{};            // <unk> where there is none
  std::unordered_map<std::string_view, int32_t> find_;  // by what is printed
};

ByteBpeSegmenter::ByteBpeSegmenter(std::string bytes, const std::string& path)
    : Segmenter({}), contents_(CheckByteBpe(bytes, path)) {
  info_ = {.path = path,
           .bytes = std::move(bytes),
           .size = static_cast<int32_t>(contents_.names.size()),
           .unk_id = contents_.unk_id,
           .bos_id = contents_.bos_id,
           .eos_id = contents_.eos_id,
           .pad_id = contents_.pad_id,
           .traits = {}};
  TakePieces();
  TakeScores();
  info_.traits = TraitsOfPieces();
}

void ByteBpeSegmenter::TakePieces() {
  std::unordered_map<std::string_view, int32_t> by_name;
  for (int32_t piece = 0; piece < info_.size; ++piece) {
    const std::string& name = contents_.names[At(piece)];
    if (contents_.special[At(piece)]) {
      pieces_.push_back({name, PrintedBytes(name), std::nullopt});
    } else {
      const std::string bytes = BytesOfSymbols(name);
      pieces_.push_back({bytes, PrintedBytes(bytes), std::nullopt});
      by_name.emplace(name, piece);
    }
  }
  for (int32_t piece = 0; piece < info_.size; ++piece) {
    const auto [other, is_new] = find_.emplace(pieces_[At(piece)].printed, piece);
    if (is_new) continue;
    throw FormatError(info_.path, fmt::format("the pieces \"{}\" and \"{}\" stand for the same text, {}; take the file "
                                              "that the model came with",
                                              contents_.names[At(other->second)], contents_.names[At(piece)],
                                              pieces_[At(piece)].printed));
  }
  for (size_t byte = 0; byte < piece_of_byte_.size(); ++byte) {
    const auto found = by_name.find(SymbolOfByte(static_cast<unsigned char>(byte)));
    piece_of_byte_[byte] = found == by_name.end() ? info_.unk_id : found->second;
  }
}

void ByteBpeSegmenter::TakeScores() {
  for (const int32_t piece : piece_of_byte_) {
    if (piece != info_.unk_id) pieces_[At(piece)].score = 0.0f;
  }
  for (size_t rank = 0; rank < contents_.merges.size(); ++rank) {
    std::optional<float>& score = pieces_[At(contents_.merges[rank].result)].score;
    if (!score) score = -1 - static_cast<float>(rank);  // of several that make it, the first
  }
}

VocabularyTraits ByteBpeSegmenter::TraitsOfPieces() const {
  VocabularyTraits traits;
  traits.type = "byte-bpe";
  traits.bytes =
      static_cast<int32_t>(std::ranges::count_if(piece_of_byte_, [&](int32_t piece) { return piece != info_.unk_id; }));
  traits.byte_fallback = traits.bytes == std::ssize(piece_of_byte_);
  traits.adds_space_in_front = contents_.add_prefix_space;
  traits.removes_extra_spaces = false;
  int64_t longest = 0;
  for (int32_t piece = 0; piece < info_.size; ++piece) {
    const PieceFacts& facts = pieces_[At(piece)];
    if (!facts.score || !IsValidUtf8(facts.bytes)) continue;
    const int64_t length = std::ranges::count_if(facts.bytes, [](char c) { return !IsUtf8Continuation(c); });
    if (length <= longest) continue;
    longest = length;
    traits.longest = piece;
  }
  return traits;
}

void ByteBpeSegmenter::AddWord(std::string_view word, WordMerger* merger) const {
  for (const char c : word) {
    const int32_t piece = piece_of_byte_[static_cast<unsigned char>(c)];
    if (piece == info_.unk_id && contents_.fuse_unk && merger->EndsIn(piece)) continue;
    merger->Add(piece);
  }
}

std::vector<int32_t> ByteBpeSegmenter::Encode(std::string_view text) const {
  RequireSoundText(text);
  if (IsBlank(text)) return {};
  std::string prefixed;
  if (contents_.add_prefix_space && !text.starts_with(' ')) text = prefixed.append(" ").append(text);
  std::vector<int32_t> pieces;
  WordMerger merger(contents_);
  for (size_t begin = 0, end = 0; begin < text.size(); begin = end) {
    end = WordEnd(text, begin);
    AddWord(text.substr(begin, end - begin), &merger);
    merger.Finish(&pieces);
  }
  return pieces;
}

int64_t ByteBpeSegmenter::CountUnknown(std::string_view text) const {
  RequireSoundText(text);
  if (info_.traits.byte_fallback || IsBlank(text)) return 0;
  int64_t count = 0;
  for (size_t i = 0; i < text.size(); i += Utf8Length(text[i])) {
    const std::string_view character = text.substr(i, Utf8Length(text[i]));
    count += std::ranges::any_of(character,
                                 [&](char c) { return piece_of_byte_[static_cast<unsigned char>(c)] == info_.unk_id; });
  }
  return count;
}

std::string ByteBpeSegmenter::Decode(std::span<const int32_t> pieces) const {
  std::string bytes;
  for (const int32_t piece : pieces) {
    if (piece == info_.unk_id) {
      bytes += kUnknownText;
    } else if (!contents_.special[At(piece)]) {
      bytes += pieces_[At(piece)].bytes;
    }
  }
  std::string text = TextOfBytes(bytes);
  if (contents_.add_prefix_space && text.starts_with(' ')) text.erase(0, 1);
  return text;
}

std::optional<int32_t> ByteBpeSegmenter::Find(std::string_view text) const {
  const auto found = find_.find(text);
  return found == find_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::pair<int32_t, int32_t>> ByteBpeSegmenter::LastMerge(int32_t piece) const {
  if (!Score(piece)) return std::nullopt;
  WordMerger merger(contents_);
  AddWord(pieces_[At(piece)].bytes, &merger);
  std::vector<int32_t> left;
  const uint32_t rank = merger.Finish(&left);
  if (rank == kNone || left != std::vector<int32_t>{piece}) return std::nullopt;
  return std::pair(contents_.merges[rank].left, contents_.merges[rank].right);
}

}  // namespace

std::unique_ptr<const Segmenter> MakeByteBpeSegmenter(std::string bytes, const std::string& path) {
  return std::make_unique<ByteBpeSegmenter>(std::move(bytes), path);
}

}  // namespace dragoman
