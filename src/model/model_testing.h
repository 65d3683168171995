// SPDX-License-Identifier: Apache-2.0
// Small models and sentences for the tests of model/ and decode/.
#ifndef DRAGOMAN_MODEL_MODEL_TESTING_H_
#define DRAGOMAN_MODEL_MODEL_TESTING_H_

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/gradient_testing.h"
#include "base/rng.h"
#include "model/transformer.h"
#include "tensor/packed.h"

namespace dragoman {

// Smooth (no ReLU), so that numerical derivatives exist everywhere; no dropout unless a test asks.
inline TransformerConfig TinyConfig() {
  TransformerConfig config;
  config.src_vocab = config.tgt_vocab = 11;
  config.encoder_layers = config.decoder_layers = 2;
  config.d_model = 8;
  config.heads = 2;
  config.d_ff = 12;
  config.max_src_len = config.max_tgt_len = 24;
  config.activation = kernels::Activation::kGelu;
  config.embedding_dropout = config.residual_dropout = 0;
  return config;
}

struct NamedConfig {
  std::string name;
  TransformerConfig config;
};

// The options that take a path of their own through the model, each with pre- and post-norm.
inline std::vector<NamedConfig> ConfigsOfEveryKind() {
  std::vector<NamedConfig> configs;
  for (const NormOrder order : {NormOrder::kPost, NormOrder::kPre}) {
    const std::string prefix = order == NormOrder::kPost ? "post-norm, " : "pre-norm, ";
    TransformerConfig config = TinyConfig();
    config.norm_order = order;
    config.final_norm = order == NormOrder::kPre;
    configs.push_back({prefix + "all tied", config});
    config.tying = Tying::kDecoder;
    config.tgt_vocab = 9;
    config.positions = Positions::kLearned;
    configs.push_back({prefix + "decoder tied, learned positions", config});
    config.tying = Tying::kNone;
    config.positions = Positions::kNone;
    config.output_bias = true;
    config.decoder_start = -1;
    config.scale_embedding = false;
    configs.push_back({prefix + "nothing tied, no positions, output bias, zero-vector start", config});
    config.positions = Positions::kSinusoidal;
    config.gated = true;
    config.bias = false;
    config.d_head = 3;
    config.final_norm = !config.final_norm;
    configs.push_back({prefix + "gated, no biases, heads of 3, zero-vector start", config});
    config.embedding_norm = true;
    config.norm_bias = false;
    config.attention_scale = 1;
    configs.push_back({prefix + "embedding norms, no norm has a bias, attention without a scale", config});
    TransformerConfig relative = TinyConfig();
    relative.norm_order = order;
    relative.relative_buckets = 8;
    relative.relative_max_distance = 10;
    configs.push_back({prefix + "relative positions", relative});
    TransformerConfig copying = TinyConfig();
    copying.norm_order = order;
    copying.copy = true;
    configs.push_back({prefix + "copying", copying});
    TransformerConfig repeated = TinyConfig();
    repeated.norm_order = order;
    repeated.final_norm = order == NormOrder::kPre;  // or logits grow so large that numerical derivatives are noise
    repeated.encoder_layers = 1;
    repeated.encoder_repeats = 3;
    repeated.decoder_repeats = 2;
    configs.push_back({prefix + "several passes", repeated});
    TransformerConfig recurrent = TinyConfig();
    recurrent.norm_order = order;
    recurrent.decoder_ssru = true;
    recurrent.decoder_repeats = order == NormOrder::kPost ? 2 : 1;
    recurrent.relative_buckets = order == NormOrder::kPost ? 0 : 8;
    configs.push_back({prefix + "a recurrent decoder", recurrent});
    TransformerConfig t5 = TinyConfig();  // version 1.1 of it, with tables as umT5 has them
    t5.norm_order = order;
    t5.final_norm = true;
    t5.norm_kind = NormKind::kRms;
    t5.norm_bias = t5.bias = t5.scale_embedding = false;
    t5.positions = Positions::kNone;
    t5.heads = 3;
    t5.d_head = 2;
    t5.attention_scale = 1;
    t5.relative_buckets = 10;
    t5.relative_max_distance = 12;
    t5.relative_per_layer = true;
    t5.gated = true;
    t5.activation = kernels::Activation::kGeluTanh;
    t5.tying = Tying::kEmbeddings;
    configs.push_back({prefix + "embeddings tied, norms by the mean square, each layer's own relative positions", t5});
    TransformerConfig deep = TinyConfig();
    deep.norm_order = order;
    deep.final_norm = order == NormOrder::kPre;  // as above
    deep.ffn_depth = 3;
    deep.activation = order == NormOrder::kPost ? kernels::Activation::kGelu : kernels::Activation::kSilu;
    configs.push_back({prefix + "deeper feed-forward layers", deep});
    TransformerConfig scaled = TinyConfig();
    scaled.norm_order = order;
    scaled.first_position = 2;
    scaled.activation = kernels::Activation::kGeluSigmoid;
    scaled.logit_scale = 0.35f;
    scaled.copy = order == NormOrder::kPre;
    configs.push_back({prefix + "positions from 2, scaled logits", scaled});
    TransformerConfig segmented = TinyConfig();
    segmented.norm_order = order;
    segmented.segment_end = 5;
    segmented.max_segment_len = 2;
    segmented.embedding_norm = order == NormOrder::kPost;
    segmented.positions = order == NormOrder::kPost ? Positions::kLearned : Positions::kSinusoidal;
    configs.push_back({prefix + "segments", segmented});
  }
  return configs;
}

// Whether it bends sharply somewhere, so that numerical derivatives say nothing: the gradients of such a model are
// compared with recorded ones (tests/parity).
inline bool HasKinks(const TransformerConfig& config) { return config.decoder_ssru; }

// With every parameter random, biases and norms too: what Initialize() leaves at 0 or 1 could hide a fault.
inline std::unique_ptr<Transformer> RandomModel(const TransformerConfig& config, uint64_t seed = 1) {
  auto model = std::make_unique<Transformer>(config);
  FillRandom(model->parameters(), seed, 0.5);
  return model;
}

// Sentences of token ids, and their packed form.
struct Sentences : PackedSentences {
  explicit Sentences(std::vector<std::vector<int32_t>> all_in) : all(std::move(all_in)) { Pack(); }
  // Random ids in [0, vocab), one sentence for each length.
  Sentences(std::span<const int> lengths, int vocab, uint64_t seed) {
    Rng rng(seed);
    for (const int length : lengths) {
      std::vector<int32_t>& sentence = all.emplace_back();
      for (int i = 0; i < length; ++i) {
        sentence.push_back(static_cast<int32_t>(rng.Below(static_cast<uint64_t>(vocab))));
      }
    }
    Pack();
  }
  void Pack() {
    Clear();
    for (const auto& sentence : all) Add(sentence);
  }
  // As the decoder's input: shifted right, started as the config says.
  Sentences ShiftedRight(int start) const {
    Sentences shifted = *this;
    for (auto& sentence : shifted.all) {
      std::rotate(sentence.begin(), sentence.end() - 1, sentence.end());
      sentence.front() = start;
    }
    shifted.Pack();
    return shifted;
  }

  std::vector<std::vector<int32_t>> all;
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_MODEL_TESTING_H_
