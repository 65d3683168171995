// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "autograd/tape.h"
#include "base/check.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

void FillNormal(Rng& rng, double deviation, std::span<float> values) {
  for (float& w : values) w = static_cast<float>(rng.Normal() * deviation);
}

}  // namespace

Transformer::Transformer(const TransformerConfig& config) : config_(config) {
  config_.Validate();
  const int64_t d_model = config_.d_model;
  const auto table_use = [&](Tying tying) { return config_.tying == tying ? WeightUse::kOutput : WeightUse::kOther; };
  src_embed_ = store_.Declare("src_embed.weight", {config_.src_vocab, d_model}, table_use(Tying::kAll));
  tgt_embed_ = config_.tying == Tying::kAll
                   ? src_embed_
                   : store_.Declare("tgt_embed.weight", {config_.tgt_vocab, d_model}, table_use(Tying::kDecoder));
  if (config_.positions == Positions::kLearned) {
    src_positions_.learned = store_.Declare("src_positions.weight", {config_.max_src_len, d_model});
    tgt_positions_.learned = store_.Declare("tgt_positions.weight", {config_.max_tgt_len, d_model});
  }
  // In the order of the forward pass: gradients become final from the end to the beginning (Tape::Mark).
  // Layers point at parameters of store_ and at config_, both of which stay where they are.
  encoder_.reserve(static_cast<size_t>(config_.encoder_layers));
  for (int l = 0; l < config_.encoder_layers; ++l) {
    encoder_begins_.push_back(store_.flat_size());
    encoder_.emplace_back(store_, "encoder.layers." + std::to_string(l), config_);
  }
  if (config_.final_norm) {
    encoder_final_norm_ = LayerNormLayer(store_, "encoder.final_norm", d_model, config_.norm_epsilon);
  }
  decoder_.reserve(static_cast<size_t>(config_.decoder_layers));
  for (int l = 0; l < config_.decoder_layers; ++l) {
    decoder_begins_.push_back(store_.flat_size());
    decoder_.emplace_back(store_, "decoder.layers." + std::to_string(l), config_);
  }
  if (config_.final_norm) {
    decoder_final_norm_ = LayerNormLayer(store_, "decoder.final_norm", d_model, config_.norm_epsilon);
  }
  output_ = config_.tying == Tying::kNone
                ? store_.Declare("output.weight", {config_.tgt_vocab, d_model}, WeightUse::kOutput)
                : tgt_embed_;
  if (config_.output_bias) output_bias_ = store_.Declare("output.bias", {config_.tgt_vocab});
  store_.Allocate();

  if (config_.positions == Positions::kLearned) {
    src_positions_.table = src_positions_.learned->value();
    tgt_positions_.table = tgt_positions_.learned->value();
  } else if (config_.positions == Positions::kSinusoidal) {
    const int64_t longest = std::max(config_.max_src_len, config_.max_tgt_len);
    sinusoids_ = FlatBuffer(longest * d_model);
    const Matrix table(sinusoids_.data(), longest, d_model);
    FillSinusoids(config_.sinusoid_layout, config_.sinusoid_exponent, table);
    src_positions_.table = tgt_positions_.table = table;
  }
}

void Transformer::Initialize(uint64_t seed) {
  Rng rng(seed);
  const double deviation = 1.0 / std::sqrt(static_cast<double>(config_.d_model));
  FillNormal(rng, deviation, store_.Writable(*src_embed_));
  if (tgt_embed_ != src_embed_) FillNormal(rng, deviation, store_.Writable(*tgt_embed_));
  if (output_ != tgt_embed_) FillNormal(rng, deviation, store_.Writable(*output_));
  for (const Parameter* const learned : {src_positions_.learned, tgt_positions_.learned}) {
    if (learned != nullptr) FillNormal(rng, deviation, store_.Writable(*learned));
  }
  for (const EncoderLayer& layer : encoder_) layer.Initialize(store_, rng);
  for (const DecoderLayer& layer : decoder_) layer.Initialize(store_, rng);
  if (config_.final_norm) {
    encoder_final_norm_.Initialize(store_);
    decoder_final_norm_.Initialize(store_);
  }
}

float Transformer::embedding_scale() const {
  return config_.scale_embedding ? std::sqrt(static_cast<float>(config_.d_model)) : 1.0f;
}

Variable Transformer::EmbedTarget(Workspace& workspace, const PackedTokens& tgt_in, int64_t first_position) const {
  return Embedding(workspace, tgt_in, *tgt_embed_, embedding_scale(), first_position, tgt_positions_,
                   config_.embedding_dropout);
}

Variable Transformer::Encode(Workspace& workspace, const PackedTokens& src, AttentionTrace* trace) const {
  Variable x = Embedding(workspace, src, *src_embed_, embedding_scale(), /*first_position=*/0, src_positions_,
                         config_.embedding_dropout);  // [src_tokens, d_model]
  for (size_t l = 0; l < encoder_.size(); ++l) {
    Mark(workspace, encoder_begins_[l]);
    x = encoder_[l].Forward(workspace, x, src.packing, trace);
  }
  return config_.final_norm ? encoder_final_norm_(workspace, x) : x;
}

Variable Transformer::Decode(Workspace& workspace, const PackedTokens& tgt_in, const Packing& src,
                             const Variable& encoder_out, AttentionTrace* trace) const {
  Variable x = EmbedTarget(workspace, tgt_in, /*first_position=*/0);  // [tgt_tokens, d_model]
  for (size_t l = 0; l < decoder_.size(); ++l) {
    Mark(workspace, decoder_begins_[l]);
    x = decoder_[l].Forward(workspace, x, encoder_out, tgt_in.packing, src, trace);
  }
  return config_.final_norm ? decoder_final_norm_(workspace, x) : x;
}

kernels::CrossEntropySums Transformer::Loss(Workspace& workspace, const Variable& hidden,
                                            std::span<const int32_t> tgt_out, float smoothing,
                                            float gradient_scale) const {
  return OutputLoss(workspace, hidden, *output_, output_bias_, tgt_out, smoothing, gradient_scale);
}

void Transformer::PrepareForDecoding() {
  if (output_transposed_.size() == 0) output_transposed_ = FlatBuffer(output_->size);
  const ConstMatrix weight = output_->value();                                   // [tgt_vocab, d_model]
  const Matrix transposed(output_transposed_.data(), weight.cols, weight.rows);  // [d_model, tgt_vocab]
  for (int64_t r = 0; r < weight.rows; ++r) {
    for (int64_t c = 0; c < weight.cols; ++c) transposed.At(c, r) = weight.At(r, c);
  }
}

Variable Transformer::Logits(Workspace& workspace, const ConstMatrix& hidden) const {
  DRAGOMAN_CHECK(output_transposed_.size() > 0);  // PrepareForDecoding() was called
  const ConstMatrix weight(output_transposed_.data(), config_.d_model, config_.tgt_vocab);
  Variable logits = workspace.New(hidden.rows, config_.tgt_vocab);
  kernels::Gemm(hidden, kernels::Transpose::kNo, weight, kernels::Transpose::kNo, logits.writable());
  if (output_bias_ != nullptr) kernels::AddBias(logits.writable(), output_bias_->data);
  return logits;
}

std::unique_ptr<DecoderState> Transformer::StartDecoding(Workspace& workspace, const Packing& src,
                                                         const Variable& encoder_out) const {
  auto state = std::make_unique<DecoderState>(src, config_.decoder_layers);
  for (size_t l = 0; l < decoder_.size(); ++l) {
    decoder_[l].StartCache(workspace, encoder_out, state->layer(static_cast<int64_t>(l)));
  }
  return state;
}

Variable Transformer::Step(Workspace& workspace, DecoderState& state, std::span<const int32_t> tokens) const {
  DRAGOMAN_CHECK(static_cast<int64_t>(tokens.size()) == state.hypotheses());
  std::vector<int32_t> offsets(tokens.size() + 1);  // every hypothesis is a sentence of one token
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int32_t>(i);
  Variable x = EmbedTarget(workspace, {tokens, {offsets}}, state.step());  // [hypotheses, d_model]
  for (size_t l = 0; l < decoder_.size(); ++l) {
    x = decoder_[l].Step(workspace, x, state, state.layer(static_cast<int64_t>(l)));
  }
  state.Advance();
  return Logits(workspace, (config_.final_norm ? decoder_final_norm_(workspace, x) : x).value());
}

}  // namespace dragoman
