// SPDX-License-Identifier: Apache-2.0
#include "tensor/packed.h"

#include "base/check.h"

namespace dragoman {

std::span<const int32_t> PackedSentences::Sentence(int64_t s) const {
  return std::span(ids).subspan(static_cast<size_t>(packing().Begin(s)), static_cast<size_t>(packing().Length(s)));
}

std::vector<int32_t> Packing::SentenceOfRows() const {
  std::vector<int32_t> sentence_of;
  sentence_of.reserve(static_cast<size_t>(tokens()));
  for (int64_t s = 0; s < sentences(); ++s) {
    sentence_of.insert(sentence_of.end(), static_cast<size_t>(Length(s)), static_cast<int32_t>(s));
  }
  return sentence_of;
}

void PackedSentences::Add(std::span<const int32_t> tokens) {
  ids.insert(ids.end(), tokens.begin(), tokens.end());
  EndSentence();
}

void PackedSentences::AddShiftedRight(std::span<const int32_t> tokens, int32_t start) {
  DRAGOMAN_CHECK(!tokens.empty());
  ids.push_back(start);
  Add(tokens.first(tokens.size() - 1));
}

void PackedSentences::EndSentence() { offsets.push_back(static_cast<int32_t>(ids.size())); }

void PackedSentences::Clear() {
  ids.clear();
  offsets.assign(1, 0);
}

}  // namespace dragoman
