// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_bart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

// What a family has that no setting says.
struct Conventions {
  std::string_view model_type;
  NormOrder norm_order;
  bool final_norm;
  bool embedding_norm;
  Positions positions;
  SinusoidExponent sinusoid_exponent;
  bool positions_follow_padding;  // the first position is the number after <pad>'s id
  bool output_bias;               // final_logits_bias
  bool scales_embedding;          // unless scale_embedding says otherwise
  const char* activation;         // unless activation_function does
};

constexpr int kLearnedOffset = 2;  // rows of a learned position table that no token has

constexpr std::array kFamilies = {
    Conventions{"marian", NormOrder::kPost, false, false, Positions::kSinusoidal, SinusoidExponent::kPaper, false, true,
                false, "gelu"},
    Conventions{"bart", NormOrder::kPost, false, true, Positions::kLearned, {}, false, true, false, "gelu"},
    Conventions{"mbart", NormOrder::kPre, true, true, Positions::kLearned, {}, false, true, false, "gelu"},
    Conventions{"pegasus", NormOrder::kPre, true, false, Positions::kSinusoidal, SinusoidExponent::kPaper, false, true,
                false, "gelu"},
    Conventions{"m2m_100", NormOrder::kPre, true, false, Positions::kSinusoidal, SinusoidExponent::kTensor2Tensor, true,
                false, true, "relu"},
};

const Conventions* FamilyOf(std::string_view model_type) {
  const auto found = std::ranges::find(kFamilies, model_type, &Conventions::model_type);
  return found == kFamilies.end() ? nullptr : &*found;
}

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
  const std::string embedding = FirstThere(archive, {"model.shared.weight", "model.decoder.embed_tokens.weight"});
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
  TransformerConfig c;
  c.src_vocab = static_cast<int>(config.Integer("vocab_size", 1, 1 << 24));
  c.tgt_vocab = static_cast<int>(config.Integer("decoder_vocab_size", 1, 1 << 24, c.src_vocab));
  c.d_model = static_cast<int>(config.Integer("d_model", 1, 1 << 16, 1024));
  c.encoder_layers = static_cast<int>(config.Integer("encoder_layers", 1, 1000, 12));
  c.decoder_layers = static_cast<int>(config.Integer("decoder_layers", 1, 1000, 12));
  c.heads = SharedSize(config, "attention_heads", 16);
  c.d_ff = SharedSize(config, "ffn_dim", 4096);
  c.max_src_len = c.max_tgt_len = static_cast<int>(config.Integer("max_position_embeddings", 2, 65535, 1024));
  c.scale_embedding = config.Bool("scale_embedding", family.scales_embedding);
  c.positions = family.positions;
  c.sinusoid_layout = SinusoidLayout::kHalves;
  c.sinusoid_exponent = family.sinusoid_exponent;
  if (family.positions_follow_padding) c.first_position = source.generation.pad.value_or(1) + 1;
  c.tying = TyingOf(config, *source.archive);
  c.output_bias = family.output_bias && source.archive->Has("final_logits_bias");
  c.embedding_norm = family.embedding_norm;
  c.norm_order = family.norm_order;
  c.final_norm = family.final_norm;
  c.norm_epsilon = 1e-5f;  // of PyTorch's LayerNorm
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

// Of parameters outside of layers.
TensorOrigin OuterOrigin(const TransformerConfig& config, const TensorArchive& archive, const std::string& ours) {
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

TensorOrigin OriginOf(const TransformerConfig& config, const TensorArchive& archive, const Parameter& parameter) {
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

}  // namespace

bool IsBartLike(const std::string& model_type) { return FamilyOf(model_type) != nullptr; }

void ReadBartLike(HuggingFaceSource& source, const std::string& model_type, ForeignModel* model) {
  model->config = ReadConfig(source, *FamilyOf(model_type));
  IgnoreNeutralKeys(source.config);
  source.config.RequireNoneLeft();
  const TransformerConfig& config = model->config;
  const TensorArchive* const archive = source.archive.get();
  model->weights.origin = [config, archive](const Parameter& parameter) {
    return OriginOf(config, *archive, parameter);
  };
  model->weights.is_unused = [config](const std::string& name) { return IsUnused(config, name); };
  const bool one_table = config.has_joint_embedding();
  if (one_table) {
    for (const char* const name :
         {"model.shared.weight", "model.encoder.embed_tokens.weight", "model.decoder.embed_tokens.weight"}) {
      model->weights.copies.emplace_back(name, "src_embed.weight");
    }
  }
  if (config.tying == Tying::kAll) model->weights.copies.emplace_back("lm_head.weight", "src_embed.weight");
  if (config.tying == Tying::kDecoder) model->weights.copies.emplace_back("lm_head.weight", "tgt_embed.weight");
}

}  // namespace dragoman
