// SPDX-License-Identifier: Apache-2.0
// The parts of a layer that encoder and decoder share.
#ifndef DRAGOMAN_INFER_LAYER_MATH_H_
#define DRAGOMAN_INFER_LAYER_MATH_H_

#include "infer/inference_model.h"
#include "kernels/layer_norm.h"
#include "kernels/rms_norm.h"
#include "tensor/pooled_matrix.h"

namespace dragoman {

// A row for each token: embedding, position, norm.   ids, positions [rows] -> [rows, d_model]. An id of -1 is a zero
// vector.
PooledMatrix EmbedTokens(const InferenceModel& model, const StackInput& stack, BufferPool& pool,
                         std::span<const int32_t> ids, std::span<const int32_t> positions);

// y = norm(x); y may be x.
inline void Normalize(const TransformerConfig& config, const NormWeights& norm, const ConstMatrix& x, const Matrix& y) {
  if (config.norm_kind == NormKind::kRms) {
    kernels::RmsNormForward(x, norm.gain, config.norm_epsilon, y, /*inv_rms=*/nullptr);
  } else {
    kernels::LayerNormForward(x, norm.gain, norm.bias, config.norm_epsilon, y, /*mean=*/nullptr, /*inv_std=*/nullptr);
  }
}

// x becomes norm(x + sublayer(x)) (Vaswani 2017, §3.1 and §5.4), or x + sublayer(norm(x)) (Xiong 2020, §3).
// add(input) adds sublayer(input) to x.
template <class Add>
void ApplySublayer(const TransformerConfig& config, const NormWeights& norm, BufferPool& pool, const Matrix& x,
                   Add add) {
  if (config.norm_order == NormOrder::kPost) {
    add(ConstMatrix(x));
    Normalize(config, norm, x, x);
    return;
  }
  const PooledMatrix normal(pool, x.rows, x.cols);
  Normalize(config, norm, x, normal.view());
  add(ConstMatrix(normal.view()));
}

// x becomes what the feed-forward sub-layer makes of it (Vaswani 2017, §3.3).
void ApplyFeedForward(const InferenceModel& model, const FeedForwardWeights& weights, BufferPool& pool,
                      const Matrix& x);

// At the beginning of a pass through a stack's layers: a learnt vector is added, where there are several passes
// (Dehghani 2019, §2.1).
void BeginPass(const StackInput& stack, int pass, const Matrix& x);

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_LAYER_MATH_H_
