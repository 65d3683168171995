// SPDX-License-Identifier: Apache-2.0
// Which pairs form which batch of an epoch: decided from lengths alone, without touching a token.
#ifndef DRAGOMAN_DATA_BATCH_PLAN_H_
#define DRAGOMAN_DATA_BATCH_PLAN_H_

#include <cstdint>
#include <span>
#include <vector>

#include "data/token_spool.h"

namespace dragoman {

enum class BatchOrder {
  kShuffled,  // pairs in random order, packed into batches as they come
  kBucketed,  // pairs of like length together, the batches in random order
  kFile       // pairs in the order of the file: for validation
};

// Consecutive pairs of the corpus, of which an epoch holds each `thousandths` / 1000 times: as often as that has ones,
// and of what remains a share, whose pairs follow those of the epoch before in the file's order. So 0.25 goes through
// them once in four epochs.
struct PairShare {
  int64_t pairs = 0;
  int64_t thousandths = 1000;
};

struct BatchOptions {
  // Target tokens of a batch, and at most 4 times as many of the source; a pair above that is a batch of its own.
  int64_t max_tokens = 4096;
  BatchOrder order = BatchOrder::kShuffled;
  uint64_t seed = 1;
  std::vector<PairShare> shares;  // of all pairs, in order; none: each once
  int32_t decoder_start = 1;      // first of tgt_in: a token id, or -1 for a zero vector

  // Throws OptionError naming the option, what was found and what is allowed; by which no epoch is empty.
  void Validate() const;

  // Of `pairs` in all. An epoch may have one more of each share.
  int64_t PairsAnEpoch(int64_t pairs) const;
  bool EpochsDiffer() const;  // in the pairs they have
  bool RepeatsPairs() const;  // whether an epoch holds some several times
};

// Batch b of the epoch is the pairs order[starts[b]] to order[starts[b + 1] - 1]. Every pair is in exactly one batch,
// unless shares say otherwise. About 4 bytes a pair.
struct BatchPlan {
  std::vector<uint32_t> order;   // [pairs of the epoch]
  std::vector<uint32_t> starts;  // [batches + 1]

  int64_t batches() const { return static_cast<int64_t>(starts.size()) - 1; }
  std::span<const uint32_t> Pairs(int64_t batch) const;
};

// Plans an epoch, reusing the memory of *plan. The same arguments give the same plan on every machine; another epoch
// or seed gives an independent one.
void PlanEpoch(std::span<const PairLengths> lengths, const BatchOptions& options, int64_t epoch, BatchPlan* plan);

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_BATCH_PLAN_H_
