// SPDX-License-Identifier: Apache-2.0
// Tokenizer: what happens to a sentence before a model reads it, and to what the model says.
//
//   text ── Segmenter ──> pieces, numbered as in the vocabulary's file      text/segmenter.h
//        ── IdMap ──────> ids, numbered as the model's rows                 text/id_map.h
//        ── template ───> with the tokens that the model wants around them  text/sentence_template.h
#ifndef DRAGOMAN_TEXT_TOKENIZER_H_
#define DRAGOMAN_TEXT_TOKENIZER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text/id_map.h"
#include "text/segmenter.h"
#include "text/sentence_template.h"
#include "text/tokenizer_settings.h"

namespace dragoman {

inline constexpr int64_t kMaxVocabularyBytes = int64_t{1} << 28;  // of a vocabulary's file; usually below 5 MB

// Immutable, so any number of threads may call the const functions at once. Move-only. All ids are the model's.
class Tokenizer {
 public:
  // Of the vocabulary in the file `path`, or stdin for "-": ids are the pieces' numbers, and </s> ends a sentence.
  // Throws FileError when it cannot be read, and FormatError when it is no vocabulary (MakeSegmenter).
  static Tokenizer Load(const std::string& path);
  // The same from a file's bytes; `path` only names it in messages.
  static Tokenizer FromBytes(std::string bytes, const std::string& path);

  // Throws FormatError naming `settings_path` when the settings are not of this vocabulary: they have another number of
  // ids, an id twice, or speak of one that means nothing.
  Tokenizer(std::shared_ptr<const Segmenter> segmenter, TokenizerSettings settings, const std::string& settings_path);

  Tokenizer(Tokenizer&&) noexcept = default;
  Tokenizer& operator=(Tokenizer&&) noexcept = default;

  // The ids of a sentence's own tokens, without the template's; none of a blank text. Errors as Segmenter::Encode: text
  // that readers of data/ have let through is sound.
  std::vector<int32_t> Encode(std::string_view text) const;
  // What stands around them.
  const SentenceTemplate& sentence() const { return sentence_; }

  // How many characters of `text` are <unk> to the model.
  int64_t CountUnknown(std::string_view text) const;

  // The text of ids; added tokens, and control pieces such as </s>, leave no trace. Throws OptionError naming an id
  // that means nothing.
  std::string Decode(std::span<const int32_t> ids) const;

  const std::string& Piece(int32_t id) const;  // or the added token's name; the same check as Decode
  std::optional<int32_t> Find(
      std::string_view piece) const;  // the id of a piece or added token, if there is such a one

  // See Segmenter; nothing of an added token. The same check as Decode.
  std::optional<float> Score(int32_t id) const;
  std::optional<std::pair<int32_t, int32_t>> LastMerge(int32_t id) const;  // nor where a part has no row

  // Whether the id means anything: a piece, or an added token.
  bool Has(int32_t id) const { return HasPiece(id) || added_.contains(id); }
  bool HasPiece(int32_t id) const { return ids_.ToPiece(id) != IdMap::kNone; }

  int32_t size() const { return size_; }                           // one more than the highest id
  int32_t rows() const { return size_ + settings_.padding_rows; }  // that a model's table has
  int32_t unk_id() const { return ids_.ToId(info().unk_id); }
  int32_t eos_id() const { return ids_.ToId(info().eos_id); }  // </s>
  int32_t bos_id() const { return ToId(info().bos_id); }       // <s>, -1 if there is none
  int32_t pad_id() const { return ToId(info().pad_id); }       // likewise

  const std::string& path() const { return info().path; }  // that it was loaded with, for messages
  const VocabularyTraits& traits() const { return info().traits; }
  const std::string& serialized() const { return info().bytes; }  // the vocabulary's file
  const TokenizerSettings& settings() const { return settings_; }
  const std::shared_ptr<const Segmenter>& segmenter() const { return segmenter_; }  // two sides may share it

  // A hash of all of it; and of what its ids mean, whatever stands around a sentence.
  uint64_t fingerprint() const { return fingerprint_; }
  uint64_t ids_fingerprint() const { return ids_fingerprint_; }

 private:
  const SegmenterInfo& info() const { return segmenter_->info(); }
  int32_t ToId(int32_t piece) const { return piece < 0 ? IdMap::kNone : ids_.ToId(piece); }
  void RequireIds(std::span<const int32_t> ids) const;

  std::shared_ptr<const Segmenter> segmenter_;
  TokenizerSettings settings_;
  IdMap ids_;
  std::map<int32_t, std::string> added_;  // by id
  SentenceTemplate sentence_;
  int32_t size_ = 0;
  uint64_t fingerprint_ = 0, ids_fingerprint_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_TOKENIZER_H_
