// SPDX-License-Identifier: Apache-2.0
#include "model/transformer_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/option_json.h"
#include "base/option_text.h"

namespace dragoman {

const EnumNames<Positions>& NamesOf(Positions) {
  static const EnumNames<Positions> names = {
      {"sinusoidal", Positions::kSinusoidal}, {"learned", Positions::kLearned}, {"none", Positions::kNone}};
  return names;
}

const EnumNames<SinusoidLayout>& NamesOf(SinusoidLayout) {
  static const EnumNames<SinusoidLayout> names = {{"interleaved", SinusoidLayout::kInterleaved},
                                                  {"halves", SinusoidLayout::kHalves}};
  return names;
}

const EnumNames<SinusoidExponent>& NamesOf(SinusoidExponent) {
  static const EnumNames<SinusoidExponent> names = {{"paper", SinusoidExponent::kPaper},
                                                    {"tensor2tensor", SinusoidExponent::kTensor2Tensor}};
  return names;
}

const EnumNames<NormOrder>& NamesOf(NormOrder) {
  static const EnumNames<NormOrder> names = {{"post", NormOrder::kPost}, {"pre", NormOrder::kPre}};
  return names;
}

const EnumNames<NormKind>& NamesOf(NormKind) {
  static const EnumNames<NormKind> names = {{"layer", NormKind::kLayer}, {"rms", NormKind::kRms}};
  return names;
}

const EnumNames<Tying>& NamesOf(Tying) {
  static const EnumNames<Tying> names = {
      {"none", Tying::kNone}, {"decoder", Tying::kDecoder}, {"embeddings", Tying::kEmbeddings}, {"all", Tying::kAll}};
  return names;
}

const EnumNames<kernels::Activation>& kernels::NamesOf(kernels::Activation) {
  static const EnumNames<Activation> names = {{"relu", Activation::kRelu},
                                              {"gelu", Activation::kGelu},
                                              {"gelu_tanh", Activation::kGeluTanh},
                                              {"gelu_sigmoid", Activation::kGeluSigmoid},
                                              {"silu", Activation::kSilu}};
  return names;
}

namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "dragoman-transformer-1";

// Bounds that keep every product of sizes within 64 bits.
constexpr int64_t kManyTokens = int64_t{1} << 24;
constexpr int64_t kWide = int64_t{1} << 16;

void Require(bool condition, const char* field, const std::string& found, const std::string& expected) {
  if (!condition) throw OptionError(fmt::format("`{}` is {}, expected {}", field, found, expected));
}

void RequireRange(const char* field, int64_t value, int64_t low, int64_t high) {
  Require(value >= low && value <= high, field, std::to_string(value), fmt::format("{} to {}", low, high));
}

void RequireRate(const char* field, float value) {
  Require(value >= 0 && value < 1, field, fmt::format("{}", value), "at least 0 and below 1");
}

// Inference has a number for each distance, head and layer: no file vouches for so many.
void RequireRelativePerLayer(const TransformerConfig& c) {
  Require(c.relative_buckets > 0, "relative_per_layer", "on", "`relative_buckets` above 0 with it (or turn it off)");
  constexpr int64_t kMostNumbers = int64_t{1} << 27;  // 512 MB
  const auto require = [&](const char* field, int longest, int64_t layers) {
    const int64_t most = kMostNumbers / (2 * layers * c.heads);
    Require(longest <= most, field, std::to_string(longest),
            fmt::format("at most {} with `relative_per_layer` in {} layers of {} heads", most, layers, c.heads));
  };
  require("max_src_len", c.max_src_len, c.encoder_layers);
  require("max_tgt_len", c.max_tgt_len, c.decoder_layers);
}

}  // namespace

void TransformerConfig::Validate() const {
  ValidateShape();
  RequireRange("src_vocab", src_vocab, 1, kManyTokens);
  RequireRange("tgt_vocab", tgt_vocab, 1, kManyTokens);
  Require(!has_joint_embedding() || src_vocab == tgt_vocab, "tying", std::string(EnumName(tying)),
          fmt::format("decoder or none, as the vocabularies differ (source {}, target {})", src_vocab, tgt_vocab));
  RequireRange("decoder_start", decoder_start, -1, tgt_vocab - 1);
  RequireRange("segment_end", segment_end, -1, src_vocab - 1);
}

void TransformerConfig::ValidateShape() const {
  RequireRange("encoder_layers", encoder_layers, 1, 1000);
  RequireRange("decoder_layers", decoder_layers, 1, 1000);
  // No file's size vouches for repeats: together they are bounded as layers are.
  RequireRange("encoder_repeats", encoder_repeats, 1, 1000 / encoder_layers);
  RequireRange("decoder_repeats", decoder_repeats, 1, 1000 / decoder_layers);
  RequireRange("d_model", d_model, 1, kWide);
  RequireRange("heads", heads, 1, 1024);
  RequireRange("d_head", d_head, 0, kWide);
  RequireRange("d_ff", d_ff, 1, kWide * 4);
  RequireRange("ffn_depth", ffn_depth, 2, 100);
  Require(!gated || ffn_depth == 2, "ffn_depth", std::to_string(ffn_depth), "2 with `gated` feed-forward layers");
  RequireRange("max_src_len", max_src_len, 2, 65535);  // 16 bits, as the tokenised corpus stores them
  RequireRange("max_tgt_len", max_tgt_len, 2, 65535);
  Require(d_head > 0 || d_model % heads == 0, "heads", std::to_string(heads),
          fmt::format("a divisor of `d_model` {} (or give `d_head`)", d_model));
  Require(positions != Positions::kSinusoidal || d_model % 2 == 0, "d_model", std::to_string(d_model),
          "an even number with sinusoidal positions");
  // No file vouches for the size of this table: it is computed when a model is opened.
  constexpr int64_t kLargestTable = int64_t{1} << 26;  // 256 MB
  Require(positions != Positions::kSinusoidal || int64_t{max_src_len} * d_model <= kLargestTable, "max_src_len",
          std::to_string(max_src_len),
          fmt::format("at most {} with sinusoids of {}", kLargestTable / d_model, d_model));
  Require(positions != Positions::kSinusoidal || int64_t{max_tgt_len} * d_model <= kLargestTable, "max_tgt_len",
          std::to_string(max_tgt_len),
          fmt::format("at most {} with sinusoids of {}", kLargestTable / d_model, d_model));
  RequireRange("first_position", first_position, 0, 65535);
  Require(first_position == 0 || positions != Positions::kLearned, "first_position", std::to_string(first_position),
          "0 with learned positions, whose table begins with the first token's");
  Require(relative_buckets == 0 || (relative_buckets >= 4 && relative_buckets <= 1024), "relative_buckets",
          std::to_string(relative_buckets), "4 to 1024, or 0 for none");
  // Half of the buckets, and of the decoder's, are of one distance each.
  RequireRange("relative_max_distance", relative_max_distance, relative_buckets / 2 + 1, 65535);
  if (relative_per_layer) RequireRelativePerLayer(*this);
  RequireRange("max_segment_len", max_segment_len, 1, 65535);
  Require(!copy || tying == Tying::kAll, "copy", "on",
          "`tying` all with it, since what is copied has to be of the target's vocabulary (or turn it off)");
  Require(!copy || !has_segments(), "copy", "on", "no `segment_end` with it, since tokens are copied, not segments");
  Require(norm_epsilon > 0 && norm_epsilon <= 1, "norm_epsilon", fmt::format("{}", norm_epsilon),
          "above 0 and at most 1");
  Require(norm_kind != NormKind::kRms || !norm_bias, "norm_bias", "on", "off with `norm_kind` rms, which has none");
  Require(logit_scale >= 0 && logit_scale <= 1000, "logit_scale", fmt::format("{}", logit_scale),
          "above 0 and at most 1000, or 0 for none");
  Require(attention_scale >= 0 && attention_scale <= 1000, "attention_scale", fmt::format("{}", attention_scale),
          "above 0 and at most 1000, or 0 for 1 / sqrt(d_head)");
  RequireRate("embedding_dropout", embedding_dropout);
  RequireRate("residual_dropout", residual_dropout);
  RequireRate("attention_dropout", attention_dropout);
  RequireRate("ffn_dropout", ffn_dropout);
}

const char* TransformerConfig::output_table() const {
  return has_own_output() ? "output.weight" : tying == Tying::kDecoder ? "tgt_embed.weight" : "src_embed.weight";
}

OperationCounts TransformerConfig::Operations() const {
  const double width = attention_width();
  const double attention = 4.0 * d_model * width;  // its four projections
  const double ffn = (gated ? 3.0 : 2.0) * d_model * d_ff + 1.0 * (ffn_depth - 2) * d_ff * d_ff;
  const double encoder_passes = 1.0 * encoder_layers * encoder_repeats;
  const double decoder_passes = 1.0 * decoder_layers * decoder_repeats;
  const double copying = copy ? 1.0 * d_model * d_model : 0;
  OperationCounts counts;
  // Cross-attention's queries and output are the target's, its keys and values the source's.
  counts.src_token = encoder_passes * (attention + ffn) + decoder_passes * attention / 2 + copying;
  const double self = decoder_ssru ? 2.0 * d_model * d_model : attention;
  counts.tgt_token = decoder_passes * (self + attention / 2 + ffn) + 1.0 * d_model * tgt_vocab + copying;
  counts.src_pair = encoder_passes * 2 * width;                 // a score, and a value times its weight
  counts.tgt_pair = decoder_ssru ? 0 : decoder_passes * width;  // half of them lie in the future
  counts.cross_pair = decoder_passes * 2 * width + (copy ? 1.0 * d_model : 0);
  return counts;
}

TransformerConfig TransformerConfig::Preset(const std::string& name) {
  struct Size {
    const char* name;
    int layers, d_model, heads, d_ff;
  };
  constexpr std::array<Size, 4> kSizes = {Size{"tiny", 4, 128, 4, 256}, Size{"small", 4, 256, 4, 1024},
                                          Size{"base", 6, 512, 8, 2048}, Size{"big", 6, 1024, 16, 4096}};
  for (const Size& size : kSizes) {
    if (name != size.name) continue;
    TransformerConfig config;
    config.encoder_layers = config.decoder_layers = size.layers;
    config.d_model = size.d_model;
    config.heads = size.heads;
    config.d_ff = size.d_ff;
    return config;
  }
  throw OptionError(fmt::format("`preset` {}: no such preset, expected tiny, small, base or big", name));
}

std::vector<FieldDifference> Differences(const TransformerConfig& first, const TransformerConfig& second) {
  std::vector<FieldDifference> differences;
  ForEachField(first, [&](const char* key, const auto& field, const char*) {
    differences.push_back({key, ValueText(field), ""});
  });
  size_t at = 0;
  ForEachField(second,
               [&](const char*, const auto& field, const char*) { differences[at++].second = ValueText(field); });
  std::erase_if(differences, [](const FieldDifference& field) { return field.first == field.second; });
  return differences;
}

bool IsDropout(std::string_view key) { return key.ends_with("_dropout"); }

TransformerConfig WithDropoutOf(const TransformerConfig& rates, TransformerConfig config) {
  config.embedding_dropout = rates.embedding_dropout;
  config.residual_dropout = rates.residual_dropout;
  config.attention_dropout = rates.attention_dropout;
  config.ffn_dropout = rates.ffn_dropout;
  return config;
}

std::string TransformerConfig::ToJson() const {
  Json json;
  json["format"] = kFormat;
  ForEachField(*this, OptionJsonWriter<Json>{json});
  return json.dump(2) + "\n";
}

TransformerConfig TransformerConfig::FromJson(const std::string& text, const std::string& path) {
  const JsonDocument document(text, {path, "is this a config.json of a Dragoman model?"});
  const JsonObject json = document.root().Object("this");
  if (const JsonValue format = json.At("format"); format.String("key \"format\"") != kFormat) {
    format.FailExpecting("key \"format\"", fmt::format("\"{}\"", kFormat));
  }
  for (const char* const key : {"src_vocab", "tgt_vocab"}) json.At(key);  // which have no default
  TransformerConfig config;
  ForEachField(config, OptionJsonReader{json});
  for (const JsonObject::Member& member : json.members()) {
    bool is_known = member.key == "format";
    ForEachField(config, [&](const char* name, auto&, const char*) { is_known = is_known || member.key == name; });
    if (!is_known) {
      throw FormatError(path, fmt::format("unknown key \"{}\"; was the model written by a newer version?", member.key));
    }
  }
  try {
    config.Validate();
  } catch (const OptionError& error) {
    std::string what = error.what();
    std::ranges::replace(what, '`', '"');  // here they are keys
    throw FormatError(path, what);
  }
  return config;
}

}  // namespace dragoman
