// SPDX-License-Identifier: Apache-2.0
// Keeps numbers that are not finite, or not the same on all ranks, out of a run and its checkpoints.
#ifndef DRAGOMAN_TRAIN_WEIGHT_GUARD_H_
#define DRAGOMAN_TRAIN_WEIGHT_GUARD_H_

#include <cstdint>
#include <span>
#include <string>

#include "comm/communicator.h"
#include "data/batch.h"
#include "model/transformer.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/options.h"

namespace dragoman {

// saved_step, below: of the newest checkpoint, -1 without one; messages name it.
class WeightGuard {
 public:
  // All of them must outlive this.
  WeightGuard(const TrainOptions& options, const Transformer& model, Optimizer& optimizer, GradientWorkers& workers,
              Communicator& comm);

  // An update was made of these batches of this rank's, if any; the first, whose loss was finite, is taken (swapped) to
  // look at weights with.
  void NoteFinite(std::span<Batch> batches);
  // An update of the batches called `where` is not finite. Returns a warning if it is to be skipped; throws
  // NumericError if not, or after too many in a row.
  std::string Skip(int64_t step, const std::string& where, double loss, double norm, int64_t saved_step);

  // Throws NumericError unless a run could go on from here, which is what a checkpoint promises. otherwise: batches to
  // look at the weights with while no update was made.
  void RequireSound(int64_t step, std::span<const Batch> otherwise, int64_t saved_step);
  // Collective. Throws NumericError unless all ranks have the same weights.
  void RequireEqual(int64_t step, int64_t saved_step);

 private:
  std::string LastSaved(int64_t saved_step) const;

  const TrainOptions& options_;
  const Transformer& model_;
  Optimizer& optimizer_;
  GradientWorkers& workers_;
  Communicator& comm_;
  Batch witness_;  // the newest whose loss was finite
  int skipped_in_a_row_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_WEIGHT_GUARD_H_
