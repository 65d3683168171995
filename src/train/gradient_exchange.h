// SPDX-License-Identifier: Apache-2.0
// GradientExchange: the sum of all ranks' gradients, begun while the backward pass still computes.
//
// The flat buffer is cut into buckets, and each bucket into one part a rank. Gradients become final from the end of the
// buffer to its beginning (Tape::Mark). A bucket that is final in all workers' buffers is summed over them, then its
// parts are exchanged: each rank gets its own part from all others (reduce-scatter), adds them up in the order of
// ranks, and, unless optimizers are sharded, sends the sum to all (all-gather). The order never varies, so the same
// number of ranks gives the same bits.
//
// Sharded (ZeRO stage 1: Rajbhandari 2020, §5.1), the sum stays with its owner, which alone updates those weights; then
// the weights are gathered instead of the gradients. The same bytes travel, and the weights get the same bits.
#ifndef DRAGOMAN_TRAIN_GRADIENT_EXCHANGE_H_
#define DRAGOMAN_TRAIN_GRADIENT_EXCHANGE_H_

#include <cstdint>
#include <deque>
#include <mutex>
#include <span>
#include <vector>

#include "comm/communicator.h"
#include "tensor/flat_buffer.h"
#include "train/flat_range.h"

namespace dragoman {

struct ExchangeOptions {
  bool overlap = true;  // begin during the backward pass
  bool shard = false;   // keep sums with their owners
  int64_t bucket_floats = int64_t{1} << 20;
};

class GradientExchange {
 public:
  // For flat buffers of `size` floats, one a worker. comm, of more than one rank, must outlive this.
  GradientExchange(Communicator& comm, int64_t size, int workers, const ExchangeOptions& options);
  ~GradientExchange();  // between Begin and Finish, when something was thrown there: abandons comm

  // This rank's parts: all that it sums, and all that it updates if sharded.
  const std::vector<FlatRange>& owned() const { return owned_; }

  // An update's gradients are being computed into these buffers, as many as workers.
  void Begin(std::span<FlatBuffer> gradients);
  // From worker's thread: its gradients from `offset` on are final (GradientWorkers::OnFinal).
  void MarkFinal(int worker, int64_t offset);
  // All are final. Waits until the sums are in gradients[0] (sharded: the owned ones), and returns the sum of squares
  // of the owned ones.
  double Finish();

  // Collective. Each rank's owned ranges of `values` to all others, or to rank 0 only. Nothing for
  // an empty buffer (a moving average that is off).
  void Share(std::span<float> values, bool to_all);

 private:
  // Rank r's part of a bucket, in whole cache lines.
  std::span<float> Part(size_t bucket, int rank) const;
  void StartFinalBuckets();  // those that no worker still adds to
  // On the communicator's thread, one after the other for a bucket.
  void SumWorkers(size_t bucket);
  void StartScatter(size_t bucket);
  void SumRanks(size_t bucket, FlatBuffer received);
  // Each rank's part of a bucket of `values` to all others, or to rank 0 only. On any thread.
  void StartGather(size_t bucket, int tag, std::span<float> values, bool to_all);

  Communicator& comm_;
  ExchangeOptions options_;
  std::vector<FlatRange> buckets_;  // from the end of the buffer to its beginning
  std::vector<FlatRange> owned_;
  std::span<FlatBuffer> gradients_;  // between Begin and Finish
  std::vector<double> squares_;      // of the owned part of each bucket

  std::mutex mutex_;
  std::vector<int64_t> final_from_;  // guarded by mutex_; by worker
  size_t started_ = 0;               // guarded by mutex_; buckets

  // Of the communicator's thread.
  std::vector<FlatBuffer> spare_;  // what parts of other ranks are received into
  std::deque<size_t> waiting_;     // buckets, for a spare buffer
  std::vector<int> tags_;          // two a bucket
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_GRADIENT_EXCHANGE_H_
