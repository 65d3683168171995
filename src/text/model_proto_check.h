// SPDX-License-Identifier: Apache-2.0
// Looks at a SentencePiece model's bytes before the library does. Version 0.1.97 aborts, or reads outside its memory,
// on some malformed models (CVE-2026-1260 among them); a vocabulary may come from anywhere, so nothing is trusted.
#ifndef DRAGOMAN_TEXT_MODEL_PROTO_CHECK_H_
#define DRAGOMAN_TEXT_MODEL_PROTO_CHECK_H_

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "text/segmenter.h"

namespace dragoman {

// Of an unused piece at the end of a BPE model: no text's segmentation shall ever pass it. SentencePiece makes unused
// pieces on its way to others, and takes them apart again, so that they can change what comes out; these it is not
// shown.
inline constexpr float kOutsideOfMerges = std::numeric_limits<float>::lowest();

// What the walk found out about a model that passed.
struct ModelProtoSummary {
  int32_t pieces = 0;
  int32_t unk_id = -1;
  bool normalizes = false;  // has rules that change characters
  VocabularyTraits traits;
  std::vector<bool> ordinary;  // [pieces] whether it is text as it stands: no control, user-defined, byte, unused piece
  std::string loadable;        // the model without its self test: sentences that the library would encode while loading
  std::string encodable;       // the same without its last pieces, those kOutsideOfMerges; "" where there are none
};

// Returns the summary. Throws FormatError naming `path` when the bytes are not a model that the library loads and
// uses safely; what to do about it is part of the message.
ModelProtoSummary CheckModelProto(std::string_view bytes, const std::string& path);

// True when more than `limit` of the symbols are prefixes of one of them (itself included): the library's match table
// for user-defined symbols has 64 places and no check.
bool PrefixesNestDeeperThan(std::vector<std::string_view> symbols, size_t limit);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_MODEL_PROTO_CHECK_H_
