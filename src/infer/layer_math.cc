// SPDX-License-Identifier: Apache-2.0
#include "infer/layer_math.h"

#include <cmath>
#include <utility>

#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/embedding.h"

namespace dragoman {
namespace {

// y = act(x W + b).
void ApplyActivated(const Projection& projection, kernels::Activation activation, const ConstMatrix& x,
                    const Matrix& y) {
  const bool relu = activation == kernels::Activation::kRelu;
  projection.Apply(x, y, relu);
  if (!relu) kernels::ActivationForward(activation, y, /*bias=*/nullptr, y);
}

}  // namespace

PooledMatrix EmbedTokens(const InferenceModel& model, const StackInput& stack, BufferPool& pool,
                         std::span<const int32_t> ids, std::span<const int32_t> positions) {
  const TransformerConfig& config = model.config();
  PooledMatrix x(pool, static_cast<int64_t>(ids.size()), config.d_model);
  const float scale = config.scale_embedding ? std::sqrt(static_cast<float>(config.d_model)) : 1.0f;
  if (stack.embedding.rows.data != nullptr) {
    kernels::EmbeddingForward(ids, stack.embedding.rows, scale, positions, stack.positions, x.view());
  } else {
    kernels::EmbeddingForward(ids, stack.embedding.columns, scale, positions, stack.positions, x.view());
  }
  if (stack.embedding_norm.gain != nullptr) Normalize(config, stack.embedding_norm, x.view(), x.view());
  return x;
}

void ApplyFeedForward(const InferenceModel& model, const FeedForwardWeights& weights, BufferPool& pool,
                      const Matrix& x) {
  const TransformerConfig& config = model.config();
  ApplySublayer(config, weights.norm, pool, x, [&](const ConstMatrix& input) {
    const PooledMatrix inner(pool, input.rows, weights.in.columns());  // [rows, d_ff], or gate and other side by side
    Matrix hidden = inner.view();
    if (config.gated) {
      weights.in.Apply(input, hidden);
      hidden = inner.view().Cols(0, config.d_ff);
      kernels::GatedForward(config.activation, hidden, inner.view().Cols(config.d_ff, config.d_ff), hidden);
    } else {
      ApplyActivated(weights.in, config.activation, input, hidden);
    }
    if (weights.hidden.empty()) return weights.out.Add(hidden, x);
    const PooledMatrix other(pool, input.rows, config.d_ff);  // products write beside what they read
    Matrix next = other.view();
    for (const Projection& projection : weights.hidden) {
      ApplyActivated(projection, config.activation, hidden, next);
      std::swap(hidden, next);
    }
    weights.out.Add(hidden, x);
  });
}

void BeginPass(const StackInput& stack, int pass, const Matrix& x) {
  if (!stack.passes.empty()) kernels::AddBias(x, stack.passes[static_cast<size_t>(pass)]);
}

}  // namespace dragoman
