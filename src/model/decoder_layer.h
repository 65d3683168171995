// SPDX-License-Identifier: Apache-2.0
// One layer of the decoder: causal self-attention (or a recurrent unit in its place), cross-attention to the encoder's
// output, feed-forward.
// Source: Vaswani 2017, §3.1, right half of figure 1.
#ifndef DRAGOMAN_MODEL_DECODER_LAYER_H_
#define DRAGOMAN_MODEL_DECODER_LAYER_H_

#include <optional>
#include <string>

#include "model/transformer_config.h"
#include "nn/feed_forward.h"
#include "nn/multi_head_attention.h"
#include "nn/ssru.h"

namespace dragoman {

class DecoderLayer {
 public:
  // `config` must outlive the layer.
  DecoderLayer(ParameterPlan& plan, const std::string& path, const TransformerConfig& config);

  // All target positions at once.
  //   x [tgt_tokens, d_model], encoder_out [src_tokens, d_model] -> [tgt_tokens, d_model]
  // distance_bias: of self-attention, where layers share one, or empty.
  Variable Forward(Workspace& workspace, const Variable& x, const Variable& encoder_out, const Packing& tgt,
                   const Packing& src, AttentionTrace* trace, const Variable& distance_bias) const;

  void Initialize(ParameterStore& store, Rng& rng) const;

 private:
  // What a position sees of those before it.
  struct Past {
    Past(ParameterPlan& plan, const std::string& path, const TransformerConfig& config);

    std::optional<MultiHeadAttention> attention;  // one of the two
    std::optional<SsruLayer> ssru;
    NormLayer norm;
  };

  const TransformerConfig& config_;
  Past past_;
  MultiHeadAttention cross_attn_;
  NormLayer cross_attn_norm_;
  FeedForward ffn_;
  NormLayer ffn_norm_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_DECODER_LAYER_H_
