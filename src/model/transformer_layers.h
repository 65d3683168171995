// SPDX-License-Identifier: Apache-2.0
// The parts of a Transformer that have parameters. Source: Vaswani 2017, figure 1.
#ifndef DRAGOMAN_MODEL_TRANSFORMER_LAYERS_H_
#define DRAGOMAN_MODEL_TRANSFORMER_LAYERS_H_

#include <cstdint>
#include <vector>

#include "autograd/parameter.h"
#include "model/decoder_layer.h"
#include "model/encoder_layer.h"
#include "model/transformer_config.h"

namespace dragoman {

struct TransformerLayers {
  // Declares every parameter of such a model in `plan`, in the order of the forward pass: gradients become final from
  // the end to the beginning (Tape::Mark). Plan and config, a valid one, must outlive the layers.
  TransformerLayers(ParameterPlan& plan, const TransformerConfig& config);

  // Glorot-uniform projections, embeddings normal with variance 1 / d_model, norms 1, biases 0.
  void Initialize(ParameterStore& store, uint64_t seed) const;

  const Parameter* src_embed = nullptr;         // [src_vocab, d_model]
  const Parameter* tgt_embed = nullptr;         // [tgt_vocab, d_model], src_embed when embeddings are tied
  const Parameter* src_positions = nullptr;     // [max_src_len, d_model], learned positions only
  const Parameter* tgt_positions = nullptr;     // [max_tgt_len, d_model], likewise
  const Parameter* encoder_relative = nullptr;  // [relative_buckets, heads], where layers share one
  const Parameter* decoder_relative = nullptr;  // likewise
  NormLayer src_embed_norm, tgt_embed_norm;     // with embedding_norm only
  const Parameter* segment_places = nullptr;    // [max_segment_len, d_model], with segments only
  const Parameter* encoder_passes = nullptr;    // [encoder_repeats, d_model], where there are several
  const Parameter* decoder_passes = nullptr;    // likewise
  std::vector<EncoderLayer> encoder;
  std::vector<DecoderLayer> decoder;
  std::vector<int64_t> encoder_begins, decoder_begins;  // offset of each layer's first parameter
  NormLayer encoder_final_norm, decoder_final_norm;     // with final_norm only
  LinearLayer copy_k_proj, copy_q_proj;                 // [d_model, d_model], with copy only
  const Parameter* output = nullptr;                    // [tgt_vocab, d_model], tgt_embed when tied
  const Parameter* output_bias = nullptr;               // [tgt_vocab], or null
};

// The parameters that such a model has. Throws OptionError for a bad config.
ParameterPlan PlanOf(const TransformerConfig& config);

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_TRANSFORMER_LAYERS_H_
