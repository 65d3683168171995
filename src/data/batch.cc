// SPDX-License-Identifier: Apache-2.0
#include "data/batch.h"

#include "base/check.h"

namespace dragoman {

void Batch::Clear() {
  for (PackedSentences* packed : {&src, &tgt_in, &tgt_out}) packed->Clear();
  pair_ids.clear();
}

void Batch::FinishSentence(int64_t pair_id, int32_t decoder_start) {
  src.EndSentence();
  tgt_out.EndSentence();
  tgt_in.AddShiftedRight(tgt_out.Sentence(sentences()), decoder_start);
  pair_ids.push_back(pair_id);
}

void Batch::SliceInto(std::span<const int> sentence_indices, Batch* part) const {
  part->Clear();
  part->epoch = epoch;
  part->index = index;
  for (const int s : sentence_indices) {
    DRAGOMAN_CHECK(s >= 0 && s < sentences());
    part->src.Add(src.Sentence(s));
    part->tgt_in.Add(tgt_in.Sentence(s));
    part->tgt_out.Add(tgt_out.Sentence(s));
    part->pair_ids.push_back(pair_ids[static_cast<size_t>(s)]);
  }
}

Batch Batch::Slice(std::span<const int> sentence_indices) const {
  Batch part;
  SliceInto(sentence_indices, &part);
  return part;
}

}  // namespace dragoman
