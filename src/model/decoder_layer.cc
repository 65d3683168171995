// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_layer.h"

#include "model/encoder_layer.h"
#include "model/sublayer.h"

namespace dragoman {

DecoderLayer::Past::Past(ParameterPlan& plan, const std::string& path, const TransformerConfig& config) {
  if (config.decoder_ssru) {
    ssru.emplace(plan, path + ".ssru", config.d_model);
  } else {
    attention.emplace(plan, path + ".self_attn", SelfAttentionOptionsOf(config));
  }
  norm = NormLayer(plan, path + (config.decoder_ssru ? ".ssru_norm" : ".self_attn_norm"), config.d_model,
                   NormOptionsOf(config));
}

DecoderLayer::DecoderLayer(ParameterPlan& plan, const std::string& path, const TransformerConfig& config)
    : config_(config),
      past_(plan, path, config),
      cross_attn_(plan, path + ".cross_attn", AttentionOptionsOf(config)),
      cross_attn_norm_(plan, path + ".cross_attn_norm", config.d_model, NormOptionsOf(config)),
      ffn_(plan, path + ".ffn", FeedForwardOptionsOf(config)),
      ffn_norm_(plan, path + ".ffn_norm", config.d_model, NormOptionsOf(config)) {}

Variable DecoderLayer::Forward(Workspace& workspace, const Variable& x, const Variable& encoder_out, const Packing& tgt,
                               const Packing& src, AttentionTrace* trace, const Variable& distance_bias) const {
  const Parameter* const past_bias = past_.attention ? past_.attention->output_bias() : nullptr;
  const Variable informed = ApplySublayer(workspace, config_, past_.norm, past_bias, x, [&](const Variable& input) {
    if (past_.ssru) return past_.ssru->Forward(workspace, input, tgt);
    return past_.attention->Forward(workspace, input, input, tgt, tgt, /*causal=*/true, trace, distance_bias);
  });  // [tgt_tokens, d_model]
  const Variable crossed = ApplySublayer(
      workspace, config_, cross_attn_norm_, cross_attn_.output_bias(), informed, [&](const Variable& input) {
        return cross_attn_.Forward(workspace, input, encoder_out, tgt, src, /*causal=*/false, trace);
      });  // [tgt_tokens, d_model]
  return ApplySublayer(workspace, config_, ffn_norm_, ffn_.output_bias(), crossed,
                       [&](const Variable& input) { return ffn_.Forward(workspace, input); });  // [tgt_tokens, d_model]
}

void DecoderLayer::Initialize(ParameterStore& store, Rng& rng) const {
  if (past_.attention) past_.attention->Initialize(store, rng);
  if (past_.ssru) past_.ssru->Initialize(store, rng);
  cross_attn_.Initialize(store, rng);
  for (const NormLayer* norm : {&past_.norm, &cross_attn_norm_, &ffn_norm_}) norm->Initialize(store);
  ffn_.Initialize(store, rng);
}

}  // namespace dragoman
