// SPDX-License-Identifier: Apache-2.0
// UpdateStream: what each update of the weights learns from, and which of it this process computes.
#ifndef DRAGOMAN_DATA_UPDATE_STREAM_H_
#define DRAGOMAN_DATA_UPDATE_STREAM_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "data/batch_stream.h"

namespace dragoman {

// Consecutive batches of one epoch, shared out in turn between the processes ("ranks") that train together: rank r of n
// computes batches r, n + r, 2n + r, ... of them.
struct UpdateBatches {
  DataPosition begin, end;     // of all its batches; end is where the next update begins
  int64_t tgt_tokens = 0;      // of all its batches, as they are planned (BatchStream::NextTgtTokens)
  std::vector<Batch> batches;  // this rank's; none, perhaps, in the last update of an epoch
};

struct UpdateShare {
  int accumulate = 1;  // batches of a rank in one update
  int rank = 0;
  int ranks = 1;
};

// Endless and deterministic, like the BatchStream it owns. An update ends with its epoch, if with fewer batches than
// others: so one epoch trains on each pair once.
class UpdateStream {
 public:
  UpdateStream(BatchStream batches, const UpdateShare& share) : stream_(std::move(batches)), share_(share) {}

  // Reads this rank's batches, reusing the memory of *update. Throws what BatchStream::Next throws.
  void Next(UpdateBatches* update);

 private:
  BatchStream stream_;
  UpdateShare share_;
};

// The updates that such a stream makes from a position on, until it has passed over the corpus `epochs` times in all.
// batches: of one update, of all ranks. Exact for the first 1,000 passes, each of which is planned; where shuffling
// makes them differ, any further ones count as the mean of those. Calls check() before each plan.
int64_t CountUpdates(
    std::span<const PairLengths> lengths, const BatchOptions& options, int64_t batches, DataPosition from,
    int64_t epochs, const std::function<void()>& check = [] {});

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_UPDATE_STREAM_H_
