// SPDX-License-Identifier: Apache-2.0
// Sources cut into segments: facts of a story, sentences of a document.
#ifndef DRAGOMAN_MODEL_SOURCE_SEGMENTS_H_
#define DRAGOMAN_MODEL_SOURCE_SEGMENTS_H_

#include <cstdint>
#include <vector>

#include "tensor/packed.h"

namespace dragoman {

struct SourceSegments {
  // Each token `end` ends a segment, which it belongs to; what stands behind the last, </s> at least, is one more.
  SourceSegments(const PackedTokens& source, int32_t end);

  Packing of_tokens() const { return {token_offsets}; }       // which tokens are a segment
  Packing of_segments() const { return {sentence_offsets}; }  // which segments are a source

  std::vector<int32_t> token_offsets = {0};     // [segments + 1]
  std::vector<int32_t> sentence_offsets = {0};  // [sentences + 1]
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_SOURCE_SEGMENTS_H_
