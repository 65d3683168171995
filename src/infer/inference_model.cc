// SPDX-License-Identifier: Apache-2.0
#include "infer/inference_model.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "kernels/distance_buckets.h"

namespace dragoman {
namespace {

// Of all attention; a bias is its own.
kernels::AttentionShape ShapeOf(const TransformerConfig& config) {
  return {.heads = config.heads, .d_head = config.head_width(), .scale = config.attention_scale};
}

// Asks for weights by their names (docs/design.md).
class Loader {
 public:
  Loader(const TransformerConfig& config, WeightSource& weights) : config_(config), weights_(weights) {}

  const float* Vector(const std::string& name) const { return weights_.Table(name, 1, config_.d_model).data; }

  NormWeights Norm(const std::string& path) const {
    return {Vector(path + ".weight"), config_.norm_bias ? Vector(path + ".bias") : nullptr};
  }

  Projection Linear(const std::string& path, int64_t in, int64_t columns) const {
    return weights_.Linear({path, {path}, in, columns, Biases(1)});
  }

  SelfAttentionWeights SelfAttention(const std::string& layer) const {
    const std::string path = layer + ".self_attn";
    const int64_t width = config_.attention_width();
    return {weights_.Linear({path + ".qkv",
                             {path + ".q_proj", path + ".k_proj", path + ".v_proj"},
                             config_.d_model,
                             3 * width,
                             Biases(3)}),
            Linear(path + ".out_proj", width, config_.d_model), Norm(path + "_norm"), ShapeOf(config_)};
  }

  RecurrentWeights Recurrent(const std::string& layer) const {
    const std::string path = layer + ".ssru";
    return {weights_.Linear({path + ".fx",
                             {path + ".f_proj", path + ".x_proj"},
                             config_.d_model,
                             2 * int64_t{config_.d_model},
                             /*biases=*/1}),
            Norm(path + "_norm")};
  }

  FeedForwardWeights FeedForward(const std::string& layer) const {
    const std::string path = layer + ".ffn";
    Projection in = config_.gated ? weights_.Linear({path + ".gate_in",
                                                     {path + ".gate_proj", path + ".in_proj"},
                                                     config_.d_model,
                                                     2 * int64_t{config_.d_ff},
                                                     Biases(2)})
                                  : Linear(path + ".in_proj", config_.d_model, config_.d_ff);
    std::vector<Projection> hidden;
    for (int i = 2; i < config_.ffn_depth; ++i) {
      hidden.push_back(Linear(path + ".hidden_projs." + std::to_string(i - 2), config_.d_ff, config_.d_ff));
    }
    return {std::move(in), std::move(hidden), Linear(path + ".out_proj", config_.d_ff, config_.d_model),
            Norm(path + "_norm")};
  }

  EncoderLayerWeights EncoderLayer(const std::string& layer) const {
    return {SelfAttention(layer), FeedForward(layer)};
  }

  DecoderLayerWeights DecoderLayer(const std::string& layer) const {
    const std::string path = layer + ".cross_attn";
    const int64_t width = config_.attention_width();
    return {
        config_.decoder_ssru ? SelfAttentionWeights() : SelfAttention(layer),
        config_.decoder_ssru ? Recurrent(layer) : RecurrentWeights(),
        Linear(path + ".q_proj", config_.d_model, width),
        weights_.Linear({path + ".kv", {path + ".k_proj", path + ".v_proj"}, config_.d_model, 2 * width, Biases(2)}),
        Linear(path + ".out_proj", width, config_.d_model),
        Norm(path + "_norm"),
        FeedForward(layer)};
  }

  Projection Copy(const std::string& path) const {
    return weights_.Linear({path, {path}, config_.d_model, config_.d_model, /*biases=*/1});
  }

  Projection Output() const {
    return weights_.Vocabulary(config_.output_table(), config_.tgt_vocab, config_.d_model,
                               config_.output_bias ? "output.bias" : "");
  }

  // Rows of this table; `packed`, of `same`, the output's, where they share it.
  EmbeddingTable Embedding(const std::string& name, int64_t vocab, const Projection* same, Projection& packed) const {
    if (weights_.format() == WeightFormat::kF32) return {weights_.Table(name, vocab, config_.d_model), {}};
    if (same != nullptr) return {{}, same->packed()};
    packed = weights_.Vocabulary(name, vocab, config_.d_model, "");
    return {{}, packed.packed()};
  }

  // What stands before and behind a stack's layers, but embedding and sinusoids. side: "src", "tgt"; stack: "encoder",
  // "decoder".
  StackInput Stack(const std::string& side, const std::string& stack, int repeats, int64_t longest) const {
    StackInput input;
    if (config_.positions == Positions::kLearned) {
      input.positions = weights_.Table(side + "_positions.weight", longest, config_.d_model);
    }
    if (config_.embedding_norm) input.embedding_norm = Norm(side + "_embed_norm");
    if (repeats > 1) {
      const ConstMatrix passes = weights_.Table(stack + ".passes.weight", repeats, config_.d_model);
      for (int pass = 0; pass < repeats; ++pass) input.passes.push_back(passes.Rows(pass, 1).data);
    }
    if (config_.final_norm) input.final_norm = Norm(stack + ".final_norm");
    return input;
  }

 private:
  // Of so many projections of attention or feed-forward.
  int Biases(int projections) const { return config_.bias ? projections : 0; }

  const TransformerConfig& config_;
  WeightSource& weights_;
};

TransformerConfig Validated(const TransformerConfig& config) {
  config.Validate();
  return config;
}

}  // namespace

InferenceModel::InferenceModel(const Transformer& model, WeightFormat format)
    : InferenceModel(model.config(), *std::make_unique<ParameterWeights>(model.parameters(), format)) {}

InferenceModel::InferenceModel(const TransformerConfig& config, WeightSource& weights)
    : config_(Validated(config)), format_(weights.format()) {
  const Loader load(config_, weights);
  output_ = load.Output();
  source_ = load.Stack("src", "encoder", config_.encoder_repeats, config_.max_src_len);
  target_ = load.Stack("tgt", "decoder", config_.decoder_repeats, config_.max_tgt_len);
  source_.embedding = load.Embedding("src_embed.weight", config_.src_vocab,
                                     config_.tying == Tying::kAll ? &output_ : nullptr, src_table_);
  target_.embedding = config_.has_joint_embedding()
                          ? source_.embedding
                          : load.Embedding("tgt_embed.weight", config_.tgt_vocab,
                                           config_.tying == Tying::kDecoder ? &output_ : nullptr, tgt_table_);
  if (config_.positions == Positions::kSinusoidal) {
    const int64_t longest = std::max(config_.max_src_len, config_.max_tgt_len);
    sinusoids_ = FlatBuffer(longest * config_.d_model);
    const Matrix table(sinusoids_.data(), longest, config_.d_model);
    FillSinusoids(config_.sinusoid_layout, config_.sinusoid_exponent, config_.first_position, table);
    source_.positions = target_.positions = table;
  }
  for (int l = 0; l < config_.encoder_layers; ++l) {
    encoder_.push_back(load.EncoderLayer("encoder.layers." + std::to_string(l)));
  }
  for (int l = 0; l < config_.decoder_layers; ++l) {
    decoder_.push_back(load.DecoderLayer("decoder.layers." + std::to_string(l)));
  }
  if (config_.has_segments()) {
    segment_places_ = weights.Table("segment_places.weight", config_.max_segment_len, config_.d_model);
  }
  if (config_.copy) {
    copy_k_ = load.Copy("copy.k_proj");
    copy_q_ = load.Copy("copy.q_proj");
  }
  cross_attention_ = ShapeOf(config_);
  if (config_.relative_buckets == 0) return;
  LoadDistanceBias(weights, "encoder", /*bidirectional=*/true, config_.max_src_len, encoder_, source_bias_);
  if (config_.decoder_ssru) return;
  LoadDistanceBias(weights, "decoder", /*bidirectional=*/false, config_.max_tgt_len, decoder_, target_bias_);
}

// stack: "encoder", "decoder". by_distance [tables * heads, distances]: of as many tables as layers, or one for all.
template <class Layer>
void InferenceModel::LoadDistanceBias(WeightSource& weights, const std::string& stack, bool bidirectional,
                                      int64_t longest, std::vector<Layer>& layers, FlatBuffer& memory) const {
  const int64_t heads = config_.heads, tables = config_.relative_per_layer ? std::ssize(layers) : 1;
  memory = FlatBuffer(tables * heads * kernels::DistanceColumns(longest));
  const Matrix by_distance(memory.data(), tables * heads, kernels::DistanceColumns(longest));
  for (int64_t t = 0; t < tables; ++t) {
    const std::string path = config_.relative_per_layer ? stack + ".layers." + std::to_string(t) + ".self_attn" : stack;
    kernels::FillByDistance({config_.relative_max_distance, bidirectional},
                            weights.Table(path + ".relative_bias.weight", config_.relative_buckets, heads), longest,
                            by_distance.Rows(t * heads, heads));
  }
  for (int64_t l = 0; l < std::ssize(layers); ++l) {
    layers[static_cast<size_t>(l)].self_attention.shape.bias =
        kernels::AsByDistance(by_distance.Rows(std::min(l, tables - 1) * heads, heads));
  }
}

}  // namespace dragoman
