// SPDX-License-Identifier: Apache-2.0
// One layer of the encoder: self-attention, then feed-forward. Source: Vaswani 2017, §3.1, left half of figure 1.
#ifndef DRAGOMAN_MODEL_ENCODER_LAYER_H_
#define DRAGOMAN_MODEL_ENCODER_LAYER_H_

#include <string>

#include "model/transformer_config.h"
#include "nn/feed_forward.h"
#include "nn/multi_head_attention.h"

namespace dragoman {

class EncoderLayer {
 public:
  // `config` must outlive the layer.
  EncoderLayer(ParameterPlan& plan, const std::string& path, const TransformerConfig& config);

  // x [src_tokens, d_model] -> [src_tokens, d_model]. distance_bias: of self-attention, where
  // layers share one, or empty.
  Variable Forward(Workspace& workspace, const Variable& x, const Packing& src, AttentionTrace* trace,
                   const Variable& distance_bias) const;
  void Initialize(ParameterStore& store, Rng& rng) const;

 private:
  const TransformerConfig& config_;
  MultiHeadAttention self_attn_;
  NormLayer self_attn_norm_;
  FeedForward ffn_;
  NormLayer ffn_norm_;
};

// The options of a layer's parts, as the config has them; of attention, to the source if not to the layer's own side.
NormLayer::Options NormOptionsOf(const TransformerConfig& config);
MultiHeadAttention::Options AttentionOptionsOf(const TransformerConfig& config);
MultiHeadAttention::Options SelfAttentionOptionsOf(const TransformerConfig& config);
FeedForward::Options FeedForwardOptionsOf(const TransformerConfig& config);

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_ENCODER_LAYER_H_
