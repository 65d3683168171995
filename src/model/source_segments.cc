// SPDX-License-Identifier: Apache-2.0
#include "model/source_segments.h"

namespace dragoman {

SourceSegments::SourceSegments(const PackedTokens& source, int32_t end) {
  for (int64_t s = 0; s < source.packing.sentences(); ++s) {
    const auto sentence_end = static_cast<int32_t>(source.packing.Begin(s) + source.packing.Length(s));
    for (auto i = static_cast<int32_t>(source.packing.Begin(s)); i < sentence_end; ++i) {
      if (source.ids[static_cast<size_t>(i)] == end || i + 1 == sentence_end) token_offsets.push_back(i + 1);
    }
    sentence_offsets.push_back(static_cast<int32_t>(token_offsets.size()) - 1);
  }
}

}  // namespace dragoman
