// SPDX-License-Identifier: Apache-2.0
#include "model/decoder_layer.h"

#include <algorithm>
#include <vector>

#include "kernels/attention.h"
#include "model/encoder_layer.h"
#include "model/sublayer.h"

namespace dragoman {
namespace {

// Attention of each hypothesis' one query over its own earlier positions, the newest included.
//   q, out [hypotheses, width]
void AttendToHistory(const MultiHeadAttention& attention, const DecoderState& state,
                     const DecoderState::LayerCache& cache, const kernels::ByDistance<const float>& distance_bias,
                     const ConstMatrix& q, const Matrix& out, float* scratch) {
  const auto positions = static_cast<size_t>(state.step() + 1);
  std::vector<const float*> keys(positions), values(positions);
  kernels::AttentionShape shape = attention.shape(/*causal=*/false);
  shape.bias = distance_bias;
  for (int64_t h = 0; h < state.hypotheses(); ++h) {
    for (size_t t = 0; t < positions; ++t) {
      const int64_t row = t + 1 < positions ? state.AncestorRow(h, static_cast<int64_t>(t)) : h;
      keys[t] = cache.step_keys[t].value().Row(row);
      values[t] = cache.step_values[t].value().Row(row);
    }
    kernels::AttentionStep(shape, q.Row(h), keys, values, out.Row(h), scratch);
  }
}

// Attention of each hypothesis' one query over its source sentence.   q, out [hypotheses, width]
void AttendToSource(const MultiHeadAttention& attention, const DecoderState& state,
                    const DecoderState::LayerCache& cache, const ConstMatrix& q, const Matrix& out, float* scratch) {
  std::vector<const float*> keys, values;
  const kernels::AttentionShape shape = attention.shape(/*causal=*/false);
  for (int64_t h = 0; h < state.hypotheses(); ++h) {
    const int64_t s = state.sentence(h);
    keys.clear();
    values.clear();
    for (int64_t row = state.src().Begin(s); row < state.src().Begin(s) + state.src().Length(s); ++row) {
      keys.push_back(cache.src_keys.value().Row(row));
      values.push_back(cache.src_values.value().Row(row));
    }
    kernels::AttentionStep(shape, q.Row(h), keys, values, out.Row(h), scratch);
  }
}

}  // namespace

DecoderLayer::DecoderLayer(ParameterPlan& plan, const std::string& path, const TransformerConfig& config)
    : config_(config),
      self_attn_(plan, path + ".self_attn", AttentionOptionsOf(config)),
      self_attn_norm_(plan, path + ".self_attn_norm", config.d_model, NormOptionsOf(config)),
      cross_attn_(plan, path + ".cross_attn", AttentionOptionsOf(config)),
      cross_attn_norm_(plan, path + ".cross_attn_norm", config.d_model, NormOptionsOf(config)),
      ffn_(plan, path + ".ffn", FeedForwardOptionsOf(config)),
      ffn_norm_(plan, path + ".ffn_norm", config.d_model, NormOptionsOf(config)) {}

Variable DecoderLayer::Forward(Workspace& workspace, const Variable& x, const Variable& encoder_out, const Packing& tgt,
                               const Packing& src, AttentionTrace* trace, const Variable& distance_bias) const {
  const Variable attended =
      ApplySublayer(workspace, config_, self_attn_norm_, self_attn_.output_bias(), x, [&](const Variable& input) {
        return self_attn_.Forward(workspace, input, input, tgt, tgt, /*causal=*/true, trace, distance_bias);
      });  // [tgt_tokens, d_model]
  const Variable crossed = ApplySublayer(
      workspace, config_, cross_attn_norm_, cross_attn_.output_bias(), attended, [&](const Variable& input) {
        return cross_attn_.Forward(workspace, input, encoder_out, tgt, src, /*causal=*/false, trace);
      });  // [tgt_tokens, d_model]
  return ApplySublayer(workspace, config_, ffn_norm_, ffn_.output_bias(), crossed,
                       [&](const Variable& input) { return ffn_.Forward(workspace, input); });  // [tgt_tokens, d_model]
}

void DecoderLayer::StartCache(Workspace& workspace, const Variable& encoder_out,
                              DecoderState::LayerCache& cache) const {
  cache.src_keys = cross_attn_.k_proj()(workspace, encoder_out);    // [src_tokens, heads * d_head]
  cache.src_values = cross_attn_.v_proj()(workspace, encoder_out);  // [src_tokens, heads * d_head]
}

Variable DecoderLayer::Step(Workspace& workspace, const Variable& x, const DecoderState& state,
                            DecoderState::LayerCache& cache,
                            const kernels::ByDistance<const float>& distance_bias) const {
  const int64_t longest = std::max(state.step() + 1, state.longest_src());
  const Scratch scratch = workspace.NewScratch(config_.heads * longest);

  const auto self_attention = [&](const Variable& input) {
    const Variable q = self_attn_.q_proj()(workspace, input);  // [hypotheses, heads * d_head]
    cache.step_keys.push_back(self_attn_.k_proj()(workspace, input));
    cache.step_values.push_back(self_attn_.v_proj()(workspace, input));
    Variable heads = workspace.New(q.rows(), q.cols());
    AttendToHistory(self_attn_, state, cache, distance_bias, q.value(), heads.writable(), scratch.data());
    return self_attn_.out_proj().WithoutBias(workspace, heads);  // [hypotheses, d_model]
  };
  const auto cross_attention = [&](const Variable& input) {
    const Variable q = cross_attn_.q_proj()(workspace, input);  // [hypotheses, heads * d_head]
    Variable heads = workspace.New(q.rows(), q.cols());
    AttendToSource(cross_attn_, state, cache, q.value(), heads.writable(), scratch.data());
    return cross_attn_.out_proj().WithoutBias(workspace, heads);  // [hypotheses, d_model]
  };
  const auto feed_forward = [&](const Variable& input) { return ffn_.Forward(workspace, input); };

  const Variable attended =
      ApplySublayer(workspace, config_, self_attn_norm_, self_attn_.output_bias(), x, self_attention);
  const Variable crossed =
      ApplySublayer(workspace, config_, cross_attn_norm_, cross_attn_.output_bias(), attended, cross_attention);
  return ApplySublayer(workspace, config_, ffn_norm_, ffn_.output_bias(), crossed, feed_forward);
}

void DecoderLayer::Initialize(ParameterStore& store, Rng& rng) const {
  for (const MultiHeadAttention* attention : {&self_attn_, &cross_attn_}) attention->Initialize(store, rng);
  for (const LayerNormLayer* norm : {&self_attn_norm_, &cross_attn_norm_, &ffn_norm_}) norm->Initialize(store);
  ffn_.Initialize(store, rng);
}

}  // namespace dragoman
