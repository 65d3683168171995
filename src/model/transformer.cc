// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "autograd/tape.h"
#include "base/check.h"
#include "kernels/copy_logits.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

TransformerConfig Validated(const TransformerConfig& config) {
  config.Validate();
  return config;
}

float EmbeddingScale(const TransformerConfig& config) {
  return config.scale_embedding ? std::sqrt(static_cast<float>(config.d_model)) : 1.0f;
}

// Of what one target token and one source token say to each other: as in attention (Vaswani 2017, §3.2.1).
float CopyScale(const TransformerConfig& config) { return 1.0f / std::sqrt(static_cast<float>(config.d_model)); }

// Dehghani 2019, §2.1: each pass is told which it is. passes [repeats, d_model], null for a model of one pass.
Variable BeginPass(Workspace& workspace, Variable x, const Parameter* passes, int pass) {
  return passes == nullptr ? x : AddRow(workspace, x, *passes, pass);
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
    FillSinusoids(config_.sinusoid_layout, config_.sinusoid_exponent, config_.first_position, table);
    src_positions_.table = tgt_positions_.table = table;
  }
}

Variable Transformer::Embed(Workspace& workspace, const PackedTokens& tokens, const Parameter& table,
                            int64_t first_position, const PositionTable& positions, const NormLayer& norm) const {
  const float scale = EmbeddingScale(config_);
  const float dropout = config_.embedding_dropout;
  if (!config_.embedding_norm) return Embedding(workspace, tokens, table, scale, first_position, positions, dropout);
  const Variable x = Embedding(workspace, tokens, table, scale, first_position, positions, /*dropout_rate=*/0);
  return Dropout(workspace, norm(workspace, x), dropout);
}

Variable Transformer::EmbedSource(Workspace& workspace, const EncodedSource& src) const {
  if (!config_.has_segments()) {
    return Embed(workspace, src.source, *layers_.src_embed, /*first_position=*/0, src_positions_,
                 layers_.src_embed_norm);
  }
  const Variable tokens = Embedding(workspace, src.source, *layers_.src_embed, EmbeddingScale(config_),
                                    /*first_position=*/0, /*positions=*/{}, /*dropout_rate=*/0);
  const float dropout = config_.embedding_dropout;
  const Variable sums = SumSegments(workspace, tokens, *layers_.segment_places, src.segments->of_tokens(), src.packing,
                                    src_positions_, config_.embedding_norm ? 0 : dropout);  // [segments, d_model]
  if (!config_.embedding_norm) return sums;
  return Dropout(workspace, layers_.src_embed_norm(workspace, sums), dropout);
}

Variable Transformer::EmbedTarget(Workspace& workspace, const PackedTokens& tgt_in, int64_t first_position) const {
  return Embed(workspace, tgt_in, *layers_.tgt_embed, first_position, tgt_positions_, layers_.tgt_embed_norm);
}

Variable Transformer::RelativeBias(Workspace& workspace, const Parameter* table, bool bidirectional,
                                   const Packing& packing) const {
  return table == nullptr ? Variable() : DistanceBias(workspace, *table, Buckets(bidirectional), packing.Longest());
}

EncodedSource Transformer::Encode(Workspace& workspace, const PackedTokens& src, AttentionTrace* trace) const {
  EncodedSource encoded;
  encoded.source = src;
  encoded.packing = src.packing;
  if (config_.has_segments()) {
    encoded.segments = std::make_shared<const SourceSegments>(src, config_.segment_end);
    KeepForBackward(workspace, encoded.segments);
    encoded.packing = encoded.segments->of_segments();
  }
  Variable x = EmbedSource(workspace, encoded);  // [rows, d_model]
  const Variable distance_bias =
      RelativeBias(workspace, layers_.encoder_relative, /*bidirectional=*/true, encoded.packing);
  for (int pass = 0; pass < config_.encoder_repeats; ++pass) {
    x = BeginPass(workspace, std::move(x), layers_.encoder_passes, pass);
    for (size_t l = 0; l < layers_.encoder.size(); ++l) {
      if (pass == 0) Mark(workspace, layers_.encoder_begins[l]);  // later passes use the weights once more
      x = layers_.encoder[l].Forward(workspace, x, encoded.packing, trace, distance_bias);
    }
  }
  encoded.states = config_.final_norm ? layers_.encoder_final_norm(workspace, x) : x;
  if (config_.copy) encoded.copy_keys = layers_.copy_k_proj(workspace, encoded.states);
  return encoded;
}

Variable Transformer::Decode(Workspace& workspace, const PackedTokens& tgt_in, const EncodedSource& src,
                             AttentionTrace* trace) const {
  Variable x = EmbedTarget(workspace, tgt_in, /*first_position=*/0);  // [tgt_tokens, d_model]
  const Variable distance_bias =
      RelativeBias(workspace, layers_.decoder_relative, /*bidirectional=*/false, tgt_in.packing);
  for (int pass = 0; pass < config_.decoder_repeats; ++pass) {
    x = BeginPass(workspace, std::move(x), layers_.decoder_passes, pass);
    for (size_t l = 0; l < layers_.decoder.size(); ++l) {
      if (pass == 0) Mark(workspace, layers_.decoder_begins[l]);
      x = layers_.decoder[l].Forward(workspace, x, src.states, tgt_in.packing, src.packing, trace, distance_bias);
    }
  }
  if (config_.final_norm) x = layers_.decoder_final_norm(workspace, x);
  return config_.scales_logits() ? Scale(workspace, std::move(x), config_.logit_scale) : x;
}

kernels::CrossEntropySums Transformer::Loss(Workspace& workspace, const Variable& hidden, const PackedTokens& tgt_out,
                                            const EncodedSource& src, const OutputLossOptions& options) const {
  CopySource copies;
  if (config_.copy) {
    const Variable q = layers_.copy_q_proj(workspace, hidden);  // [tgt_tokens, d_model]
    copies = {CopyScores(workspace, q, src.copy_keys, tgt_out.packing, src.packing), CopyScale(config_), src.source,
              tgt_out.packing};
  }
  return OutputLoss(workspace, hidden, *layers_.output, layers_.output_bias, tgt_out.ids, options,
                    config_.copy ? &copies : nullptr);
}

Variable Transformer::Logits(Workspace& workspace, const ConstMatrix& hidden, const Packing& tgt,
                             const EncodedSource& src) const {
  Variable logits = workspace.New(hidden.rows, config_.tgt_vocab);
  kernels::Gemm(hidden, kernels::Transpose::kNo, layers_.output->value(), kernels::Transpose::kYes, logits.writable());
  if (layers_.output_bias != nullptr) kernels::AddBias(logits.writable(), layers_.output_bias->data);
  if (!config_.copy) return logits;
  const Packing& packing = src.source.packing;
  std::vector<kernels::CopyMemory> memories;
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    const int64_t begin = packing.Begin(s), length = packing.Length(s);
    memories.push_back({src.copy_keys.value().Rows(begin, length),
                        src.source.ids.subspan(static_cast<size_t>(begin), static_cast<size_t>(length))});
  }
  Variable q = workspace.New(hidden.rows, config_.d_model);
  kernels::Gemm(hidden, kernels::Transpose::kNo, layers_.copy_q_proj.weight->value(), kernels::Transpose::kNo,
                q.writable());
  kernels::AddBias(q.writable(), layers_.copy_q_proj.bias->data);
  Variable scores = workspace.New(hidden.rows, packing.Longest());
  kernels::AddCopies(q.value(), tgt.SentenceOfRows(), memories, CopyScale(config_), scores.writable(),
                     logits.writable());
  return logits;
}

}  // namespace dragoman
