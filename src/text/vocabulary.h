// SPDX-License-Identifier: Apache-2.0
// Vocabulary: text to token ids and back, by a SentencePiece model.
#ifndef DRAGOMAN_TEXT_VOCABULARY_H_
#define DRAGOMAN_TEXT_VOCABULARY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/vocabulary_traits.h"

namespace dragoman {

inline constexpr int64_t kMaxVocabularyBytes = int64_t{1} << 28;  // of a model's file; usually below 5 MB

// Owns one loaded model; immutable, so any number of threads may call the const functions at once. Move-only.
class Vocabulary {
 public:
  // Reads the file `path`, or stdin for "-". Throws FileError when it cannot be read, and FormatError when it is not a
  // SentencePiece model that can be used safely (the file is not trusted: see text/model_proto_check.h), or has no </s>
  // to end a sentence with.
  static Vocabulary Load(const std::string& path);
  // The same from a model's bytes; `path` only names it in messages.
  static Vocabulary FromBytes(std::string bytes, const std::string& path);

  Vocabulary(Vocabulary&&) noexcept;
  Vocabulary& operator=(Vocabulary&&) noexcept;
  ~Vocabulary();

  // Returns the ids of a sentence's pieces, without <s> or </s>; none of a blank text (text/blank.h). The model's own
  // normalisation applies (by default none but that runs of spaces become one and those at the ends vanish); besides,
  // ASCII white space (tab, line feed, carriage return, ...) and SentencePiece's own mark for a space, U+2581, count as
  // a space. Throws FormatError naming the byte when `text` is not UTF-8 or holds a NUL: readers of data/ have turned
  // such text away with file and line.
  std::vector<int32_t> Encode(std::string_view text) const;

  // How many characters of `text` have no piece and are <unk> to a model (in Encode's ids a run of them is one). Of a
  // run of more than a kilobyte the beginning counts. The same check as Encode.
  int64_t CountUnknown(std::string_view text) const;

  // Returns the text of the ids; control tokens such as <s> and </s> leave no trace. Throws OptionError naming an id
  // that is not in [0, size()).
  std::string Decode(std::span<const int32_t> ids) const;

  const std::string& Piece(int32_t id) const;                 // the same check as Decode
  std::optional<int32_t> Find(std::string_view piece) const;  // its id, if there is such a piece

  const std::string& path() const;  // that it was loaded with, for messages
  int32_t size() const;
  int32_t unk_id() const;
  int32_t bos_id() const;  // <s>, -1 if there is none
  int32_t eos_id() const;  // </s>
  int32_t pad_id() const;
  const VocabularyTraits& traits() const;

  // The model file's bytes, to be copied into a checkpoint, and a hash of them.
  const std::string& serialized() const;
  uint64_t fingerprint() const;

 private:
  struct Impl;
  explicit Vocabulary(std::unique_ptr<const Impl> impl);
  std::unique_ptr<const Impl> impl_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_VOCABULARY_H_
