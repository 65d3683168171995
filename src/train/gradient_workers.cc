// SPDX-License-Identifier: Apache-2.0
#include "train/gradient_workers.h"

#include <algorithm>
#include <functional>

#include "autograd/tape.h"
#include "base/hash.h"
#include "data/share_out.h"

namespace dragoman {
namespace {

SentenceCost CostOf(const TransformerConfig& config) {
  constexpr double kPair = 3;  // small products with a softmax between take about three times as long as a GEMM's
  const OperationCounts counts = config.Operations();
  // A segment has some six tokens, as in bAbI's stories; what matters is that long sources count less.
  const double segment = config.has_segments() ? 6 : 1;
  return {counts.src_token / segment, counts.tgt_token, kPair * counts.src_pair / (segment * segment),
          kPair * counts.tgt_pair, kPair * counts.cross_pair / segment};
}

// Kept until the backward pass, by each layer: q, k, v and the heads' output; a sublayer's sum and its norm; the hidden
// units, before and after a non-linearity that needs its input.
int64_t FloatsPerToken(const TransformerConfig& c) {
  const int64_t width = c.attention_width(), d_model = c.d_model, d_ff = c.d_ff;
  const int64_t attention = 4 * width + 2 * d_model + c.heads;
  const int64_t hidden = c.gated ? 3 : (c.activation == kernels::Activation::kRelu ? 1 : 2) * (c.ffn_depth - 1);
  const int64_t feed_forward = hidden * d_ff + 2 * d_model;
  const int64_t cross_keys = 2 * width;  // and values, which are the source's
  const int64_t src_layers = int64_t{c.encoder_layers} * c.encoder_repeats;
  const int64_t tgt_layers = int64_t{c.decoder_layers} * c.decoder_repeats;
  const int64_t src = src_layers * (attention + feed_forward) + tgt_layers * cross_keys;
  const int64_t tgt = tgt_layers * (2 * attention - cross_keys + feed_forward);
  // Keys and queries; and a target token's score for each token of its source, with its gradient.
  const int64_t copying = c.copy ? 2 * d_model + 2 * c.max_src_len : 0;
  // For a while only: what one layer's backward pass has in hand, and the gradient that goes on to the next.
  const int64_t passing = std::max(hidden * d_ff, 4 * width) + 4 * d_model;
  // Embeddings before their norm, and the norm; a number by distance for each head, of a stack or of each layer in each
  // pass, and a gradient.
  const int64_t passes =
      (c.encoder_repeats > 1 ? c.encoder_repeats : 0) + (c.decoder_repeats > 1 ? c.decoder_repeats : 0);
  const int64_t embedding = ((c.embedding_norm ? 2 : 0) + (c.has_segments() ? 1 : 0) + passes) * d_model;
  const int64_t biases = c.relative_per_layer ? std::max(src_layers, tgt_layers) : 1;
  const int64_t relative = c.relative_buckets > 0 ? (biases + 1) * 2 * c.heads : 0;
  return std::max(src, tgt) + embedding + relative + copying + passing;
}

int64_t LossFloats(const TransformerConfig& c) {
  return OutputLossScratchFloats(c.tgt_vocab, c.copy ? c.max_src_len : 0);
}

constexpr int64_t kFloat = sizeof(float);

}  // namespace

int DefaultMicroBatchTokens(const TransformerConfig& config, Precision precision) {
  if (config.d_model < 512) return 1024;
  return precision == Precision::kBf16 ? 512 : 1280;
}

int64_t MicroBatchTokensWithin(const TransformerConfig& c, int64_t bytes) {
  return (bytes / kFloat - LossFloats(c)) / FloatsPerToken(c);
}

int64_t MicroBatchBytes(const TransformerConfig& c, int64_t tokens) {
  return (tokens * FloatsPerToken(c) + LossFloats(c)) * kFloat;
}

void BatchSums::Add(const BatchSums& other) {
  loss += other.loss;
  nll += other.nll;
  src_tokens += other.src_tokens;
  tgt_tokens += other.tgt_tokens;
  sentences += other.sentences;
}

void BatchSums::Halve() {
  loss /= 2;
  nll /= 2;
  src_tokens /= 2;
  tgt_tokens /= 2;
  sentences /= 2;
}

GradientWorkers::GradientWorkers(const Transformer& model, WorkerPool& pool, const GradientOptions& options)
    : model_(model), pool_(pool), options_(options) {
  if (options_.micro_batch_tokens == 0) {
    options_.micro_batch_tokens = DefaultMicroBatchTokens(model.config(), options_.precision);
  }
  for (int worker = 0; worker < pool.workers(); ++worker) workspaces_.push_back(std::make_unique<Workspace>());
}

int64_t GradientWorkers::peak_activation_bytes() const {
  int64_t bytes = 0;
  for (const auto& workspace : workspaces_) bytes += static_cast<int64_t>(workspace->pool().peak_bytes_in_use());
  return bytes;
}

int64_t GradientWorkers::system_allocations() const {
  int64_t count = 0;
  for (const auto& workspace : workspaces_) count += static_cast<int64_t>(workspace->pool().system_allocations());
  return count;
}

BatchSums GradientWorkers::RunMicroBatch(const Batch& batch, Workspace& workspace,
                                         const OutputLossOptions& options) const {
  const EncodedSource encoded = model_.Encode(workspace, batch.src.view());
  const Variable hidden = model_.Decode(workspace, batch.tgt_in.view(), encoded);  // [tgt_tokens, d_model]
  const auto sums = model_.Loss(workspace, hidden, batch.tgt_out.view(), encoded, options);
  if (Tape* const tape = workspace.tape()) tape->Backward();
  return {sums.loss, sums.nll, batch.src_tokens(), batch.tgt_tokens(), batch.sentences()};
}

BatchSums GradientWorkers::LearnFrom(const Batch& batch, std::span<const int> sentences, Workspace& workspace,
                                     float gradient_scale) const {
  OutputLossOptions options{.smoothing = options_.label_smoothing, .gradient_scale = gradient_scale};
  if (options_.r_drop == 0) return RunMicroBatch(batch.Slice(sentences), workspace, options);
  std::vector<int> twice(sentences.begin(), sentences.end());
  twice.insert(twice.end(), sentences.begin(), sentences.end());
  options.consistency = options_.r_drop;
  options.gradient_scale = gradient_scale / 2;
  BatchSums sums = RunMicroBatch(batch.Slice(twice), workspace, options);
  sums.Halve();
  return sums;
}

BatchSums GradientWorkers::Run(const Batch& batch, const Pass* pass) {
  const auto shares = ShareOut(batch, pool_.workers(), CostOf(model_.config()));
  std::vector<BatchSums> sums(static_cast<size_t>(pool_.workers()));
  const auto work = [&](int worker) {
    const auto w = static_cast<size_t>(worker);
    Workspace& workspace = *workspaces_[w];
    const bool twice = pass != nullptr && options_.r_drop > 0;
    const auto parts = MicroBatches(batch, shares[w], std::max(1, options_.micro_batch_tokens / (twice ? 2 : 1)));
    if (pass == nullptr) {
      workspace.set_precision(Precision::kF32);
      const OutputLossOptions plain{.smoothing = options_.label_smoothing, .gradient_scale = 0};
      for (const auto& sentences : parts) sums[w].Add(RunMicroBatch(batch.Slice(sentences), workspace, plain));
      return;
    }
    workspace.set_precision(options_.precision, &packed_);
    uint64_t key = HashCombine(pass->dropout_key, static_cast<uint64_t>(worker));
    const std::function<void(int64_t)> on_final = [&](int64_t offset) { pass->on_final(worker, offset); };
    for (size_t i = 0; i < parts.size(); ++i) {
      Tape tape(workspace, gradients_[w].data(), key = HashMix(key));
      if (pass->on_final && i + 1 == parts.size()) tape.set_on_final(&on_final);
      sums[w].Add(LearnFrom(batch, parts[i], workspace, pass->gradient_scale));
    }
    if (pass->on_final) pass->on_final(worker, 0);
  };
  pool_.Run(std::ref(work));
  BatchSums total;
  for (const BatchSums& worker_sums : sums) total.Add(worker_sums);
  return total;
}

std::span<FlatBuffer> GradientWorkers::gradients() {
  while (gradients_.size() < static_cast<size_t>(pool_.workers())) {
    gradients_.emplace_back(model_.parameters().flat_size());
  }
  return gradients_;
}

BatchSums GradientWorkers::Accumulate(const Batch& batch, float gradient_scale, uint64_t dropout_key,
                                      const OnFinal& on_final) {
  gradients();
  packed_.Pack(model_.parameters(), options_.precision, pool_);
  const Pass pass{gradient_scale, dropout_key, on_final};
  return Run(batch, &pass);
}

BatchSums GradientWorkers::Evaluate(const Batch& batch) { return Run(batch, nullptr); }

}  // namespace dragoman
