// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_t5.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "interop/exported_model.h"

namespace dragoman {
namespace {

constexpr char kT5[] = "t5", kUmt5[] = "umt5";
// Their names, and those of their classes. What an export tries first stands first: mT5 computes as T5 does.
constexpr std::array<std::pair<const char*, const char*>, 3> kFamilies = {{{kT5, "T5ForConditionalGeneration"},
                                                                           {"mt5", "MT5ForConditionalGeneration"},
                                                                           {kUmt5, "UMT5ForConditionalGeneration"}}};
constexpr char kShared[] = "shared.weight";
constexpr int kBuckets = 32;  // of T5's own
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

// Of models whose output is the embedding.
float LogitScaleOf(const TransformerConfig& config) { return 1 / std::sqrt(static_cast<float>(config.d_model)); }

// What every model of these has, whatever its settings: an import begins with it, and an export may have nothing else.
TransformerConfig FixedConfig(const std::string& model_type) {
  TransformerConfig c;
  c.relative_per_layer = model_type == kUmt5;
  c.positions = Positions::kNone;
  c.scale_embedding = false;
  c.attention_scale = 1;
  c.norm_kind = NormKind::kRms;
  c.norm_bias = false;
  c.norm_order = NormOrder::kPre;
  c.final_norm = true;
  c.bias = false;
  return c;
}

TransformerConfig ReadConfig(HuggingFaceSource& source, const std::string& model_type) {
  SourceSettings& config = source.config;
  const bool is_first = model_type == kT5;  // mT5 and umT5 are of the gated form
  TransformerConfig c = FixedConfig(model_type);
  c.src_vocab = c.tgt_vocab = static_cast<int>(config.Integer("vocab_size", 1, 1 << 24));
  c.d_model = static_cast<int>(config.Integer("d_model", 1, 1 << 16, 512));
  c.d_head = static_cast<int>(config.Integer("d_kv", 1, 1 << 16, 64));
  c.d_ff = static_cast<int>(config.Integer("d_ff", 1, 1 << 18, is_first ? 2048 : 1024));
  c.encoder_layers = static_cast<int>(config.Integer("num_layers", 1, 1000, is_first ? 6 : 8));
  c.decoder_layers = static_cast<int>(config.Integer("num_decoder_layers", 1, 1000, c.encoder_layers));
  c.heads = static_cast<int>(config.Integer("num_heads", 1, 1024, is_first ? 8 : 6));
  c.relative_buckets = static_cast<int>(config.Integer("relative_attention_num_buckets", 4, 1024, kBuckets));
  c.relative_max_distance = static_cast<int>(config.Integer("relative_attention_max_distance", 2, 65535, 128));
  c.max_src_len = c.max_tgt_len = static_cast<int>(config.Integer("n_positions", 2, 65535, kMaxLength));
  c.norm_epsilon = static_cast<float>(config.Number("layer_norm_epsilon", 1e-6));
  ReadFeedForward(config, is_first ? "relu" : "gated-gelu", &c);
  // Of models whose output is the embedding the logits are scaled. Those with an output of their own, as mT5's are, say
  // that nothing is tied, or, since transformers 5, that nothing is scaled.
  const bool tied = config.Bool("tie_word_embeddings", true);
  const bool scaled = config.Bool("scale_decoder_outputs", tied && model_type != "mt5");
  c.logit_scale = scaled ? LogitScaleOf(c) : 0;
  const std::string embedding =
      FirstThere(source.archive.get(), {kShared, "decoder.embed_tokens.weight", "encoder.embed_tokens.weight"});
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

// Of several names the first that the archive has; without an archive, the one that we write.
TensorOrigin OriginOf(const TransformerConfig& config, const TensorArchive* archive, const Parameter& parameter) {
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

WeightMap T5LikeWeights(const TransformerConfig& config, const TensorArchive* archive) {
  WeightMap map;
  map.origin = [config, archive](const Parameter& parameter) { return OriginOf(config, archive, parameter); };
  for (const char* const name : {kShared, "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"}) {
    map.copies.emplace_back(name, "src_embed.weight");
  }
  if (config.tying == Tying::kAll) map.copies.emplace_back("lm_head.weight", "src_embed.weight");
  map.is_unused = [](const std::string& name) {
    return name == "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";  // of the first files
  };
  return map;
}

TransformerConfig ExpressibleT5(const std::string& model_type, const TransformerConfig& ours) {
  TransformerConfig c = FixedConfig(model_type);
  CopySizes(ours, &c);
  c.d_head = ours.head_width();
  c.relative_buckets = ours.relative_buckets > 0 ? ours.relative_buckets : kBuckets;
  c.relative_max_distance = ours.relative_max_distance;
  c.norm_epsilon = ours.norm_epsilon;
  c.gated = ours.gated;
  c.activation = ours.activation;
  c.tying = ours.has_own_output() ? Tying::kEmbeddings : Tying::kAll;
  c.logit_scale = ours.scales_logits() ? LogitScaleOf(ours) : 0;
  c.decoder_start = ours.decoder_start;
  return c;
}

// feed_forward_proj, as ReadFeedForward reads it: there "gated-gelu" is the approximation.
std::string FeedForwardName(const TransformerConfig& config) {
  if (!config.gated) return HuggingFaceName(config.activation);
  if (config.activation == kernels::Activation::kGeluTanh) return "gated-gelu";
  if (config.activation == kernels::Activation::kGelu) return "gated-gelu_python";
  return "gated-" + HuggingFaceName(config.activation);
}

nlohmann::ordered_json T5Settings(const TransformerConfig& config) {
  nlohmann::ordered_json json;
  json["vocab_size"] = config.src_vocab;
  json["d_model"] = config.d_model;
  json["d_kv"] = config.head_width();
  json["d_ff"] = config.d_ff;
  json["num_layers"] = config.encoder_layers;
  json["num_decoder_layers"] = config.decoder_layers;
  json["num_heads"] = config.heads;
  json["relative_attention_num_buckets"] = config.relative_buckets;
  json["relative_attention_max_distance"] = config.relative_max_distance;
  json["n_positions"] = std::max(config.max_src_len, config.max_tgt_len);
  json["layer_norm_epsilon"] = ShortestDouble(config.norm_epsilon);
  json["feed_forward_proj"] = FeedForwardName(config);
  json["dropout_rate"] = ShortestDouble(config.residual_dropout);
  // Of transformers before 5 one key says both.
  json["tie_word_embeddings"] = !config.has_own_output();
  json["scale_decoder_outputs"] = config.scales_logits();
  return json;
}

}  // namespace

std::vector<HuggingFaceFamily> T5Families(const TransformerConfig& ours) {
  std::vector<HuggingFaceFamily> families;
  for (const auto& [model_type, architecture] : kFamilies) {
    HuggingFaceFamily& made = families.emplace_back();
    made.model_type = model_type;
    made.architecture = architecture;
    made.expressible = ExpressibleT5(model_type, ours);
    made.settings = T5Settings;
    made.weights = [](const TransformerConfig& config) { return T5LikeWeights(config, /*archive=*/nullptr); };
  }
  return families;
}

bool IsT5Like(const std::string& model_type) {
  return std::ranges::any_of(kFamilies, [&](const auto& family) { return family.first == model_type; });
}

void ReadT5Like(HuggingFaceSource& source, const std::string& model_type, ForeignModel* model) {
  model->config = ReadConfig(source, model_type);
  IgnoreNeutralKeys(source.config);
  source.config.RequireNoneLeft();
  model->weights = T5LikeWeights(model->config, source.archive.get());
}

}  // namespace dragoman
