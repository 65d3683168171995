// SPDX-License-Identifier: Apache-2.0
#include "model/transformer.h"

#include <algorithm>
#include <cmath>

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
    FillSinusoids(config_.sinusoid_layout, config_.sinusoid_exponent, table);
    src_positions_.table = tgt_positions_.table = table;
  }
}

Variable Transformer::Embed(Workspace& workspace, const PackedTokens& tokens, const Parameter& table,
                            int64_t first_position, const PositionTable& positions, const LayerNormLayer& norm) const {
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
  return config_.final_norm ? layers_.decoder_final_norm(workspace, x) : x;
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

// Runs of rows of one sentence, as beams and targets are, are multiplied by its keys together.
void Transformer::AddCopies(Workspace& workspace, const ConstMatrix& hidden, std::span<const int32_t> sentence_of,
                            const CopyMemory& copies, const Matrix& logits) const {
  const Packing& packing = copies.source.packing;
  Variable q = workspace.New(hidden.rows, config_.d_model);
  kernels::Gemm(hidden, kernels::Transpose::kNo, layers_.copy_q_proj.weight->value(), kernels::Transpose::kNo,
                q.writable());
  kernels::AddBias(q.writable(), layers_.copy_q_proj.bias->data);
  const int64_t longest = packing.Longest();
  const Scratch memory = workspace.NewScratch(hidden.rows * longest);
  for (int64_t begin = 0, end = 0; begin < hidden.rows; begin = end) {
    const int64_t s = sentence_of[static_cast<size_t>(begin)];
    while (end < hidden.rows && sentence_of[static_cast<size_t>(end)] == s) ++end;
    const Matrix scores(memory.data(), end - begin, packing.Length(s), longest);  // [run, src_len]
    kernels::Gemm(q.value().Rows(begin, end - begin), kernels::Transpose::kNo,
                  copies.keys.value().Rows(packing.Begin(s), packing.Length(s)), kernels::Transpose::kYes, scores);
    const auto ids =
        copies.source.ids.subspan(static_cast<size_t>(packing.Begin(s)), static_cast<size_t>(packing.Length(s)));
    for (int64_t r = begin; r < end; ++r) {
      kernels::AddCopies(ids, scores.Row(r - begin), CopyScale(config_), logits.Row(r), /*kept=*/nullptr);
    }
  }
}

Variable Transformer::Logits(Workspace& workspace, const ConstMatrix& hidden, std::span<const int32_t> sentence_of,
                             const CopyMemory& copies) const {
  DRAGOMAN_CHECK(output_transposed_.size() > 0);  // PrepareForDecoding() was called
  const ConstMatrix weight(output_transposed_.data(), config_.d_model, config_.tgt_vocab);
  Variable logits = workspace.New(hidden.rows, config_.tgt_vocab);
  kernels::Gemm(hidden, kernels::Transpose::kNo, weight, kernels::Transpose::kNo, logits.writable());
  if (layers_.output_bias != nullptr) kernels::AddBias(logits.writable(), layers_.output_bias->data);
  if (config_.copy) AddCopies(workspace, hidden, sentence_of, copies, logits.writable());
  return logits;
}

std::unique_ptr<DecoderState> Transformer::StartDecoding(Workspace& workspace, const EncodedSource& src) const {
  const int caches = config_.decoder_layers * config_.decoder_repeats;
  auto state = std::make_unique<DecoderState>(src.packing, caches);
  for (int c = 0; c < caches; ++c) {
    // Later passes attend to the same keys and values of the source.
    if (c < config_.decoder_layers) {
      layers_.decoder[static_cast<size_t>(c)].StartCache(workspace, src.states, state->layer(c));
    } else {
      state->layer(c) = state->layer(c % config_.decoder_layers);
    }
  }
  if (config_.copy) state->SetCopies(src.copy_keys, src.source.ids);
  return state;
}

Variable Transformer::Step(Workspace& workspace, DecoderState& state, std::span<const int32_t> tokens) const {
  DRAGOMAN_CHECK(workspace.tape() == nullptr && static_cast<int64_t>(tokens.size()) == state.hypotheses());
  std::vector<int32_t> offsets(tokens.size() + 1);  // every hypothesis is a sentence of one token
  for (size_t i = 0; i < offsets.size(); ++i) offsets[i] = static_cast<int32_t>(i);
  kernels::ByDistance<const float> distance_bias;
  if (step_bias_.size() > 0) distance_bias = {step_bias_.data(), config_.max_tgt_len};
  Variable x = EmbedTarget(workspace, {tokens, {offsets}}, state.step());  // [hypotheses, d_model]
  int64_t cache = 0;
  for (int pass = 0; pass < config_.decoder_repeats; ++pass) {
    x = BeginPass(workspace, std::move(x), layers_.decoder_passes, pass);
    for (const DecoderLayer& layer : layers_.decoder) {
      x = layer.Step(workspace, x, state, state.layer(cache++), distance_bias);
    }
  }
  state.Advance();
  if (config_.final_norm) x = layers_.decoder_final_norm(workspace, x);
  return Logits(workspace, x.value(), state.sentences(), state.copies());
}

}  // namespace dragoman
