// SPDX-License-Identifier: Apache-2.0
// Everything that decides a Transformer's shape and arithmetic. One model with options, never a copy per family.
#ifndef DRAGOMAN_MODEL_TRANSFORMER_CONFIG_H_
#define DRAGOMAN_MODEL_TRANSFORMER_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "kernels/activation.h"
#include "nn/position_encoding.h"

namespace dragoman {

enum class Positions { kSinusoidal, kLearned, kNone };
enum class NormOrder {
  kPost,  // x = norm(x + sublayer(x)), Vaswani 2017, §3.1
  kPre    // x = x + sublayer(norm(x)), Xiong 2020, §3
};
enum class NormKind {
  kLayer,  // Ba 2016, Eq. 4
  kRms     // by the root of the mean square, without mean and bias, Zhang 2019, Eq. 4
};
enum class Tying {
  kNone,
  kDecoder,     // output projection = decoder embedding
  kEmbeddings,  // decoder embedding = encoder embedding (ids mean the same on both sides)
  kAll          // both, Press 2017; Vaswani 2017, §3.4
};

// Their names in flags and in config.json.
const EnumNames<Positions>& NamesOf(Positions);
const EnumNames<NormOrder>& NamesOf(NormOrder);
const EnumNames<NormKind>& NamesOf(NormKind);
const EnumNames<Tying>& NamesOf(Tying);
const EnumNames<SinusoidLayout>& NamesOf(SinusoidLayout);
const EnumNames<SinusoidExponent>& NamesOf(SinusoidExponent);
namespace kernels {
const EnumNames<Activation>& NamesOf(Activation);
}

// Multiplications of the forward pass (the backward pass has twice as many) for each token, and for each pair of tokens
// that attention compares: source with source, target with target, target with source.
struct OperationCounts {
  double src_token = 0, tgt_token = 0;
  double src_pair = 0, tgt_pair = 0, cross_pair = 0;
};

struct TransformerConfig {
  // Sizes; the defaults are the paper's base model (Vaswani 2017, table 3).
  int src_vocab = 0;  // rows of the embedding, set from the vocabulary
  int tgt_vocab = 0;
  int encoder_layers = 6;
  int decoder_layers = 6;
  int d_model = 512;
  int heads = 8;
  int d_head = 0;  // width of one head; 0 means d_model / heads
  int d_ff = 2048;
  int ffn_depth = 2;        // products of a feed-forward layer; those between the first and the last are [d_ff, d_ff]
  int encoder_repeats = 1;  // passes through the encoder's layers, with the same weights; above 1 each pass begins with
  int decoder_repeats = 1;  // a learnt vector of its own added (Dehghani 2019, §2.1, Eq. 2 to 4)
  bool decoder_ssru =
      false;              // a recurrent unit in place of the decoder's self-attention (kernels/ssru.h): fast students
  int max_src_len = 512;  // tokens with </s>; longer input keeps its left part, counted and reported
  int max_tgt_len = 512;

  // Embedding and positions.
  bool scale_embedding = true;  // times sqrt(d_model)
  Positions positions = Positions::kSinusoidal;
  SinusoidLayout sinusoid_layout = SinusoidLayout::kInterleaved;
  SinusoidExponent sinusoid_exponent = SinusoidExponent::kPaper;
  int first_position = 0;           // the number of a sentence's first token in sinusoids
  int relative_buckets = 0;         // of distances between tokens, a learnt number each for every head's scores of
                                    // self-attention, shared by a stack's layers (Raffel 2020, §2.1); 0: none
  int relative_max_distance = 128;  // farther tokens share the last bucket
  bool relative_per_layer = false;  // each layer has such numbers of its own
  // Above -1: a token id that ends a segment of the source. The encoder then sees one vector a segment, the sum of its
  // tokens' embeddings, each times a learnt vector for its place in the segment (autograd/ops.h, SumSegments).
  int segment_end = -1;
  int max_segment_len = 16;  // tokens farther on share the last place
  Tying tying = Tying::kAll;
  bool output_bias = false;
  bool embedding_norm = false;  // a norm over embedding + positions, before dropout

  // Layers.
  NormOrder norm_order = NormOrder::kPost;
  bool final_norm = false;  // one more norm after the last layer; pre-norm models want it
  NormKind norm_kind = NormKind::kLayer;
  float norm_epsilon = 1e-5f;
  bool norm_bias = true;
  kernels::Activation activation = kernels::Activation::kRelu;
  bool gated = false;  // feed-forward = (act(x W_gate) * x W_in) W_out
  bool bias = true;    // on every projection of attention and feed-forward

  float attention_scale = 0;  // of q k^T; 0 means 1 / sqrt(d_head), Vaswani 2017, §3.2.1, Eq. 1

  float logit_scale = 0;  // of the decoder's output, before anything makes logits of it; 0: none

  // The output's other half: how likely each token of the source is to be copied (kernels/copy_logits.h).
  bool copy = false;

  // Decoder start.
  int decoder_start = 1;  // a token id (<s>), or -1 for a zero vector

  // Dropout rates, used in training only.
  float embedding_dropout = 0.1f;
  float residual_dropout = 0.1f;
  float attention_dropout = 0.0f;
  float ffn_dropout = 0.0f;  // after the activation

  int head_width() const { return d_head > 0 ? d_head : d_model / heads; }
  int attention_width() const { return heads * head_width(); }

  bool has_segments() const { return segment_end >= 0; }
  bool has_joint_embedding() const { return tying == Tying::kEmbeddings || tying == Tying::kAll; }
  bool has_own_output() const { return tying == Tying::kNone || tying == Tying::kEmbeddings; }
  const char* output_table() const;  // the parameter [tgt_vocab, d_model] that makes logits: its own, or an embedding
  bool scales_logits() const { return logit_scale != 0 && logit_scale != 1; }

  // What one sentence costs beside another.
  OperationCounts Operations() const;

  // Throw OptionError naming the field, the value found and what is allowed.
  void Validate() const;
  void ValidateShape() const;  // only what does not depend on the vocabularies, which may be unknown yet

  // Preset sizes by name: tiny (4+4, 128, 4 heads, 256), small (4+4, 256, 4, 1024), base (6+6, 512, 8, 2048),
  // big (6+6, 1024, 16, 4096). Throws OptionError for another name.
  static TransformerConfig Preset(const std::string& name);

  // JSON text with one key per field above, enums as strings ("sinusoidal", "post", "relu", ...).
  std::string ToJson() const;
  // A field that is missing has its default above, so what an older version wrote is read by every newer one; only the
  // sizes of the vocabularies have to be there. Throws FormatError naming `path` and the key: unknown (written by a
  // newer version), missing, of the wrong type or out of range.
  static TransformerConfig FromJson(const std::string& json, const std::string& path);

  bool operator==(const TransformerConfig&) const = default;
};

// Calls visit(key, field, help) for every field: JSON, flags and dumps all walk this one list. As a flag, the key's
// underscores are dashes.
template <class Config, class Visitor>
void ForEachField(Config& c, Visitor&& visit) {
  visit("src_vocab", c.src_vocab, "rows of the source embedding (set from the vocabulary)");
  visit("tgt_vocab", c.tgt_vocab, "rows of the target embedding (set from the vocabulary)");
  visit("encoder_layers", c.encoder_layers, "layers of the encoder");
  visit("decoder_layers", c.decoder_layers, "layers of the decoder");
  visit("d_model", c.d_model, "width of embeddings and layers");
  visit("heads", c.heads, "attention heads");
  visit("d_head", c.d_head, "width of one head; 0: d_model / heads");
  visit("d_ff", c.d_ff, "inner width of the feed-forward layers");
  visit("ffn_depth", c.ffn_depth,
        "products of a feed-forward layer, with the non-linearity between; 2 as in the paper");
  visit("encoder_repeats", c.encoder_repeats, "passes through the encoder's layers, with the same weights");
  visit("decoder_repeats", c.decoder_repeats, "passes through the decoder's layers, with the same weights");
  visit(
      "decoder_ssru", c.decoder_ssru,
      "a simpler simple recurrent unit in place of the decoder's self-attention (Kim et al. 2019): faster to translate "
      "with");
  visit("max_src_len", c.max_src_len, "longest source in tokens with </s>; longer input keeps its left part");
  visit("max_tgt_len", c.max_tgt_len, "longest target in tokens with </s>; longer input keeps its left part");
  visit("scale_embedding", c.scale_embedding, "multiply embeddings by sqrt(d_model)");
  visit("positions", c.positions, "position vectors");
  visit("sinusoid_layout", c.sinusoid_layout, "sines and cosines by turns, or in two halves");
  visit("sinusoid_exponent", c.sinusoid_exponent, "2i/d_model as in the paper, or i/(d_model/2 - 1)");
  visit("first_position", c.first_position, "number of a sentence's first token in sinusoids");
  visit("relative_buckets", c.relative_buckets,
        "self-attention learns a bias for each of so many buckets of distances; 0: none");
  visit("relative_max_distance", c.relative_max_distance, "tokens that are farther apart share a bucket");
  visit("relative_per_layer", c.relative_per_layer,
        "each layer learns its own biases of distances, instead of sharing them with its stack");
  visit("segment_end", c.segment_end,
        "token id that ends a segment of the source, which the encoder sees as one vector; -1: each token is its own");
  visit("max_segment_len", c.max_segment_len, "places in a segment that are told apart");
  visit("tying", c.tying,
        "tables that are one: the output projection's and the decoder's embedding (decoder), both embeddings "
        "(embeddings), all three (all; with two vocabularies: decoder)");
  visit("output_bias", c.output_bias, "a bias on the output projection");
  visit("embedding_norm", c.embedding_norm, "a layer norm over the sum of embedding and position vector");
  visit("norm_order", c.norm_order, "layer norm after the residual addition (post) or before the sub-layer (pre)");
  visit("final_norm", c.final_norm, "one more layer norm after the last layer of encoder and decoder");
  visit("norm_kind", c.norm_kind,
        "layer norm, or division by the root of the mean square (rms), which has no mean and no `norm_bias`");
  visit("norm_epsilon", c.norm_epsilon, "epsilon of the layer norms");
  visit("norm_bias", c.norm_bias, "biases on the layer norms");
  visit("activation", c.activation, "non-linearity of the feed-forward layers");
  visit("gated", c.gated, "gated feed-forward layers (GLU variants)");
  visit("bias", c.bias, "biases on the projections of attention and feed-forward");
  visit("attention_scale", c.attention_scale, "factor of attention's scores; 0: 1 / sqrt(d_head)");
  visit("logit_scale", c.logit_scale, "factor of the decoder's output before the output projection; 0: none");
  visit("copy", c.copy, "the output can also copy tokens of the source (needs one vocabulary and `tying` all)");
  visit("decoder_start", c.decoder_start, "token id that starts the decoder's input; -1: a zero vector");
  visit("embedding_dropout", c.embedding_dropout, "dropout on embeddings");
  visit("residual_dropout", c.residual_dropout, "dropout on each sub-layer's output");
  visit("attention_dropout", c.attention_dropout, "dropout on attention weights");
  visit("ffn_dropout", c.ffn_dropout, "dropout after the feed-forward's non-linearity");
}

// A field that two configurations have different values of, as texts.
struct FieldDifference {
  std::string key, first, second;
};

// All of them, in the order of the fields.
std::vector<FieldDifference> Differences(const TransformerConfig& first, const TransformerConfig& second);

// Fields that only training heeds: models that differ in no others compute the same.
bool IsDropout(std::string_view key);

// `config` with the dropout rates of `rates`.
TransformerConfig WithDropoutOf(const TransformerConfig& rates, TransformerConfig config);

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_TRANSFORMER_CONFIG_H_
