// SPDX-License-Identifier: Apache-2.0
#include "interop/ctranslate2_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace dragoman {
namespace {

// Parts of a layer: which tensor has it, and at which of its fused parts it stands, of how many.
struct Part {
  std::string_view ours, theirs;
  int at = 0, of = 1;
};
constexpr std::array kParts = {Part{"self_attn.q_proj", "self_attention/linear_0", 0, 3},
                               Part{"self_attn.k_proj", "self_attention/linear_0", 1, 3},
                               Part{"self_attn.v_proj", "self_attention/linear_0", 2, 3},
                               Part{"self_attn.out_proj", "self_attention/linear_1"},
                               Part{"self_attn_norm", "self_attention/layer_norm"},
                               Part{"cross_attn.q_proj", "attention/linear_0"},
                               Part{"cross_attn.k_proj", "attention/linear_1", 0, 2},
                               Part{"cross_attn.v_proj", "attention/linear_1", 1, 2},
                               Part{"cross_attn.out_proj", "attention/linear_2"},
                               Part{"cross_attn_norm", "attention/layer_norm"},
                               Part{"ffn.gate_proj", "ffn/linear_0"},
                               Part{"ffn.in_proj", "ffn/linear_0_noact"},
                               Part{"ffn.out_proj", "ffn/linear_1"},
                               Part{"ffn_norm", "ffn/layer_norm"}};

// "weight" or "bias" of a part that is a norm or a product.
std::string KindOf(const std::string& ours, bool is_norm) {
  const bool is_weight = ours.ends_with(".weight");
  return is_norm ? (is_weight ? "/gamma" : "/beta") : (is_weight ? "/weight" : "/bias");
}

}  // namespace

TensorOrigin CTranslate2Origin(const TransformerConfig& config, const std::string& src_table,
                               const Parameter& parameter) {
  const std::string& ours = parameter.name;
  if (ours == "src_embed.weight") return {src_table};
  if (ours == "tgt_embed.weight") return {kCTranslate2TgtTable};
  if (ours == "output.weight") return {kCTranslate2Output};
  if (ours == "output.bias") return {"decoder/projection/bias"};
  if (ours == "src_positions.weight") return {"encoder/position_encodings/encodings"};
  if (ours == "tgt_positions.weight") return {"decoder/position_encodings/encodings"};
  if (ours.starts_with("src_embed_norm")) return {"encoder/layernorm_embedding" + KindOf(ours, true)};
  if (ours.starts_with("tgt_embed_norm")) return {"decoder/layernorm_embedding" + KindOf(ours, true)};
  const std::string stack = ours.substr(0, 7);  // encoder or decoder
  if (ours.substr(7).starts_with(".final_norm")) return {stack + "/layer_norm" + KindOf(ours, true)};
  if (ours.substr(7).starts_with(".relative_bias")) {
    return {stack + "/layer_0/self_attention/relative_attention_bias"};
  }
  const size_t number = std::string_view("encoder.layers.").size(), inside = ours.find('.', number) + 1;
  std::string_view part = std::string_view(ours).substr(inside);
  part = part.substr(0, part.rfind('.'));
  const auto found = std::ranges::find(kParts, part, &Part::ours);
  if (found == kParts.end()) return {ours};  // which the file does not have
  std::string_view theirs = found->theirs;
  if (part == "ffn.in_proj" && !config.gated) theirs = "ffn/linear_0";
  const bool is_norm = part.ends_with("_norm");
  TensorOrigin origin{
      fmt::format("{}/layer_{}/{}{}", stack, ours.substr(number, inside - number - 1), theirs, KindOf(ours, is_norm))};
  origin.transposed = parameter.shape.size() == 2;
  if (found->of > 1) {
    const int64_t rows = config.attention_width();
    origin.first_row = found->at * rows;
    origin.all_rows = found->of * rows;
  }
  return origin;
}

}  // namespace dragoman
