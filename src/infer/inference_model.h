// SPDX-License-Identifier: Apache-2.0
// A Transformer's weights, laid out for inference: the same model as model/'s, without what training needs. Source:
// Vaswani 2017, figure 1.
#ifndef DRAGOMAN_INFER_INFERENCE_MODEL_H_
#define DRAGOMAN_INFER_INFERENCE_MODEL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "infer/projection.h"
#include "infer/weight_source.h"
#include "kernels/attention.h"
#include "model/transformer.h"
#include "model/transformer_config.h"
#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace dragoman {

// Ba 2016, Eq. 4; Zhang 2019, Eq. 4.
struct NormWeights {
  const float* gain = nullptr;  // [d_model]; null: there is no such norm
  const float* bias = nullptr;  // [d_model], or none
};

struct FeedForwardWeights {
  Projection in;                   // [d_model, d_ff]; of gated forms the gate's, then the other's: [d_model, 2 * d_ff]
  std::vector<Projection> hidden;  // [ffn_depth - 2] of [d_ff, d_ff]
  Projection out;                  // [d_ff, d_model]
  NormWeights norm;
};

struct SelfAttentionWeights {
  Projection qkv;  // [d_model, 3 * width], width = heads * d_head
  Projection out;  // [width, d_model]
  NormWeights norm;
  kernels::AttentionShape shape;  // with its bias of distances up to the model's longest source, or target
};

// kernels/ssru.h.
struct RecurrentWeights {
  Projection forget_and_x;  // [d_model, 2 * d_model]
  NormWeights norm;
};

struct EncoderLayerWeights {
  SelfAttentionWeights self_attention;
  FeedForwardWeights feed_forward;
};

struct DecoderLayerWeights {
  SelfAttentionWeights self_attention;  // or, with decoder_ssru,
  RecurrentWeights recurrent;           // in its place
  Projection source_q;                  // [d_model, width]
  Projection source_kv;                 // [d_model, 2 * width]
  Projection source_out;
  NormWeights source_norm;
  FeedForwardWeights feed_forward;
};

// Vectors of the vocabulary: rows, or, where weights are packed, columns.
struct EmbeddingTable {
  ConstMatrix rows;               // [vocab, d_model]; none: data is null
  kernels::PackedWeight columns;  // [d_model, vocab]
};

// What stands around one of the two stacks of layers.
struct StackInput {
  EmbeddingTable embedding;
  ConstMatrix positions;  // [longest, d_model]; none: data is null
  NormWeights embedding_norm;
  std::vector<const float*> passes;  // [repeats] of [d_model]; empty where there is one pass
  NormWeights final_norm;
};

// Never changes once it is made; shared by all threads.
class InferenceModel {
 public:
  // Throws OptionError for a bad config, and what the source throws. What weights are of must outlive this.
  InferenceModel(const TransformerConfig& config, WeightSource& weights);
  // The model must outlive this: what is not laid out anew is read there.
  explicit InferenceModel(const Transformer& model, WeightFormat format = WeightFormat::kF32);
  InferenceModel(const InferenceModel&) = delete;
  InferenceModel& operator=(const InferenceModel&) = delete;

  const TransformerConfig& config() const { return config_; }
  WeightFormat format() const { return format_; }
  int64_t width() const { return config_.attention_width(); }  // of keys, of values

  const StackInput& source() const { return source_; }
  const StackInput& target() const { return target_; }
  const std::vector<EncoderLayerWeights>& encoder() const { return encoder_; }
  const std::vector<DecoderLayerWeights>& decoder() const { return decoder_; }
  const Projection& output() const { return output_; }                   // [d_model, tgt_vocab]
  const ConstMatrix& segment_places() const { return segment_places_; }  // with segments only
  const Projection& copy_k() const { return copy_k_; }                   // with copy only
  const Projection& copy_q() const { return copy_q_; }

  const kernels::AttentionShape& cross_attention() const { return cross_attention_; }

 private:
  template <class Layer>
  void LoadDistanceBias(WeightSource& weights, const std::string& stack, bool bidirectional, int64_t longest,
                        std::vector<Layer>& layers, FlatBuffer& memory) const;

  TransformerConfig config_;
  WeightFormat format_;
  FlatBuffer sinusoids_;
  FlatBuffer source_bias_, target_bias_;  // [heads, distances], or so for each layer; with relative positions only
  StackInput source_, target_;
  std::vector<EncoderLayerWeights> encoder_;
  std::vector<DecoderLayerWeights> decoder_;
  Projection output_, copy_k_, copy_q_;
  Projection src_table_, tgt_table_;  // where embeddings are packed, and not the output's
  ConstMatrix segment_places_;
  kernels::AttentionShape cross_attention_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_INFERENCE_MODEL_H_
