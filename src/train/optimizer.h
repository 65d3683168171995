// SPDX-License-Identifier: Apache-2.0
// Adam over flat parameters, shared out between workers: sum the workers' gradients, clip by norm, update, average.
#ifndef DRAGOMAN_TRAIN_OPTIMIZER_H_
#define DRAGOMAN_TRAIN_OPTIMIZER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/thread_pool.h"
#include "tensor/flat_buffer.h"
#include "train/flat_range.h"

namespace dragoman {

struct OptimizerOptions {
  float beta1 = 0.9f;  // Vaswani 2017, §5.3
  float beta2 = 0.98f;
  float epsilon = 1e-9f;
  float weight_decay = 0;  // decoupled (AdamW); 0 is plain Adam
  float clip_norm = 0;     // gradients are scaled down to this L2 norm; 0 turns it off
  float ema_decay = 0;     // exponential moving average of the weights; 0 turns it off
};

// Owns the moments and the average. One thread calls it; the pool's workers each handle a range of the parameters.
class Optimizer {
 public:
  // owned: the ranges that Update changes; another process updates the rest (train/gradient_exchange.h).
  Optimizer(const OptimizerOptions& options, int64_t size, std::vector<FlatRange> owned);
  Optimizer(const OptimizerOptions& options, int64_t size) : Optimizer(options, size, {{0, size}}) {}

  // Sums `gradients` (one flat buffer per worker, each `size` floats) into the first, in the order of workers.
  // Returns the L2 norm of the sum: infinite or NaN if any element is.
  double SumGradients(WorkerPool& pool, std::span<FlatBuffer> gradients);

  // One update of the owned `weights` with the summed gradient, clipped from `norm`; step counts from 1. All gradients
  // are zeroed.
  void Update(WorkerPool& pool, double learning_rate, int64_t step, double norm, std::span<FlatBuffer> gradients,
              std::span<float> weights);

  // Zeroes the gradients without an update.
  void Discard(WorkerPool& pool, std::span<FlatBuffer> gradients) const;

  std::span<float> first_moment() { return m_.span(); }
  std::span<float> second_moment() { return v_.span(); }
  std::span<float> average() { return average_.span(); }  // empty without a moving average

 private:
  OptimizerOptions options_;
  int64_t size_;
  std::vector<FlatRange> owned_;
  FlatBuffer m_, v_, average_;
  std::vector<double> partial_sums_;  // of squares, one a worker
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_OPTIMIZER_H_
