// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "kernels/adam.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

// Ranges are walked in blocks that stay in the second-level cache between the passes over them.
constexpr int64_t kBlock = int64_t{16} * 1024;

template <class Function>
void ForEachBlock(const FlatRange& range, Function function) {
  for (int64_t begin = range.begin; begin < range.end; begin += kBlock) {
    function(static_cast<size_t>(begin), static_cast<size_t>(std::min(kBlock, range.end - begin)));
  }
}

}  // namespace

Optimizer::Optimizer(const OptimizerOptions& options, int64_t size, std::vector<FlatRange> owned)
    : options_(options),
      size_(size),
      owned_(std::move(owned)),
      m_(size),
      v_(size),
      average_(options.ema_decay > 0 ? size : 0) {}

double Optimizer::SumGradients(WorkerPool& pool, std::span<FlatBuffer> gradients) {
  partial_sums_.assign(static_cast<size_t>(pool.workers()), 0.0);
  const auto sum = [&](int worker) {
    double squares = 0;
    ForEachBlock(PartOf({0, size_}, worker, pool.workers()), [&](size_t begin, size_t count) {
      const std::span<float> total = gradients[0].span().subspan(begin, count);
      for (FlatBuffer& other : gradients.subspan(1)) kernels::AddTo(other.span().subspan(begin, count), total);
      squares += kernels::SumOfSquares(total);
    });
    partial_sums_[static_cast<size_t>(worker)] = squares;
  };
  pool.Run(std::ref(sum));
  double squares = 0;
  for (const double partial : partial_sums_) squares += partial;
  return std::sqrt(squares);
}

void Optimizer::Update(WorkerPool& pool, double learning_rate, int64_t step, double norm,
                       std::span<FlatBuffer> gradients, std::span<float> weights) {
  kernels::AdamStep adam;
  adam.learning_rate = static_cast<float>(learning_rate);
  adam.beta1 = options_.beta1;
  adam.beta2 = options_.beta2;
  adam.epsilon = options_.epsilon;
  adam.weight_decay = options_.weight_decay;
  adam.bias_correction1 = static_cast<float>(1.0 - std::pow(double{options_.beta1}, static_cast<double>(step)));
  adam.bias_correction2 = static_cast<float>(1.0 - std::pow(double{options_.beta2}, static_cast<double>(step)));
  if (options_.clip_norm > 0 && norm > options_.clip_norm) {
    adam.gradient_scale = static_cast<float>(options_.clip_norm / norm);
  }
  // Early on the average follows more closely, or it would hold on to the random start for long.
  const float decay = std::min(options_.ema_decay, static_cast<float>(step) / static_cast<float>(step + 9));
  const auto update_block = [&](size_t begin, size_t count) {
    const std::span<float> w = weights.subspan(begin, count);
    kernels::AdamUpdate(adam, gradients[0].span().subspan(begin, count), m_.span().subspan(begin, count),
                        v_.span().subspan(begin, count), w);
    if (average_.size() > 0) kernels::MovingAverage(w, decay, average_.span().subspan(begin, count));
    for (FlatBuffer& gradient : gradients) std::fill_n(gradient.data() + begin, count, 0.0f);
  };
  const auto update = [&](int worker) {
    for (const FlatRange& range : owned_) ForEachBlock(PartOf(range, worker, pool.workers()), update_block);
  };
  pool.Run(std::ref(update));
  int64_t updated = 0;
  for (const FlatRange& range : owned_) updated += range.size();
  if (updated < size_) Discard(pool, gradients);
}

void Optimizer::Discard(WorkerPool& pool, std::span<FlatBuffer> gradients) const {
  const auto zero = [&](int worker) {
    const FlatRange range = PartOf({0, size_}, worker, pool.workers());
    for (FlatBuffer& gradient : gradients) std::fill_n(gradient.data() + range.begin, range.size(), 0.0f);
  };
  pool.Run(std::ref(zero));
}

}  // namespace dragoman
