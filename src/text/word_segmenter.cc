// SPDX-License-Identifier: Apache-2.0
#include "text/word_segmenter.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/error.h"
#include "base/utf8.h"
#include "text/blank.h"

namespace dragoman {
namespace {

constexpr std::string_view kHeader = "#dragoman-words 1";
constexpr std::string_view kWhiteSpace = " \t\n\v\f\r";
constexpr std::string_view kNoPiece = std::string_view(" \t\n\v\f\r\0", 7);
constexpr char kUnknownText[] = "\u2047";

[[noreturn]] void Fail(const std::string& path, int64_t line, const std::string& what) {
  throw FormatError(path, line, what + "; take the list of words that the model came with");
}

// The lines after the header.
std::vector<std::string> ReadPieces(std::string_view text, const std::string& path) {
  std::vector<std::string> pieces;
  for (int64_t number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) Fail(path, number, "the last line does not end in a line feed");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (number == 1) {
      if (line != kHeader) Fail(path, 1, fmt::format("expected \"{}\", which is all that is known here", kHeader));
      continue;
    }
    if (line.empty()) Fail(path, number, "an empty piece");
    if (line.size() > kMaxPieceBytes) Fail(path, number, fmt::format("a piece of {} bytes", line.size()));
    if (!IsValidUtf8(line)) Fail(path, number, "a piece that is not UTF-8");
    if (line.find_first_of(kNoPiece) != std::string_view::npos) {
      Fail(path, number, "a piece with white space or NUL in it, which no text could have");
    }
    if (pieces.size() == kMaxVocabularyPieces) {
      Fail(path, number, fmt::format("more than {} pieces", kMaxVocabularyPieces));
    }
    pieces.emplace_back(line);
  }
  return pieces;
}

class WordSegmenter : public Segmenter {
 public:
  WordSegmenter(std::string bytes, const std::string& path);

  std::vector<int32_t> Encode(std::string_view text) const override;
  int64_t CountUnknown(std::string_view text) const override;
  std::string Decode(std::span<const int32_t> pieces) const override;
  const std::string& Piece(int32_t piece) const override {
    DRAGOMAN_CHECK(piece >= 0 && piece < info_.size);
    return pieces_[static_cast<size_t>(piece)];
  }
  std::optional<int32_t> Find(std::string_view text) const override;
  std::optional<float> Score(int32_t /*piece*/) const override { return std::nullopt; }

 private:
  bool IsControl(int32_t piece) const {
    return piece == info_.bos_id || piece == info_.eos_id || piece == info_.pad_id;
  }
  int32_t PieceOfWord(std::string_view word) const;
  template <class Function>
  void ForEachWord(std::string_view text, const Function& function) const;

  std::vector<std::string> pieces_;
  std::unordered_map<std::string_view, int32_t> find_;
};

WordSegmenter::WordSegmenter(std::string bytes, const std::string& path)
    : Segmenter({}), pieces_(ReadPieces(bytes, path)) {
  VocabularyTraits traits;
  traits.type = "words";
  traits.adds_space_in_front = false;
  int64_t longest = 0;
  for (size_t i = 0; i < pieces_.size(); ++i) {
    const auto piece = static_cast<int32_t>(i);
    const auto [other, is_new] = find_.emplace(pieces_[i], piece);
    const auto line = static_cast<int64_t>(i) + 2;
    if (!is_new) Fail(path, line, fmt::format("\"{}\" is there already, in line {}", pieces_[i], other->second + 2));
    const int64_t length = CharactersIn(pieces_[i]);
    if (length <= longest) continue;
    longest = length;
    traits.longest = piece;
  }
  const auto id = [&](const char* name) { return Find(name).value_or(-1); };
  info_ = {.path = path,
           .bytes = std::move(bytes),
           .size = static_cast<int32_t>(pieces_.size()),
           .unk_id = id("<unk>"),
           .bos_id = id("<s>"),
           .eos_id = id("</s>"),
           .pad_id = id("<pad>"),
           .traits = traits};
  for (const char* name : {"<unk>", "</s>"}) {
    if (Find(name)) continue;
    throw FormatError(path, fmt::format("it has no {}, which every model needs; take the list of words that the model "
                                        "came with",
                                        name));
  }
}

int32_t WordSegmenter::PieceOfWord(std::string_view word) const {
  const int32_t piece = Find(word).value_or(info_.unk_id);
  return IsControl(piece) ? info_.unk_id : piece;
}

template <class Function>
void WordSegmenter::ForEachWord(std::string_view text, const Function& function) const {
  RequireSoundText(text);
  if (IsBlank(text)) return;
  for (size_t at = text.find_first_not_of(kWhiteSpace); at != text.npos; at = text.find_first_not_of(kWhiteSpace, at)) {
    const size_t end = std::min(text.find_first_of(kWhiteSpace, at), text.size());
    function(text.substr(at, end - at));
    at = end;
  }
}

std::vector<int32_t> WordSegmenter::Encode(std::string_view text) const {
  std::vector<int32_t> pieces;
  ForEachWord(text, [&](std::string_view word) { pieces.push_back(PieceOfWord(word)); });
  return pieces;
}

int64_t WordSegmenter::CountUnknown(std::string_view text) const {
  int64_t count = 0;
  ForEachWord(text, [&](std::string_view word) {
    if (PieceOfWord(word) == info_.unk_id) count += CharactersIn(word);
  });
  return count;
}

std::string WordSegmenter::Decode(std::span<const int32_t> pieces) const {
  std::string text;
  for (const int32_t piece : pieces) {
    if (IsControl(piece)) continue;
    if (!text.empty()) text += ' ';
    text += piece == info_.unk_id ? kUnknownText : Piece(piece);
  }
  return text;
}

std::optional<int32_t> WordSegmenter::Find(std::string_view text) const {
  const auto found = find_.find(text);
  return found == find_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

std::unique_ptr<const Segmenter> MakeWordSegmenter(std::string bytes, const std::string& path) {
  return std::make_unique<WordSegmenter>(std::move(bytes), path);
}

std::string WordListOf(std::span<const std::string> pieces) {
  std::string list(kHeader);
  for (const std::string& piece : pieces) list.append("\n").append(piece);
  return list + "\n";
}

}  // namespace dragoman
