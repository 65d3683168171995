// SPDX-License-Identifier: Apache-2.0
// A batch of random sentences, for tests.
#ifndef DRAGOMAN_TRAIN_BATCH_TESTING_H_
#define DRAGOMAN_TRAIN_BATCH_TESTING_H_

#include <cstdint>
#include <vector>

#include "base/rng.h"
#include "data/batch.h"

namespace dragoman {

// Pieces 3 to vocab - 1, 1 to max_length of them and </s> (2) on each side; 1 starts the decoder's input.
inline Batch RandomBatch(int sentences, int vocab, int max_length, uint64_t seed) {
  Rng rng(seed);
  Batch batch;
  const auto append = [&](std::vector<int32_t>* ids) {
    for (uint64_t length = 1 + rng.Below(static_cast<uint64_t>(max_length)); length > 0; --length) {
      ids->push_back(static_cast<int32_t>(3 + rng.Below(static_cast<uint64_t>(vocab - 3))));
    }
    ids->push_back(2);  // </s>
  };
  for (int s = 0; s < sentences; ++s) {
    append(&batch.src.ids);
    append(&batch.tgt_out.ids);
    batch.FinishSentence(s, /*decoder_start=*/1);
  }
  return batch;
}

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_BATCH_TESTING_H_
