// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_state.h"

#include <utility>

#include "base/check.h"

namespace dragoman {

DecoderState::DecoderState(const Packing& src, int layers)
    : src_offsets_(src.offsets.begin(), src.offsets.end()),
      src_{src_offsets_},
      longest_src_(src_.Longest()),
      ancestors_(static_cast<size_t>(src.sentences())),
      layers_(static_cast<size_t>(layers)) {
  for (int64_t s = 0; s < src.sentences(); ++s) sentence_.push_back(static_cast<int32_t>(s));
}

void DecoderState::SetCopies(Variable keys, std::span<const int32_t> ids) {
  copy_keys_ = std::move(keys);
  copy_ids_.assign(ids.begin(), ids.end());
}

void DecoderState::Advance() {
  for (size_t h = 0; h < ancestors_.size(); ++h) ancestors_[h].push_back(static_cast<int32_t>(h));
  ++step_;
}

void DecoderState::Reorder(std::span<const int32_t> parents) {
  std::vector<int32_t> sentence;
  std::vector<std::vector<int32_t>> ancestors;
  sentence.reserve(parents.size());
  ancestors.reserve(parents.size());
  for (const int32_t parent : parents) {
    DRAGOMAN_CHECK(parent >= 0 && parent < hypotheses());
    sentence.push_back(sentence_[static_cast<size_t>(parent)]);
    ancestors.push_back(ancestors_[static_cast<size_t>(parent)]);
  }
  sentence_ = std::move(sentence);
  ancestors_ = std::move(ancestors);
}

}  // namespace dragoman
