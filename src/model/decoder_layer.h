// SPDX-License-Identifier: Apache-2.0
// One layer of the decoder: causal self-attention, cross-attention to the encoder's output, feed-forward.
// Source: Vaswani 2017, §3.1, right half of figure 1.
#ifndef DRAGOMAN_MODEL_DECODER_LAYER_H_
#define DRAGOMAN_MODEL_DECODER_LAYER_H_

#include <string>

#include "model/decoder_state.h"
#include "model/transformer_config.h"
#include "nn/feed_forward.h"
#include "nn/multi_head_attention.h"

namespace dragoman {

class DecoderLayer {
 public:
  // `config` must outlive the layer.
  DecoderLayer(ParameterPlan& plan, const std::string& path, const TransformerConfig& config);

  // All target positions at once (training, scoring).
  //   x [tgt_tokens, d_model], encoder_out [src_tokens, d_model] -> [tgt_tokens, d_model]
  // distance_bias: of self-attention, or empty.
  Variable Forward(Workspace& workspace, const Variable& x, const Variable& encoder_out, const Packing& tgt,
                   const Packing& src, AttentionTrace* trace, const Variable& distance_bias) const;

  // Keys and values of the encoder's output for this layer: computed once a sentence.
  void StartCache(Workspace& workspace, const Variable& encoder_out, DecoderState::LayerCache& cache) const;

  // One position of every hypothesis, with the earlier positions' keys and values from the cache; adds its own.
  //   x [hypotheses, d_model] -> [hypotheses, d_model]. distance_bias as above.
  Variable Step(Workspace& workspace, const Variable& x, const DecoderState& state, DecoderState::LayerCache& cache,
                const kernels::ByDistance<const float>& distance_bias) const;

  void Initialize(ParameterStore& store, Rng& rng) const;

 private:
  const TransformerConfig& config_;
  MultiHeadAttention self_attn_;
  LayerNormLayer self_attn_norm_;
  MultiHeadAttention cross_attn_;
  LayerNormLayer cross_attn_norm_;
  FeedForward ffn_;
  LayerNormLayer ffn_norm_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_DECODER_LAYER_H_
