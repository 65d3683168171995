// SPDX-License-Identifier: Apache-2.0
// The encoder-decoder Transformer. Source: Vaswani 2017, §3, figure 1.
#ifndef DRAGOMAN_MODEL_TRANSFORMER_H_
#define DRAGOMAN_MODEL_TRANSFORMER_H_

#include <cstdint>
#include <memory>
#include <span>

#include "autograd/workspace.h"
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
  // -> hidden [tgt_tokens, d_model], times logit_scale
  Variable Decode(Workspace& workspace, const PackedTokens& tgt_in, const EncodedSource& src,
                  AttentionTrace* trace = nullptr) const;

  // Projection to the vocabulary and label-smoothed cross-entropy; see autograd/ops.h. Sums over tokens.
  kernels::CrossEntropySums Loss(Workspace& workspace, const Variable& hidden, const PackedTokens& tgt_out,
                                 const EncodedSource& src, const OutputLossOptions& options) const;

  // hidden of Decode [tgt_tokens, d_model] -> logits [tgt_tokens, tgt_vocab], for looking at: Loss needs none of them
  // whole, and infer/ computes its own.
  Variable Logits(Workspace& workspace, const ConstMatrix& hidden, const Packing& tgt, const EncodedSource& src) const;

 private:
  // What stands in front of the first layer.   tokens.ids [tokens] -> [tokens, d_model], of a source [rows, d_model]
  Variable EmbedSource(Workspace& workspace, const EncodedSource& src) const;
  Variable EmbedTarget(Workspace& workspace, const PackedTokens& tgt_in, int64_t first_position) const;
  Variable Embed(Workspace& workspace, const PackedTokens& tokens, const Parameter& table, int64_t first_position,
                 const PositionTable& positions, const NormLayer& norm) const;

  kernels::DistanceBuckets Buckets(bool bidirectional) const { return {config_.relative_max_distance, bidirectional}; }
  // Of the self-attention of all layers of a stack: [heads, distances], empty where they share no table.
  Variable RelativeBias(Workspace& workspace, const Parameter* table, bool bidirectional, const Packing& packing) const;

  TransformerConfig config_;
  ParameterStore store_;
  TransformerLayers layers_;
  FlatBuffer sinusoids_;
  PositionTable src_positions_, tgt_positions_;  // [max_src_len or max_tgt_len, d_model]
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_TRANSFORMER_H_
