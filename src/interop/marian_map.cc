// SPDX-License-Identifier: Apache-2.0
#include "interop/marian_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace dragoman {
namespace {

// Parts of a layer, ours and theirs; of a norm what stands before _ln_scale.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kWeights = {{
    {"self_attn.q_proj", "self_?q"},
    {"self_attn.k_proj", "self_?k"},
    {"self_attn.v_proj", "self_?v"},
    {"self_attn.out_proj", "self_?o"},
    {"cross_attn.q_proj", "context_?q"},
    {"cross_attn.k_proj", "context_?k"},
    {"cross_attn.v_proj", "context_?v"},
    {"cross_attn.out_proj", "context_?o"},
    {"ffn.in_proj", "ffn_?1"},
    {"ssru.f_proj", "rnn_?f"},
    {"ssru.x_proj", "rnn_?"},
}};

std::string NormName(std::string_view ours, bool pre) {
  const std::string_view part = ours.substr(0, ours.rfind('.'));
  const bool is_gain = ours.ends_with(".weight");
  std::string theirs = part == "self_attn_norm"    ? "self_Wo"
                       : part == "cross_attn_norm" ? "context_Wo"
                       : part == "ffn_norm"        ? "ffn_ffn"
                       : pre                       ? "rnn"
                                                   : "rnn_ffn";
  theirs += is_gain ? "_ln_scale" : "_ln_bias";
  return pre ? theirs + "_pre" : theirs;
}

// "self_attn.q_proj.weight" is "self_Wq", its bias "self_bq"; of a feed-forward's products the first is "ffn_W1".
std::string LayerName(std::string_view ours, const TransformerConfig& config) {
  constexpr std::string_view kHidden = "ffn.hidden_projs.";
  const std::string_view part = ours.substr(0, ours.rfind('.'));
  const auto found = std::ranges::find(kWeights, part, [](const auto& names) { return names.first; });
  std::string theirs;
  if (part == "ffn.out_proj") {
    theirs = fmt::format("ffn_?{}", config.ffn_depth);
  } else if (part.starts_with(kHidden)) {
    theirs = fmt::format("ffn_?{}", std::stoi(std::string(part.substr(kHidden.size()))) + 2);
  } else if (found != kWeights.end()) {
    theirs = found->second;
  } else {
    return NormName(ours, config.norm_order == NormOrder::kPre);
  }
  theirs.replace(theirs.find('?'), 1, ours.ends_with(".weight") ? "W" : "b");
  return theirs;
}

}  // namespace

TensorOrigin MarianOrigin(const TransformerConfig& config, bool has_old_output, const Parameter& parameter) {
  const std::string& ours = parameter.name;
  const bool joint = config.has_joint_embedding();
  const char* const kind = ours.ends_with(".weight") ? "_ln_scale" : "_ln_bias";
  if (ours == "src_embed.weight") return {joint ? kMarianTable : kMarianSrcTable};
  if (ours == "tgt_embed.weight") return {kMarianTgtTable};
  if (ours == "output.weight")
    return has_old_output ? TensorOrigin{kMarianOldOutput, /*transposed=*/true} : TensorOrigin{kMarianOutput};
  if (ours == "output.bias") return {kMarianOutputBias};
  if (ours.starts_with("src_embed_norm")) return {std::string("encoder_emb") + kind + "_pre"};
  if (ours.starts_with("tgt_embed_norm")) return {std::string("decoder_emb") + kind + "_pre"};
  const std::string stack = ours.substr(0, 7);  // encoder or decoder
  if (ours.substr(7).starts_with(".final_norm")) return {stack + "_top" + kind};
  const size_t number = std::string_view("encoder.layers.").size(), inside = ours.find('.', number) + 1;
  const int layer = std::stoi(ours.substr(number)) + 1;
  return {fmt::format("{}_l{}_{}", stack, layer, LayerName(std::string_view(ours).substr(inside), config))};
}

}  // namespace dragoman
