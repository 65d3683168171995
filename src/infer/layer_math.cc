// SPDX-License-Identifier: Apache-2.0
#include "infer/layer_math.h"

#include <cmath>

#include "kernels/activation.h"
#include "kernels/elementwise.h"
#include "kernels/embedding.h"

namespace dragoman {

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
    const bool relu = !config.gated && config.activation == kernels::Activation::kRelu;
    weights.in.Apply(input, hidden, relu);
    if (config.gated) {
      hidden = inner.view().Cols(0, config.d_ff);
      kernels::GatedForward(config.activation, hidden, inner.view().Cols(config.d_ff, config.d_ff), hidden);
    } else if (!relu) {
      kernels::ActivationForward(config.activation, hidden, /*bias=*/nullptr, hidden);
    }
    weights.out.Add(hidden, x);
  });
}

void BeginPass(const StackInput& stack, int pass, const Matrix& x) {
  if (!stack.passes.empty()) kernels::AddBias(x, stack.passes[static_cast<size_t>(pass)]);
}

}  // namespace dragoman
