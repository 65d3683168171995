// SPDX-License-Identifier: Apache-2.0
#include "model/encoder_layer.h"

#include "model/sublayer.h"

namespace dragoman {

NormLayer::Options NormOptionsOf(const TransformerConfig& config) {
  return {config.norm_epsilon, config.norm_bias, config.norm_kind == NormKind::kRms};
}

MultiHeadAttention::Options AttentionOptionsOf(const TransformerConfig& config) {
  return {config.d_model, config.heads,           config.head_width(),
          config.bias,    config.attention_scale, config.attention_dropout};
}

MultiHeadAttention::Options SelfAttentionOptionsOf(const TransformerConfig& config) {
  MultiHeadAttention::Options options = AttentionOptionsOf(config);
  if (config.relative_per_layer) options.relative_buckets = config.relative_buckets;
  options.relative_max_distance = config.relative_max_distance;
  return options;
}

FeedForward::Options FeedForwardOptionsOf(const TransformerConfig& config) {
  return {config.d_model, config.d_ff, config.ffn_depth,  config.activation,
          config.gated,   config.bias, config.ffn_dropout};
}

EncoderLayer::EncoderLayer(ParameterPlan& plan, const std::string& path, const TransformerConfig& config)
    : config_(config),
      self_attn_(plan, path + ".self_attn", SelfAttentionOptionsOf(config)),
      self_attn_norm_(plan, path + ".self_attn_norm", config.d_model, NormOptionsOf(config)),
      ffn_(plan, path + ".ffn", FeedForwardOptionsOf(config)),
      ffn_norm_(plan, path + ".ffn_norm", config.d_model, NormOptionsOf(config)) {}

Variable EncoderLayer::Forward(Workspace& workspace, const Variable& x, const Packing& src, AttentionTrace* trace,
                               const Variable& distance_bias) const {
  const Variable attended =
      ApplySublayer(workspace, config_, self_attn_norm_, self_attn_.output_bias(), x, [&](const Variable& input) {
        return self_attn_.Forward(workspace, input, input, src, src, /*causal=*/false, trace, distance_bias);
      });  // [src_tokens, d_model]
  return ApplySublayer(workspace, config_, ffn_norm_, ffn_.output_bias(), attended,
                       [&](const Variable& input) { return ffn_.Forward(workspace, input); });  // [src_tokens, d_model]
}

void EncoderLayer::Initialize(ParameterStore& store, Rng& rng) const {
  self_attn_.Initialize(store, rng);
  self_attn_norm_.Initialize(store);
  ffn_.Initialize(store, rng);
  ffn_norm_.Initialize(store);
}

}  // namespace dragoman
