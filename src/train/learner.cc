// SPDX-License-Identifier: Apache-2.0
#include "train/learner.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/hash.h"
#include "base/timer.h"

namespace dragoman {
namespace {

std::unique_ptr<GradientExchange> MakeExchange(const TrainOptions& options, int64_t size, int workers,
                                               Communicator& comm) {
  if (comm.size() == 1) return nullptr;
  return std::make_unique<GradientExchange>(comm, size, workers,
                                            ExchangeOptions{options.overlap, options.shard_optimizer});
}

OptimizerOptions OptimizerOf(const TrainOptions& o) {
  return {o.beta1, o.beta2, o.adam_epsilon, o.weight_decay, o.clip_norm, o.ema_decay};
}

}  // namespace

Learner::Learner(const TrainOptions& options, Precision precision, Transformer& model, WorkerPool& pool,
                 Communicator& comm)
    : model_(model),
      pool_(pool),
      comm_(comm),
      workers_(model, pool,
               GradientOptions{options.label_smoothing, options.r_drop, options.micro_batch_tokens, precision}),
      exchange_(MakeExchange(options, model.parameters().flat_size(), pool.workers(), comm)),
      is_sharded_(exchange_ != nullptr && options.shard_optimizer),
      optimizer_(OptimizerOf(options), model.parameters().flat_size(),
                 is_sharded_ ? exchange_->owned() : std::vector<FlatRange>{{0, model.parameters().flat_size()}}),
      guard_(options, model, optimizer_, workers_, comm) {
  if (exchange_) on_final_ = [this](int worker, int64_t offset) { exchange_->MarkFinal(worker, offset); };
  std::copy_n(model.parameters().values().data(), optimizer_.average().size(), optimizer_.average().data());
}

// First what may have transfers under way, after an error, in the memory of the others.
Learner::~Learner() { exchange_.reset(); }

UpdateFindings Learner::ComputeGradients(const UpdateBatches& update, uint64_t key) {
  const float scale = 1.0f / static_cast<float>(update.tgt_tokens);
  if (exchange_) exchange_->Begin(workers_.gradients());
  UpdateFindings own;
  for (size_t i = 0; i < update.batches.size(); ++i) {
    const int number = static_cast<int>(i) * comm_.size() + comm_.rank();  // in the update, whoever computes it
    const bool is_last = i + 1 == update.batches.size();
    own.sums.Add(workers_.Accumulate(update.batches[i], scale, HashCombine(key, static_cast<uint64_t>(number)),
                                     is_last ? on_final_ : nullptr));
    if (!std::isfinite(own.sums.loss)) own.first_suspect = std::min(own.first_suspect, number);
  }
  if (exchange_) {
    const Timer timer;
    own.squares = exchange_->Finish();
    waited_seconds_ += timer.Seconds();
  } else {
    const double norm = optimizer_.SumGradients(pool_, workers_.gradients());
    own.squares = norm * norm;
  }
  return own;
}

void Learner::Update(std::span<Batch> batches, int64_t number, double rate, double norm) {
  const std::span<float> weights = model_.parameters().values();
  optimizer_.Update(pool_, rate, number, norm, workers_.gradients(), weights);
  const Timer timer;
  Gather(weights, /*to_all=*/true);
  if (is_sharded_) waited_seconds_ += timer.Seconds();
  guard_.NoteFinite(batches);
}

void Learner::Gather(std::span<float> values, bool to_all) const {
  if (is_sharded_) exchange_->Share(values, to_all);
}

}  // namespace dragoman
