// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_TRAIN_OVERLAP_H_
#define DRAGOMAN_TRAIN_OVERLAP_H_

#include <cstdint>
#include <functional>
#include <span>

#include "data/batch.h"
#include "data/token_corpus.h"

namespace dragoman {

// How many pairs of the batches are pairs of the corpus, too: the same tokens on both sides, by a hash of 64 bits.
// Reads those pairs of the corpus that have the lengths of one, calling check() now and then.
int64_t CountPairsInCorpus(std::span<const Batch> batches, const TokenCorpus& corpus,
                           const std::function<void()>& check);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_OVERLAP_H_
