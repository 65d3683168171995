// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_t5.h"

#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr char kShared[] = "shared.weight";
// Relative positions know no end; this many tokens a model of T5's may be given.
constexpr int kMaxLength = 1024;

// feed_forward_proj: "relu", "gated-gelu", ...
void ReadFeedForward(SourceSettings& config, const std::string& otherwise, TransformerConfig* c) {
  constexpr char kKey[] = "feed_forward_proj";
  std::string name = config.String(kKey, otherwise);
  constexpr std::string_view kGated = "gated-";
  c->gated = name.starts_with(kGated);
  if (c->gated) name = name.substr(kGated.size());
  if (c->gated && name == "gelu") name = "gelu_new";
  c->activation = ActivationNamed(config, kKey, name);
  // What follows from it, where the file says it, too.
  config.ExpectBool("is_gated_act", c->gated);
  if (config.Has("dense_act_fn") &&
      ActivationNamed(config, "dense_act_fn", config.String("dense_act_fn")) != c->activation) {
    config.Refuse("dense_act_fn", "what feed_forward_proj says");
  }
}

TransformerConfig ReadConfig(HuggingFaceSource& source, const std::string& model_type) {
  SourceSettings& config = source.config;
  const bool is_first = model_type == "t5";  // mT5 and umT5 are of the gated form
  TransformerConfig c;
  c.src_vocab = c.tgt_vocab = static_cast<int>(config.Integer("vocab_size", 1, 1 << 24));
  c.d_model = static_cast<int>(config.Integer("d_model", 1, 1 << 16, 512));
  c.d_head = static_cast<int>(config.Integer("d_kv", 1, 1 << 16, 64));
  c.d_ff = static_cast<int>(config.Integer("d_ff", 1, 1 << 18, is_first ? 2048 : 1024));
  c.encoder_layers = static_cast<int>(config.Integer("num_layers", 1, 1000, is_first ? 6 : 8));
  c.decoder_layers = static_cast<int>(config.Integer("num_decoder_layers", 1, 1000, c.encoder_layers));
  c.heads = static_cast<int>(config.Integer("num_heads", 1, 1024, is_first ? 8 : 6));
  c.relative_buckets = static_cast<int>(config.Integer("relative_attention_num_buckets", 4, 1024, 32));
  c.relative_max_distance = static_cast<int>(config.Integer("relative_attention_max_distance", 2, 65535, 128));
  c.relative_per_layer = model_type == "umt5";
  c.max_src_len = c.max_tgt_len = static_cast<int>(config.Integer("n_positions", 2, 65535, kMaxLength));
  c.positions = Positions::kNone;
  c.scale_embedding = false;
  c.attention_scale = 1;
  c.norm_kind = NormKind::kRms;
  c.norm_bias = false;
  c.norm_epsilon = static_cast<float>(config.Number("layer_norm_epsilon", 1e-6));
  c.norm_order = NormOrder::kPre;
  c.final_norm = true;
  c.bias = false;
  ReadFeedForward(config, is_first ? "relu" : "gated-gelu", &c);
  // Of models whose output is the embedding the logits are scaled. Those with an output of their own, as mT5's are, say
  // that nothing is tied, or, since transformers 5, that nothing is scaled.
  const bool tied = config.Bool("tie_word_embeddings", true);
  const bool scaled = config.Bool("scale_decoder_outputs", tied && model_type != "mt5");
  c.logit_scale = scaled ? 1 / std::sqrt(static_cast<float>(c.d_model)) : 0;
  const std::string embedding =
      FirstThere(*source.archive, {kShared, "decoder.embed_tokens.weight", "encoder.embed_tokens.weight"});
  const bool has_output = source.archive->Has("lm_head.weight") && source.archive->Has(embedding) &&
                          !AreEqual(*source.archive, "lm_head.weight", embedding);
  c.tying = has_output ? Tying::kEmbeddings : Tying::kAll;
  c.decoder_start = source.generation.decoder_start.value_or(source.generation.pad.value_or(0));
  const auto dropout = static_cast<float>(config.Number("dropout_rate", 0.1));
  c.embedding_dropout = c.residual_dropout = c.attention_dropout = c.ffn_dropout = dropout;
  config.ExpectBool("scalable_attention", false);
  config.Ignore({"tokenizer_file"});
  return c;
}

// Where a block keeps its sub-layers: the decoder's has cross-attention between the two that both have.
std::string LayerName(const std::string& stack, std::string_view ours) {
  const bool decoder = stack == "decoder";
  const std::string ffn = decoder ? "layer.2." : "layer.1.";
  const auto attention = [&](std::string_view name) {
    const std::string_view letter = name.substr(0, 1);  // q, k, v, or o of out_proj
    return std::string(letter) + ".weight";
  };
  const auto after = [&](std::string_view prefix) { return ours.substr(prefix.size()); };
  if (ours == "self_attn_norm.weight") return "layer.0.layer_norm.weight";
  if (ours == "cross_attn_norm.weight") return "layer.1.layer_norm.weight";
  if (ours == "ffn_norm.weight") return ffn + "layer_norm.weight";
  if (ours == "self_attn.relative_bias.weight") return "layer.0.SelfAttention.relative_attention_bias.weight";
  if (ours.starts_with("self_attn.")) return "layer.0.SelfAttention." + attention(after("self_attn."));
  if (ours.starts_with("cross_attn.")) return "layer.1.EncDecAttention." + attention(after("cross_attn."));
  if (ours == "ffn.gate_proj.weight") return ffn + "DenseReluDense.wi_0.weight";
  if (ours == "ffn.out_proj.weight") return ffn + "DenseReluDense.wo.weight";
  return ffn + "DenseReluDense.wi";  // and what follows, see OriginOf
}

TensorOrigin OriginOf(const TransformerConfig& config, const TensorArchive& archive, const Parameter& parameter) {
  const std::string& ours = parameter.name;
  if (ours == "src_embed.weight" || ours == "tgt_embed.weight") {
    return {FirstThere(archive, {kShared, "decoder.embed_tokens.weight", "encoder.embed_tokens.weight"})};
  }
  if (ours == "output.weight") return {"lm_head.weight"};
  if (ours.ends_with(".final_norm.weight")) return {ours.substr(0, 7) + ".final_layer_norm.weight"};
  if (ours.ends_with(".relative_bias.weight") && ours.find(".layers.") == std::string::npos) {
    return {ours.substr(0, 7) + ".block.0.layer.0.SelfAttention.relative_attention_bias.weight"};
  }
  const std::string stack = ours.substr(0, 7);  // encoder or decoder
  const size_t number = std::string_view("encoder.layers.").size();
  const size_t inside = ours.find('.', number) + 1;
  std::string name = stack + ".block." + ours.substr(number, inside - number) +
                     LayerName(stack, std::string_view(ours).substr(inside));
  if (name.ends_with(".wi")) name += config.gated ? "_1.weight" : ".weight";
  const bool is_table = name.ends_with("relative_attention_bias.weight");
  return {name, /*transposed=*/parameter.shape.size() == 2 && !is_table};
}

}  // namespace

bool IsT5Like(const std::string& model_type) {
  return model_type == "t5" || model_type == "mt5" || model_type == "umt5";
}

void ReadT5Like(HuggingFaceSource& source, const std::string& model_type, ForeignModel* model) {
  model->config = ReadConfig(source, model_type);
  IgnoreNeutralKeys(source.config);
  source.config.RequireNoneLeft();
  const TransformerConfig& config = model->config;
  const TensorArchive* const archive = source.archive.get();
  model->weights.origin = [config, archive](const Parameter& parameter) {
    return OriginOf(config, *archive, parameter);
  };
  for (const char* const name : {kShared, "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}) {
    model->weights.copies.emplace_back(name, "src_embed.weight");
  }
  if (config.tying == Tying::kAll) model->weights.copies.emplace_back("lm_head.weight", "src_embed.weight");
  model->weights.is_unused = [](const std::string& name) {
    return name == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";  // of the first files
  };
}

}  // namespace dragoman
