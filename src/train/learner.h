// SPDX-License-Identifier: Apache-2.0
// What learns: gradients of a batch, their sum over workers and ranks, the update of the weights.
#ifndef DRAGOMAN_TRAIN_LEARNER_H_
#define DRAGOMAN_TRAIN_LEARNER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "base/thread_pool.h"
#include "comm/communicator.h"
#include "data/update_stream.h"
#include "model/transformer.h"
#include "train/agreement.h"
#include "train/gradient_exchange.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/options.h"
#include "train/weight_guard.h"

namespace dragoman {

class Learner {
 public:
  // precision: of products, on all ranks. Everything given must outlive this. The moving average begins at the weights.
  Learner(const TrainOptions& options, Precision precision, Transformer& model, WorkerPool& pool, Communicator& comm);
  ~Learner();
  Learner(const Learner&) = delete;
  Learner& operator=(const Learner&) = delete;

  // Computes gradients of the mean loss per target token of an update, and sums them over workers and ranks, for Update
  // or Discard to take. key: of dropout, for this step. Returns what this rank found; its stop and seconds stay 0.
  UpdateFindings ComputeGradients(const UpdateBatches& update, uint64_t key);

  // Updates the weights with them; number: of updates made, with this one. The batches serve the guard (NoteFinite).
  void Update(std::span<Batch> batches, int64_t number, double rate, double norm);
  void Discard() { optimizer_.Discard(pool_, workers_.gradients()); }

  // Collective. Each rank's part of `values` (moments, average) to all ranks, or to rank 0 only, where the optimizer is
  // sharded; else each rank has all of it.
  void Gather(std::span<float> values, bool to_all) const;

  Optimizer& optimizer() { return optimizer_; }
  GradientWorkers& workers() { return workers_; }
  WeightGuard& guard() { return guard_; }
  double waited_seconds() const { return waited_seconds_; }  // for other ranks, so far

 private:
  Transformer& model_;
  WorkerPool& pool_;
  Communicator& comm_;
  GradientWorkers workers_;
  std::unique_ptr<GradientExchange> exchange_;  // null for a single rank
  GradientWorkers::OnFinal on_final_;           // null for a single rank
  bool is_sharded_;                             // the optimizer, over ranks
  Optimizer optimizer_;
  WeightGuard guard_;
  double waited_seconds_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_LEARNER_H_
