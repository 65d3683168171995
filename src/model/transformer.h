// SPDX-License-Identifier: Apache-2.0
// The encoder-decoder Transformer. Source: Vaswani 2017, §3, figure 1.
#ifndef DRAGOMAN_MODEL_TRANSFORMER_H_
#define DRAGOMAN_MODEL_TRANSFORMER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "autograd/workspace.h"
#include "model/decoder_state.h"
#include "model/source_segments.h"
#include "model/transformer_config.h"
#include "model/transformer_layers.h"

namespace dragoman {

// A source as the decoder sees it. The source's ids and offsets must outlive it, and Tape::Backward().
struct EncodedSource {
  PackedTokens source;
  std::shared_ptr<const SourceSegments> segments;  // of a model that has such
  Packing packing;                                 // of the rows of `states`: a row for each token, or each segment
  Variable states;                                 // [rows, d_model]
  Variable copy_keys;                              // [src_tokens, d_model], of a model that copies

  CopyMemory copies() const { return {copy_keys, source}; }
};

// Parameters and the computations over them. All calls are const but those that change parameters, and may run on
// several threads at once, each with its own workspace.
class Transformer {
 public:
  // Parameters are zero until Initialize() or until someone fills parameters(). Throws OptionError for a bad config.
  explicit Transformer(const TransformerConfig& config);
  Transformer(const Transformer&) = delete;  // layers point into the store
  Transformer& operator=(const Transformer&) = delete;

  const TransformerConfig& config() const { return config_; }
  ParameterStore& parameters() { return store_; }
  const ParameterStore& parameters() const { return store_; }

  void Initialize(uint64_t seed) { layers_.Initialize(store_, seed); }

  EncodedSource Encode(Workspace& workspace, const PackedTokens& src, AttentionTrace* trace = nullptr) const;

  // The decoder over whole targets, teacher forcing: tgt_in is the target shifted right.
  // -> hidden [tgt_tokens, d_model]
  Variable Decode(Workspace& workspace, const PackedTokens& tgt_in, const EncodedSource& src,
                  AttentionTrace* trace = nullptr) const;

  // Projection to the vocabulary and label-smoothed cross-entropy; see autograd/ops.h. Sums over tokens.
  kernels::CrossEntropySums Loss(Workspace& workspace, const Variable& hidden, const PackedTokens& tgt_out,
                                 const EncodedSource& src, const OutputLossOptions& options) const;

  // Cached decoding, one target position at a time, for all hypotheses of a batch. PrepareForDecoding() comes first,
  // and again after parameters have changed.
  void PrepareForDecoding();
  std::unique_ptr<DecoderState> StartDecoding(Workspace& workspace, const EncodedSource& src) const;
  // tokens [hypotheses]: the newest token of each (the start token at first) -> logits [hypotheses, tgt_vocab].
  // The workspace has no tape: a step is not for training.
  Variable Step(Workspace& workspace, DecoderState& state, std::span<const int32_t> tokens) const;
  // hidden [tokens, d_model] -> logits [tokens, tgt_vocab]. A row depends on its own row only, bit for bit, and on its
  // source where it may copy: sentence_of [tokens] says which. PrepareForDecoding() came before.
  Variable Logits(Workspace& workspace, const ConstMatrix& hidden, std::span<const int32_t> sentence_of,
                  const CopyMemory& copies) const;

 private:
  // What stands in front of the first layer.   tokens.ids [tokens] -> [tokens, d_model], of a source [rows, d_model]
  Variable EmbedSource(Workspace& workspace, const EncodedSource& src) const;
  Variable EmbedTarget(Workspace& workspace, const PackedTokens& tgt_in, int64_t first_position) const;
  Variable Embed(Workspace& workspace, const PackedTokens& tokens, const Parameter& table, int64_t first_position,
                 const PositionTable& positions, const LayerNormLayer& norm) const;

  DistanceBuckets Buckets(bool bidirectional) const { return {config_.relative_max_distance, bidirectional}; }
  void AddCopies(Workspace& workspace, const ConstMatrix& hidden, std::span<const int32_t> sentence_of,
                 const CopyMemory& copies, const Matrix& logits) const;
  // Of the self-attention of all layers of a stack: [heads, distances], empty where there is no table.
  Variable RelativeBias(Workspace& workspace, const Parameter* table, bool bidirectional, const Packing& packing) const;

  TransformerConfig config_;
  ParameterStore store_;
  TransformerLayers layers_;
  FlatBuffer sinusoids_;
  PositionTable src_positions_, tgt_positions_;  // [max_src_len or max_tgt_len, d_model]
  FlatBuffer output_transposed_;                 // [d_model, tgt_vocab], for Logits
  FlatBuffer step_bias_;                         // [heads, distances], for Step; empty without relative positions
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_TRANSFORMER_H_
