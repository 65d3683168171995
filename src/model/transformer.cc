// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <algorithm>
#include <cmath>

#include "autograd/tape.h"
#include "base/check.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

TransformerConfig Validated(const TransformerConfig& config) {
  config.Validate();
  return config;
}

}  // namespace

// Layers point at parameters of store_ and at config_, both of which stay where they are.
Transformer::Transformer(const TransformerConfig& config) : config_(Validated(config)), layers_(store_, config_) {
  store_.Allocate();
  if (config_.positions == Positions::kLearned) {
    src_positions_ = {layers_.src_positions->value(), layers_.src_positions};
    tgt_positions_ = {layers_.tgt_positions->value(), layers_.tgt_positions};
  } else if (config_.positions == Positions::kSinusoidal) {
    const int64_t longest = std::max(config_.max_src_len, config_.max_tgt_len);
    sinusoids_ = FlatBuffer(longest * config_.d_model);
    const Matrix table(sinusoids_.data(), longest, config_.d_model);
    FillSinusoids(config_.sinusoid_layout, config_.sinusoid_exponent, table);
    src_positions_.table = tgt_positions_.table = table;
  }
}

Variable Transformer::Embed(Workspace& workspace, const PackedTokens& tokens, const Parameter& table,
                            int64_t first_position, const PositionTable& positions, const LayerNormLayer& norm) const {
  const float scale = config_.scale_embedding ? std::sqrt(static_cast<float>(config_.d_model)) : 1.0f;
  const float dropout = config_.embedding_dropout;
  if (!config_.embedding_norm) return Embedding(workspace, tokens, table, scale, first_position, positions, dropout);
  const Variable x = Embedding(workspace, tokens, table, scale, first_position, positions, /*dropout_rate=*/0);
  return Dropout(workspace, norm(workspace, x), dropout);
}

Variable Transformer::EmbedSource(Workspace& workspace, const PackedTokens& src) const {
  return Embed(workspace, src, *layers_.src_embed, /*first_position=*/0, src_positions_, layers_.src_embed_norm);
}

Variable Transformer::EmbedTarget(Workspace& workspace, const PackedTokens& tgt_in, int64_t first_position) const {
  return Embed(workspace, tgt_in, *layers_.tgt_embed, first_position, tgt_positions_, layers_.tgt_embed_norm);
}

Variable Transformer::RelativeBias(Workspace& workspace, const Parameter* table, bool bidirectional,
                                   const Packing& packing) const {
  return table == nullptr ? Variable() : DistanceBias(workspace, *table, Buckets(bidirectional), packing.Longest());
}

Variable Transformer::Encode(Workspace& workspace, const PackedTokens& src, AttentionTrace* trace) const {
  Variable x = EmbedSource(workspace, src);  // [src_tokens, d_model]
  const Variable distance_bias = RelativeBias(workspace, layers_.encoder_relative, /*bidirectional=*/true, src.packing);
  for (size_t l = 0; l < layers_.encoder.size(); ++l) {
    Mark(workspace, layers_.encoder_begins[l]);
    x = layers_.encoder[l].Forward(workspace, x, src.packing, trace, distance_bias);
  }
  return config_.final_norm ? layers_.encoder_final_norm(workspace, x) : x;
}

Variable Transformer::Decode(Workspace& workspace, const PackedTokens& tgt_in, const Packing& src,
                             const Variable& encoder_out, AttentionTrace* trace) const {
  Variable x = EmbedTarget(workspace, tgt_in, /*first_position=*/0);  // [tgt_tokens, d_model]
  const Variable distance_bias =
      RelativeBias(workspace, layers_.decoder_relative, /*bidirectional=*/false, tgt_in.packing);
  for (size_t l = 0; l < layers_.decoder.size(); ++l) {
    Mark(workspace, layers_.decoder_begins[l]);
    x = layers_.decoder[l].Forward(workspace, x, encoder_out, tgt_in.packing, src, trace, distance_bias);
  }
  return config_.final_norm ? layers_.decoder_final_norm(workspace, x) : x;
}

kernels::CrossEntropySums Transformer::Loss(Workspace& workspace, const Variable& hidden,
                                            std::span<const int32_t> tgt_out, float smoothing,
                                            float gradient_scale) const {
  return OutputLoss(workspace, hidden, *layers_.output, layers_.output_bias, tgt_out, smoothing, gradient_scale);
}

void Transformer::PrepareForDecoding() {
  if (output_transposed_.size() == 0) output_transposed_ = FlatBuffer(layers_.output->size);
  const ConstMatrix weight = layers_.output->value();                            // [tgt_vocab, d_model]
  const Matrix transposed(output_transposed_.data(), weight.cols, weight.rows);  // [d_model, tgt_vocab]
  for (int64_t r = 0; r < weight.rows; ++r) {
    for (int64_t c = 0; c < weight.cols; ++c) transposed.At(c, r) = weight.At(r, c);
  }
  if (layers_.decoder_relative == nullptr) return;
  if (step_bias_.size() == 0) step_bias_ = FlatBuffer(int64_t{config_.heads} * config_.max_tgt_len);
  const ConstMatrix table = layers_.decoder_relative->value();  // [buckets, heads]
  for (int distance = 0; distance < config_.max_tgt_len; ++distance) {
    const int bucket = BucketOf(Buckets(/*bidirectional=*/false), table.rows, distance);
    for (int h = 0; h < config_.heads; ++h) {
      step_bias_.data()[int64_t{h} * config_.max_tgt_len + distance] = table.At(bucket, h);
    }
  }
}

Variable Transformer::Logits(Workspace& workspace, const ConstMatrix& hidden) const {
  DRAGOMAN_CHECK(output_transposed_.size() > 0);  // PrepareForDecoding() was called
  const ConstMatrix weight(output_transposed_.data(), config_.d_model, config_.tgt_vocab);
  Variable logits = workspace.New(hidden.rows, config_.tgt_vocab);
  kernels::Gemm(hidden, kernels::Transpose::kNo, weight, kernels::Transpose::kNo, logits.writable());
  if (layers_.output_bias != nullptr) kernels::AddBias(logits.writable(), layers_.output_bias->data);
  return logits;
}

std::unique_ptr<DecoderState> Transformer::StartDecoding(Workspace& workspace, const Packing& src,
                                                         const Variable& encoder_out) const {
  auto state = std::make_unique<DecoderState>(src, config_.decoder_layers);
  for (size_t l = 0; l < layers_.decoder.size(); ++l) {
    layers_.decoder[l].StartCache(workspace, encoder_out, state->layer(static_cast<int64_t>(l)));
  }
  return state;
}

Variable Transformer::Step(Workspace& workspace, DecoderState& state, std::span<const int32_t> tokens) const {
  DRAGOMAN_CHECK(workspace.tape() == nullptr && static_cast<int64_t>(tokens.size()) == state.hypotheses());
  std::vector<int32_t> offsets(tokens.size() + 1);  // every hypothesis is a sentence of one token
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int32_t>(i);
  kernels::ByDistance<const float> distance_bias;
  if (step_bias_.size() > 0) distance_bias = {step_bias_.data(), config_.max_tgt_len};
  Variable x = EmbedTarget(workspace, {tokens, {offsets}}, state.step());  // [hypotheses, d_model]
  for (size_t l = 0; l < layers_.decoder.size(); ++l) {
    x = layers_.decoder[l].Step(workspace, x, state, state.layer(static_cast<int64_t>(l)), distance_bias);
  }
  state.Advance();
  return Logits(workspace, (config_.final_norm ? layers_.decoder_final_norm(workspace, x) : x).value());
}

}  // namespace dragoman
