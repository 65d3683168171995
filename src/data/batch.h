// SPDX-License-Identifier: Apache-2.0
// Batch: some sentence pairs as packed token ids, ready for teacher forcing.
#ifndef DRAGOMAN_DATA_BATCH_H_
#define DRAGOMAN_DATA_BATCH_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/packed.h"

namespace dragoman {

// A value; copying copies the ids. For the target "A B </s>" and the start token <s>:
//   tgt_in   <s> A B      what the decoder sees (Vaswani 2017, §3.1: "shifted right")
//   tgt_out  A   B </s>   what it has to say next
struct Batch {
  int64_t epoch = 0;  // where in the data this batch comes from
  int64_t index = 0;

  PackedSentences src;  // each sentence in its template, so with </s> at its end
  PackedSentences tgt_in;
  PackedSentences tgt_out;        // as long as tgt_in, sentence by sentence
  std::vector<int64_t> pair_ids;  // [sentences], numbers in the corpus

  int64_t sentences() const { return static_cast<int64_t>(pair_ids.size()); }
  int64_t src_tokens() const { return src.tokens(); }
  int64_t tgt_tokens() const { return tgt_out.tokens(); }
  int64_t SrcLength(int64_t s) const { return src.packing().Length(s); }
  int64_t TgtLength(int64_t s) const { return tgt_out.packing().Length(s); }

  // Empties the batch but keeps its memory.
  void Clear();

  // After src.ids and tgt_out.ids have grown by one sentence: records its end and fills in tgt_in.
  void FinishSentence(int64_t pair_id, int32_t decoder_start);

  // Sets *part to the sentences of this batch at the given indices, in that order. Reuses the memory of *part.
  void SliceInto(std::span<const int> sentence_indices, Batch* part) const;
  Batch Slice(std::span<const int> sentence_indices) const;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_BATCH_H_
