// SPDX-License-Identifier: Apache-2.0
// Who computes what: a batch's sentences divided between workers, and a worker's share into micro-batches.
#ifndef DRAGOMAN_DATA_SHARE_OUT_H_
#define DRAGOMAN_DATA_SHARE_OUT_H_

#include <cstdint>
#include <span>
#include <vector>

#include "data/batch.h"

namespace dragoman {

// What a sentence costs, in any unit: so much a token, and for attention so much for each pair of tokens that look at
// each other (source², target² and source x target).
struct SentenceCost {
  double src_token, tgt_token;
  double src_pair, tgt_pair, cross_pair;
  double Of(int64_t src_len, int64_t tgt_len) const;
};

// Returns, for each worker, the indices of its sentences in the batch, ascending; every sentence once. The costliest
// sentence goes first, each to the worker with the least so far, so no worker has more than 4/3 of the best possible
// (Graham 1969). With at least as many sentences as workers, each worker gets one. Deterministic.
std::vector<std::vector<int>> ShareOut(const Batch& batch, int workers, const SentenceCost& cost);

// Returns `sentences` (indices in the batch) in their order, cut so that each part has at most max_tokens source plus
// target tokens, or is a single sentence that alone has more; as few parts as that takes, the largest as small as can
// be.
std::vector<std::vector<int>> MicroBatches(const Batch& batch, std::span<const int> sentences, int64_t max_tokens);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_SHARE_OUT_H_
