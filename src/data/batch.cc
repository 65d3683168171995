// SPDX-License-Identifier: Apache-2.0
#include "data/batch.h"

#include "base/check.h"

namespace dragoman {
namespace {

void AppendSentence(const std::vector<int32_t>& ids, const std::vector<int32_t>& offsets, int64_t s,
                    std::vector<int32_t>* out) {
  out->insert(out->end(), ids.begin() + offsets[s], ids.begin() + offsets[s + 1]);
}

}  // namespace

void Batch::Clear() {
  for (auto* ids : {&src_ids, &tgt_in_ids, &tgt_out_ids}) ids->clear();
  for (auto* offsets : {&src_offsets, &tgt_offsets}) offsets->assign(1, 0);
  pair_ids.clear();
}

void Batch::FinishSentence(int64_t pair_id, int32_t decoder_start) {
  const auto begin = static_cast<size_t>(tgt_offsets.back());
  DRAGOMAN_CHECK(tgt_out_ids.size() > begin);
  tgt_in_ids.push_back(decoder_start);
  tgt_in_ids.insert(tgt_in_ids.end(), tgt_out_ids.begin() + begin, tgt_out_ids.end() - 1);
  src_offsets.push_back(static_cast<int32_t>(src_ids.size()));
  tgt_offsets.push_back(static_cast<int32_t>(tgt_out_ids.size()));
  pair_ids.push_back(pair_id);
}

void Batch::SliceInto(std::span<const int> sentence_indices, Batch* part) const {
  part->Clear();
  part->epoch = epoch;
  part->index = index;
  for (const int s : sentence_indices) {
    DRAGOMAN_CHECK(s >= 0 && s < sentences());
    AppendSentence(src_ids, src_offsets, s, &part->src_ids);
    AppendSentence(tgt_in_ids, tgt_offsets, s, &part->tgt_in_ids);
    AppendSentence(tgt_out_ids, tgt_offsets, s, &part->tgt_out_ids);
    part->src_offsets.push_back(static_cast<int32_t>(part->src_ids.size()));
    part->tgt_offsets.push_back(static_cast<int32_t>(part->tgt_out_ids.size()));
    part->pair_ids.push_back(pair_ids[s]);
  }
}

Batch Batch::Slice(std::span<const int> sentence_indices) const {
  Batch part;
  SliceInto(sentence_indices, &part);
  return part;
}

}  // namespace dragoman
