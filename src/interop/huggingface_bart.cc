// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_bart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "interop/exported_model.h"

namespace dragoman {
namespace {

// What a family has that no setting says.
struct Conventions {
  const char *model_type, *architecture;
  NormOrder norm_order = NormOrder::kPost;
  bool final_norm = false;
  bool embedding_norm = false;
  Positions positions = Positions::kSinusoidal;
  SinusoidExponent sinusoid_exponent = SinusoidExponent::kPaper;
  bool positions_follow_padding = false;  // the first position is the number after <pad>'s id
  bool output_bias = true;                // final_logits_bias
  bool scales_embedding = false;          // unless scale_embedding says otherwise
  bool separate_tables = false;           // share_encoder_decoder_embeddings may be off
  const char* activation = "gelu";        // unless activation_function says otherwise
};

constexpr int kLearnedOffset = 2;  // rows of a learned position table that no token has

constexpr std::array kFamilies = {
    Conventions{.model_type = "marian", .architecture = "MarianMTModel", .separate_tables = true},
    Conventions{.model_type = "bart",
                .architecture = "BartForConditionalGeneration",
                .embedding_norm = true,
                .positions = Positions::kLearned},
    Conventions{.model_type = "mbart",
                .architecture = "MBartForConditionalGeneration",
                .norm_order = NormOrder::kPre,
                .final_norm = true,
                .embedding_norm = true,
                .positions = Positions::kLearned},
    Conventions{.model_type = "pegasus",
                .architecture = "PegasusForConditionalGeneration",
                .norm_order = NormOrder::kPre,
                .final_norm = true},
    Conventions{.model_type = "m2m_100",
                .architecture = "M2M100ForConditionalGeneration",
                .norm_order = NormOrder::kPre,
                .final_norm = true,
                .sinusoid_exponent = SinusoidExponent::kTensor2Tensor,
                .positions_follow_padding = true,
                .output_bias = false,
                .scales_embedding = true,
                .activation = "relu"},
};

const Conventions* FamilyOf(std::string_view model_type) {
  const auto found = std::ranges::find_if(kFamilies, [&](const Conventions& f) { return f.model_type == model_type; });
  return found == kFamilies.end() ? nullptr : &*found;
}

// What every model of the family has, whatever its settings: an import begins with it, and an export may have nothing
// else.
TransformerConfig FixedConfig(const Conventions& family) {
  TransformerConfig c;
  c.positions = family.positions;
  c.sinusoid_layout = SinusoidLayout::kHalves;
  c.sinusoid_exponent = family.sinusoid_exponent;
  c.embedding_norm = family.embedding_norm;
  c.norm_order = family.norm_order;
  c.final_norm = family.final_norm;
  c.norm_epsilon = 1e-5f;  // of PyTorch's LayerNorm
  return c;
}

int LongestOf(const TransformerConfig& config) { return std::max(config.max_src_len, config.max_tgt_len); }

// A size that encoder and decoder each have a key for, and that has to be one here.
int SharedSize(SourceSettings& config, const std::string& part, int64_t otherwise) {
  const int64_t encoder = config.Integer("encoder_" + part, 1, 1 << 20, otherwise);
  const std::string key = "decoder_" + part;
  if (config.Integer(key, 1, 1 << 20, otherwise) != encoder) {
    config.Refuse(key, fmt::format("{}, as the encoder has, since both are of one size here", encoder));
  }
  return static_cast<int>(encoder);
}

// The weight tables are one, two or three. The settings say which, and the file has to agree.
Tying TyingOf(SourceSettings& config, const TensorArchive& archive) {
  const bool shared = config.Bool("share_encoder_decoder_embeddings", true);
  bool tied = config.Bool("tie_word_embeddings", true);
  // A file that has an output of its own keeps it: transformers ties only what is missing or the same.
  const std::string embedding = FirstThere(&archive, {"model.shared.weight", "model.decoder.embed_tokens.weight"});
  if (archive.Has("lm_head.weight") && archive.Has(embedding)) tied = AreEqual(archive, "lm_head.weight", embedding);
  if (shared) return tied ? Tying::kAll : Tying::kEmbeddings;
  return tied ? Tying::kDecoder : Tying::kNone;
}

// Old files of MarianMT and BART say what their arithmetic is. transformers does not look at it; we see whether it is
// so.
void RequireOldKeys(SourceSettings& config, const Conventions& family) {
  config.ExpectBool("normalize_before", family.norm_order == NormOrder::kPre);
  config.ExpectBool("normalize_embedding", family.embedding_norm);
  config.ExpectBool("add_final_layer_norm", family.final_norm);
  config.ExpectBool("static_position_embeddings", family.positions == Positions::kSinusoidal);
  config.Ignore({"add_bias_logits", "extra_pos_embeddings", "layernorm_eps", "scale_embedding_value"});
}

TransformerConfig ReadConfig(HuggingFaceSource& source, const Conventions& family) {
  SourceSettings& config = source.config;
  TransformerConfig c = FixedConfig(family);
  c.src_vocab = static_cast<int>(config.Integer("vocab_size", 1, 1 << 24));
  c.tgt_vocab = static_cast<int>(config.Integer("decoder_vocab_size", 1, 1 << 24, c.src_vocab));
  c.d_model = static_cast<int>(config.Integer("d_model", 1, 1 << 16, 1024));
  c.encoder_layers = static_cast<int>(config.Integer("encoder_layers", 1, 1000, 12));
  c.decoder_layers = static_cast<int>(config.Integer("decoder_layers", 1, 1000, 12));
  c.heads = SharedSize(config, "attention_heads", 16);
  c.d_ff = SharedSize(config, "ffn_dim", 4096);
  c.max_src_len = c.max_tgt_len = static_cast<int>(config.Integer("max_position_embeddings", 2, 65535, 1024));
  c.scale_embedding = config.Bool("scale_embedding", family.scales_embedding);
  if (family.positions_follow_padding) c.first_position = source.generation.pad.value_or(1) + 1;
  c.tying = TyingOf(config, *source.archive);
  c.output_bias = family.output_bias && source.archive->Has("final_logits_bias");
  c.activation =
      ActivationNamed(config, "activation_function", config.String("activation_function", family.activation));
  if (!source.generation.decoder_start) {
    throw FormatError(config.path(),
                      "has no key \"decoder_start_token_id\", nor has generation_config.json, expected "
                      "the token that starts the decoder's input; add the key: of mBART it is the "
                      "target language's token");
  }
  c.decoder_start = *source.generation.decoder_start;
  c.embedding_dropout = c.residual_dropout = static_cast<float>(config.Number("dropout", 0.1));
  c.attention_dropout = static_cast<float>(config.Number("attention_dropout", 0));
  c.ffn_dropout = static_cast<float>(config.Number("activation_dropout", 0));
  RequireOldKeys(config, family);
  return c;
}

// The names of parameters inside of a layer, ours and theirs.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kParts = {{
    {"self_attn_norm", "self_attn_layer_norm"},
    {"self_attn", "self_attn"},
    {"cross_attn_norm", "encoder_attn_layer_norm"},
    {"cross_attn", "encoder_attn"},
    {"ffn_norm", "final_layer_norm"},
    {"ffn.in_proj", "fc1"},
    {"ffn.out_proj", "fc2"},
}};

// "self_attn.q_proj.weight" of a layer, in their words.
std::string LayerName(std::string_view ours) {
  for (const auto& [part, theirs] : kParts) {
    if (ours.starts_with(part) && ours.size() > part.size() && ours[part.size()] == '.') {
      return std::string(theirs) + std::string(ours.substr(part.size()));
    }
  }
  return std::string(ours);
}

// Of parameters outside of layers. Of several names the first that the archive has; without an archive, the one that we
// write.
TensorOrigin OuterOrigin(const TransformerConfig& config, const TensorArchive* archive, const std::string& ours) {
  const bool one_table = config.has_joint_embedding();
  const auto table = [&](const std::string& stack) {
    const std::string own = "model." + stack + ".embed_tokens.weight";
    return FirstThere(archive, one_table ? std::vector<std::string>{"model.shared.weight", own, "lm_head.weight"}
                                         : std::vector<std::string>{own, "model.shared.weight"});
  };
  const auto after = [&](const char* prefix) { return ours.substr(std::string_view(prefix).size()); };
  if (ours == "src_embed.weight") return {table("encoder")};
  if (ours == "tgt_embed.weight") return {table("decoder")};
  if (ours == "src_positions.weight" || ours == "tgt_positions.weight") {
    const bool src = ours.starts_with("src");
    return {src ? "model.encoder.embed_positions.weight" : "model.decoder.embed_positions.weight",
            /*transposed=*/false, kLearnedOffset, (src ? config.max_src_len : config.max_tgt_len) + kLearnedOffset};
  }
  if (ours.starts_with("src_embed_norm")) return {"model.encoder.layernorm_embedding" + after("src_embed_norm")};
  if (ours.starts_with("tgt_embed_norm")) return {"model.decoder.layernorm_embedding" + after("tgt_embed_norm")};
  if (ours.starts_with("encoder.final_norm")) return {"model.encoder.layer_norm" + after("encoder.final_norm")};
  if (ours.starts_with("decoder.final_norm")) return {"model.decoder.layer_norm" + after("decoder.final_norm")};
  if (ours == "output.bias") return {"final_logits_bias"};
  return {"lm_head.weight"};
}

TensorOrigin OriginOf(const TransformerConfig& config, const TensorArchive* archive, const Parameter& parameter) {
  const std::string& ours = parameter.name;
  const size_t layers = ours.find(".layers.");
  if (layers == std::string::npos) return OuterOrigin(config, archive, ours);
  const size_t number = layers + std::string_view(".layers.").size();
  const size_t inside = ours.find('.', number) + 1;
  return {"model." + ours.substr(0, inside) + LayerName(std::string_view(ours).substr(inside)),
          /*transposed=*/parameter.shape.size() == 2};
}

// What files hold besides: tables that are computed, and marks of their versions.
bool IsUnused(const TransformerConfig& config, const std::string& name) {
  if (name.ends_with(".version")) return true;
  return config.positions == Positions::kSinusoidal && name.find(".embed_positions.") != std::string::npos;
}

WeightMap BartLikeWeights(const TransformerConfig& config, const TensorArchive* archive) {
  WeightMap map;
  map.origin = [config, archive](const Parameter& parameter) { return OriginOf(config, archive, parameter); };
  map.is_unused = [config](const std::string& name) { return IsUnused(config, name); };
  if (config.has_joint_embedding()) {
    for (const char* const name :
         {"model.shared.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight"}) {
      map.copies.emplace_back(name, "src_embed.weight");
    }
  }
  if (config.tying == Tying::kAll) map.copies.emplace_back("lm_head.weight", "src_embed.weight");
  if (config.tying == Tying::kDecoder) map.copies.emplace_back("lm_head.weight", "tgt_embed.weight");
  return map;
}

TransformerConfig ExpressibleBart(const Conventions& family, const TransformerConfig& ours) {
  TransformerConfig c = FixedConfig(family);
  CopySizes(ours, &c);
  c.heads = ours.d_model % ours.heads == 0 ? ours.heads : 1;  // whose widths make up d_model
  if (family.positions == Positions::kLearned) c.max_src_len = c.max_tgt_len = LongestOf(ours);  // tables of one size
  c.scale_embedding = ours.scale_embedding;
  if (family.positions_follow_padding) c.first_position = std::max(1, ours.first_position);  // the number after <pad>'s
  c.tying = family.separate_tables || ours.has_joint_embedding() ? ours.tying : Tying::kAll;
  c.output_bias = family.output_bias && ours.output_bias;  // one of zeros is as good as none
  c.activation = ours.activation;
  c.decoder_start = ours.decoder_start;  // -1 is a row of zeros
  return c;
}

nlohmann::ordered_json BartSettings(const Conventions& family, const TransformerConfig& config) {
  nlohmann::ordered_json json;
  json["vocab_size"] = config.src_vocab;
  if (family.separate_tables) json["decoder_vocab_size"] = config.tgt_vocab;
  json["d_model"] = config.d_model;
  for (const char* const stack : {"encoder", "decoder"}) {
    const auto key = [&](const char* part) { return fmt::format("{}_{}", stack, part); };
    json[key("layers")] = stack[0] == 'e' ? config.encoder_layers : config.decoder_layers;
    json[key("attention_heads")] = config.heads;
    json[key("ffn_dim")] = config.d_ff;
    json[key("layerdrop")] = 0.0;  // M2M100's default is another
  }
  json["max_position_embeddings"] = LongestOf(config);
  json["scale_embedding"] = config.scale_embedding;
  json["activation_function"] = HuggingFaceName(config.activation);
  if (family.separate_tables) json["share_encoder_decoder_embeddings"] = config.has_joint_embedding();
  json["tie_word_embeddings"] = !config.has_own_output();
  json["dropout"] = ShortestDouble(config.residual_dropout);
  json["attention_dropout"] = ShortestDouble(config.attention_dropout);
  json["activation_dropout"] = ShortestDouble(config.ffn_dropout);
  return json;
}

}  // namespace

std::vector<HuggingFaceFamily> BartFamilies(const TransformerConfig& ours) {
  std::vector<HuggingFaceFamily> families;
  for (const Conventions& family : kFamilies) {
    HuggingFaceFamily& made = families.emplace_back();
    made.model_type = family.model_type;
    made.architecture = family.architecture;
    made.expressible = ExpressibleBart(family, ours);
    made.has_output_bias = family.output_bias;
    made.pad_is_before_first_position = family.positions_follow_padding;
    made.settings = [&family](const TransformerConfig& config) { return BartSettings(family, config); };
    made.weights = [](const TransformerConfig& config) { return BartLikeWeights(config, /*archive=*/nullptr); };
  }
  return families;
}

bool IsBartLike(const std::string& model_type) { return FamilyOf(model_type) != nullptr; }

void ReadBartLike(HuggingFaceSource& source, const std::string& model_type, ForeignModel* model) {
  model->config = ReadConfig(source, *FamilyOf(model_type));
  IgnoreNeutralKeys(source.config);
  source.config.RequireNoneLeft();
  model->weights = BartLikeWeights(model->config, source.archive.get());
}

}  // namespace dragoman
