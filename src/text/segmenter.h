// SPDX-License-Identifier: Apache-2.0
// Segmenter: text to pieces and back, numbered as the vocabulary's own file numbers them. What kinds of vocabularies
// differ in; all else of a tokenizer (text/tokenizer.h) is the same for all.
#ifndef DRAGOMAN_TEXT_SEGMENTER_H_
#define DRAGOMAN_TEXT_SEGMENTER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/vocabulary_traits.h"

namespace dragoman {

// Of any vocabulary: files with more are refused.
inline constexpr int kMaxVocabularyPieces = 1 << 21;
inline constexpr size_t kMaxPieceBytes = 4096;  // SentencePiece's own limit is 512 characters

// What stays the same of a segmenter. Ids are -1 where there is no such piece.
struct SegmenterInfo {
  std::string path;     // that it was loaded with, for messages
  std::string bytes;    // the file's, to be copied into a checkpoint
  int32_t size = 0;     // pieces are 0 to size - 1
  int32_t unk_id = -1;  // stands for text that has no piece; always there
  int32_t bos_id = -1;  // <s>
  int32_t eos_id = -1;  // </s>; always there, since it ends every sentence
  int32_t pad_id = -1;
  VocabularyTraits traits;
};

// Immutable, so any number of threads may call it at once. Pieces that are given are in [0, size).
class Segmenter {
 public:
  virtual ~Segmenter() = default;
  Segmenter(const Segmenter&) = delete;
  Segmenter& operator=(const Segmenter&) = delete;

  // The pieces of a text, without special ones; none of a blank text (text/blank.h). The vocabulary's own normalisation
  // applies. Throws FormatError naming the byte when `text` is not UTF-8 or holds a NUL.
  virtual std::vector<int32_t> Encode(std::string_view text) const = 0;

  // How many characters of `text` have no piece. The same check as Encode.
  virtual int64_t CountUnknown(std::string_view text) const = 0;

  // The text of pieces; control pieces such as </s> leave no trace.
  virtual std::string Decode(std::span<const int32_t> pieces) const = 0;

  virtual const std::string& Piece(int32_t piece) const = 0;             // as text, a space being U+2581
  virtual std::optional<int32_t> Find(std::string_view text) const = 0;  // the piece of that text, if there is one

  // Of a piece that is text as it stands and may be cut; nothing of others (control, user-defined, byte, unused). How
  // likely it is: the logarithm of a probability (unigram), or minus the number of its merge (BPE).
  virtual std::optional<float> Score(int32_t piece) const = 0;

  // The two that the last merge of such a piece joins, where a vocabulary's merges are not of characters (byte-level
  // BPE), so that no one else can find them; else nothing.
  virtual std::optional<std::pair<int32_t, int32_t>> LastMerge(int32_t /*piece*/) const { return std::nullopt; }

  const SegmenterInfo& info() const { return info_; }

 protected:
  explicit Segmenter(SegmenterInfo info) : info_(std::move(info)) {}
  SegmenterInfo info_;
};

// What a vocabulary's file is, by how it begins: a JSON object is the tokenizer.json of a byte-level BPE
// (text/byte_bpe_segmenter.h), the line of kWordListMark begins a list of words (text/word_segmenter.h), and all else
// should be a SentencePiece model (text/sentencepiece_segmenter.h).
enum class VocabularyKind { kSentencePiece, kByteBpe, kWords };
VocabularyKind KindOfVocabulary(std::string_view head);

// The segmenter of a vocabulary's bytes, of whichever kind; `path` names it in messages. Throws FormatError when they
// are none that can be used safely.
std::unique_ptr<const Segmenter> MakeSegmenter(std::string bytes, const std::string& path);

// For segmenters. Throws FormatError naming the byte when `text` is not UTF-8 or holds a NUL.
void RequireSoundText(std::string_view text);

// Characters of a piece's text, but for the mark of a space.
int64_t CharactersIn(std::string_view piece);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_SEGMENTER_H_
