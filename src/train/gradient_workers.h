// SPDX-License-Identifier: Apache-2.0
// Forward and backward passes of a batch, shared out between workers: each takes its share of the sentences in
// micro-batches, on its own thread and tape, into its own gradient buffer. No lock, no shared write.
#ifndef DRAGOMAN_TRAIN_GRADIENT_WORKERS_H_
#define DRAGOMAN_TRAIN_GRADIENT_WORKERS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "autograd/ops.h"
#include "autograd/packed_weights.h"
#include "base/thread_pool.h"
#include "data/batch.h"
#include "kernels/gemm.h"
#include "model/transformer.h"
#include "tensor/flat_buffer.h"

namespace dragoman {

struct GradientOptions {
  float label_smoothing = 0.1f;           // Vaswani 2017, §5.4
  float r_drop = 0;                       // weight of the divergence between two passes (Wu 2021, §2.1); 0: one pass
  int micro_batch_tokens = 0;             // target plus source, that one worker computes on at a time; 0: chosen
  Precision precision = Precision::kF32;  // of Accumulate's matrix products; kBf16 only where HasFastBf16()
};

// Enough for products to run at full rate, and no more memory than that takes. A wide model's do with few rows in bf16,
// whose weights are packed once a batch; in f32 each micro-batch reads and packs them again (docs/performance.md).
int DefaultMicroBatchTokens(const TransformerConfig& config, Precision precision);

// How many tokens, source and target together, a worker can compute on at a time so that its activations, gradients and
// logits stay within so many bytes; 0 or less when not even one can. One sentence is never split, so a longer one takes
// more.
int64_t MicroBatchTokensWithin(const TransformerConfig& config, int64_t bytes);

// The other way round: what a worker takes for so many.
int64_t MicroBatchBytes(const TransformerConfig& config, int64_t tokens);

// Sums over a batch.
struct BatchSums {
  double loss = 0;  // label-smoothed, natural logarithm
  double nll = 0;
  int64_t src_tokens = 0;
  int64_t tgt_tokens = 0;
  int64_t sentences = 0;

  void Add(const BatchSums& other);
  void Halve();  // of a batch that went through twice
};

class GradientWorkers {
 public:
  // The model and the pool must outlive this. Gradient buffers are made when first used.
  GradientWorkers(const Transformer& model, WorkerPool& pool, const GradientOptions& options);

  // Told from a worker's thread: its gradients from `offset` on are final. The last offset is 0.
  using OnFinal = std::function<void(int worker, int64_t offset)>;

  // Adds the gradients of (sum of the batch's losses) * gradient_scale to the workers' buffers. Equal arguments and
  // the same number of workers give the same bits. on_final: for the last batch of an update.
  BatchSums Accumulate(const Batch& batch, float gradient_scale, uint64_t dropout_key,
                       const OnFinal& on_final = nullptr);

  // The losses alone, without dropout, in f32.
  BatchSums Evaluate(const Batch& batch);

  std::span<FlatBuffer> gradients();      // one a worker, zero at first
  int64_t peak_activation_bytes() const;  // over all workers
  int64_t system_allocations() const;     // of memory for activations, so far

 private:
  struct Pass {  // of gradients; without one, losses alone
    float gradient_scale;
    uint64_t dropout_key;
    const OnFinal& on_final;
  };
  BatchSums Run(const Batch& batch, const Pass* pass);
  BatchSums RunMicroBatch(const Batch& batch, Workspace& workspace, const OutputLossOptions& options) const;
  // These sentences of the batch, once or twice as r_drop says.
  BatchSums LearnFrom(const Batch& batch, std::span<const int> sentences, Workspace& workspace,
                      float gradient_scale) const;

  const Transformer& model_;
  WorkerPool& pool_;
  GradientOptions options_;
  PackedWeights packed_;  // of the model, in options_.precision, when gradients are computed
  std::vector<std::unique_ptr<Workspace>> workspaces_;  // one a worker
  std::vector<FlatBuffer> gradients_;                   // one a worker, like ParameterStore::values()
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_GRADIENT_WORKERS_H_
