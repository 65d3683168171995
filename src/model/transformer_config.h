// SPDX-License-Identifier: Apache-2.0
// Everything that decides a Transformer's shape and arithmetic. One model with options, never a copy per family.
#ifndef DRAGOMAN_MODEL_TRANSFORMER_CONFIG_H_
#define DRAGOMAN_MODEL_TRANSFORMER_CONFIG_H_

#include <cstdint>
#include <string>

#include "kernels/activation.h"
#include "nn/position_encoding.h"

namespace dragoman {

enum class Positions { kSinusoidal, kLearned, kNone };
enum class NormOrder {
  kPost,  // x = norm(x + sublayer(x)), Vaswani 2017, §3.1
  kPre    // x = x + sublayer(norm(x)), Xiong 2020, §3
};
enum class Tying {
  kNone,
  kDecoder,  // output projection = decoder embedding
  kAll       // and = encoder embedding (one joint vocabulary), Press 2017; Vaswani 2017, §3.4
};

struct TransformerConfig {
  // Sizes; the defaults are the paper's base model (Vaswani 2017, table 3).
  int src_vocab = 0;           // rows of the embedding, set from the vocabulary
  int tgt_vocab = 0;
  int encoder_layers = 6;
  int decoder_layers = 6;
  int d_model = 512;
  int heads = 8;
  int d_head = 0;              // width of one head; 0 means d_model / heads
  int d_ff = 2048;
  int max_src_len = 512;       // tokens with </s>; longer input keeps its left part, counted and reported
  int max_tgt_len = 512;

  // Embedding and positions.
  bool scale_embedding = true;  // times sqrt(d_model)
  Positions positions = Positions::kSinusoidal;
  SinusoidLayout sinusoid_layout = SinusoidLayout::kInterleaved;
  SinusoidExponent sinusoid_exponent = SinusoidExponent::kPaper;
  Tying tying = Tying::kAll;
  bool output_bias = false;

  // Layers.
  NormOrder norm_order = NormOrder::kPost;
  bool final_norm = false;      // one more norm after the last layer; pre-norm models want it
  float norm_epsilon = 1e-5f;
  kernels::Activation activation = kernels::Activation::kRelu;
  bool gated = false;           // feed-forward = (act(x W_gate) * x W_in) W_out
  bool bias = true;             // on every projection of attention and feed-forward

  // Decoder start.
  int decoder_start = 1;        // a token id (<s>), or -1 for a zero vector

  // Dropout rates, used in training only.
  float embedding_dropout = 0.1f;
  float residual_dropout = 0.1f;
  float attention_dropout = 0.0f;
  float ffn_dropout = 0.0f;     // after the activation

  int head_width() const { return d_head > 0 ? d_head : d_model / heads; }
  int attention_width() const { return heads * head_width(); }

  // Throws OptionError naming the field, the value found and what is allowed.
  void Validate() const;

  // Preset sizes by name: tiny (4+4, 128, 4 heads, 256), small (4+4, 256, 4, 1024), base (6+6, 512, 8, 2048),
  // big (6+6, 1024, 16, 4096). Throws OptionError for another name.
  static TransformerConfig Preset(const std::string& name);

  // JSON text with one key per field above, enums as strings ("sinusoidal", "post", "relu", ...).
  std::string ToJson() const;
  // Throws FormatError naming `path` and the key: unknown, missing, of the wrong type or out of range.
  static TransformerConfig FromJson(const std::string& json, const std::string& path);

  bool operator==(const TransformerConfig&) const = default;
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_TRANSFORMER_CONFIG_H_
