// SPDX-License-Identifier: Apache-2.0
// To CTranslate2: what its converters would write of the same model.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "archive/ctranslate2_writer.h"
#include "interop/ctranslate2.h"
#include "interop/ctranslate2_map.h"
#include "interop/exported_vocabulary.h"
#include "nn/position_encoding.h"
#include "tensor/matrix.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr uint32_t kRevision = 7;

// What a translator cuts and stops at unless it is told otherwise.
constexpr int kDefaultInput = 1024, kDefaultOutput = 256;

// A number of the model's that is no weight.
struct Attribute {
  std::string name;
  DType dtype;
  std::string bytes;
};

// model.bin.
struct Contents {
  std::vector<ExportedTensor> tensors;
  std::vector<Attribute> attributes;
  std::vector<std::pair<std::string, std::string>> aliases;

  template <class Number>
  void Add(DType dtype, std::string name, Number number) {
    attributes.push_back({std::move(name), dtype, {reinterpret_cast<const char*>(&number), sizeof number}});
  }
  void AddFlag(std::string name, bool flag) { Add<int8_t>(DType::kI8, std::move(name), flag ? 1 : 0); }

  void Write(WritableFile& file) const {
    CTranslate2Contents all{kCTranslate2Spec, kRevision, {}, aliases};
    for (const ExportedTensor& tensor : tensors) all.variables.push_back({tensor.name, tensor.shape, tensor.data});
    for (const Attribute& one : attributes) all.variables.push_back({one.name, {}, {}, one.dtype, one.bytes});
    WriteCTranslate2Binary(all, file);
  }
};

// What CTranslate2 computes in the place of such a model; all that is not named here it has not.
TransformerConfig ExpressibleOf(const TransformerConfig& ours) {
  TransformerConfig c = WithDropoutOf(ours, {});
  CopySizes(ours, &c);
  c.d_head = ours.d_head;
  c.scale_embedding = ours.scale_embedding;
  // Either kind of positions; those of their own are a table, however it was made.
  c.positions = ours.relative_buckets > 0 ? Positions::kNone : ours.positions;
  c.sinusoid_layout = ours.sinusoid_layout;
  c.sinusoid_exponent = ours.sinusoid_exponent;
  c.first_position = ours.first_position;
  c.relative_buckets = ours.relative_buckets;
  c.relative_max_distance = ours.relative_max_distance;
  c.tying = ours.tying;
  c.output_bias = ours.output_bias;
  c.embedding_norm = ours.embedding_norm;
  c.norm_order = ours.norm_order;
  c.final_norm = ours.final_norm;
  c.norm_kind = ours.norm_kind;
  c.norm_epsilon = ours.norm_epsilon;
  c.norm_bias = ours.norm_bias;
  c.activation = ours.activation;
  c.gated = ours.gated;
  c.bias = ours.bias;
  c.attention_scale = ours.attention_scale;
  c.logit_scale = ours.logit_scale;
  c.decoder_start = ours.decoder_start;
  return c;
}

// Where they are not learned. Without positions of any kind CTranslate2 would add sinusoids: zeros keep it from that.
void AddPositions(const TransformerConfig& config, Contents* contents) {
  if (config.positions == Positions::kLearned || config.relative_buckets > 0) return;
  for (const auto& [stack, rows] : {std::pair("encoder", config.max_src_len), {"decoder", config.max_tgt_len}}) {
    ExportedTensor table{stack + std::string("/position_encodings/encodings"), {rows, config.d_model}, {}};
    table.data.resize(static_cast<size_t>(rows) * static_cast<size_t>(config.d_model));
    if (config.positions == Positions::kSinusoidal) {
      FillSinusoids(config.sinusoid_layout, config.sinusoid_exponent, config.first_position,
                    {table.data.data(), rows, config.d_model});
    }
    contents->tensors.push_back(std::move(table));
  }
}

// A norm without a bias is one by the mean square to CTranslate2.
void AddNormBiases(const TransformerConfig& config, Contents* contents) {
  constexpr std::string_view kGain = "/gamma";
  if (config.norm_bias || config.norm_kind == NormKind::kRms) return;
  for (size_t i = 0; i < contents->tensors.size(); ++i) {
    ExportedTensor bias = contents->tensors[i];
    if (!bias.name.ends_with(kGain)) continue;
    bias.name = bias.name.substr(0, bias.name.size() - kGain.size()) + "/beta";
    std::ranges::fill(bias.data, 0.0f);
    contents->tensors.push_back(std::move(bias));
  }
}

void AddTables(const TransformerConfig& config, Contents* contents) {
  const char* const tgt = config.has_joint_embedding() ? kCTranslate2SrcTable : kCTranslate2TgtTable;
  if (config.has_joint_embedding()) contents->aliases.emplace_back(kCTranslate2TgtTable, tgt);
  if (!config.has_own_output()) contents->aliases.emplace_back(kCTranslate2Output, tgt);
}

// Of one of a layer's attentions, "encoder/layer_0/self_attention".
void AddAttention(const TransformerConfig& config, const std::string& attention, Contents* contents) {
  // Left to itself it takes d_model / heads for a head's width.
  if (config.attention_scale == 0 && config.attention_width() == config.d_model) return;
  const float scale =
      config.attention_scale != 0 ? config.attention_scale : 1 / std::sqrt(static_cast<float>(config.head_width()));
  contents->Add<float>(DType::kF32, attention + "/queries_scale", scale);
}

// A layer without a table of its own would have no biases, so each has the first one's.
void AddRelativePositions(const TransformerConfig& config, const std::string& stack, int layer, Contents* contents) {
  if (config.relative_buckets == 0) return;
  const auto of_layer = [&](int number) {
    return fmt::format("{}/layer_{}/self_attention/relative_attention_", stack, number);
  };
  contents->Add<int32_t>(DType::kI32, of_layer(layer) + "max_distance", config.relative_max_distance);
  if (layer > 0) contents->aliases.emplace_back(of_layer(layer) + "bias", of_layer(0) + "bias");
}

void AddStack(const TransformerConfig& config, const std::string& stack, int layers, Contents* contents) {
  const auto activation = std::ranges::find(kCTranslate2Activations, config.activation);
  contents->Add<int16_t>(DType::kI16, stack + "/num_heads", static_cast<int16_t>(config.heads));
  contents->Add<int8_t>(DType::kI8, stack + "/activation",
                        static_cast<int8_t>(activation - kCTranslate2Activations.begin()));
  contents->AddFlag(stack + "/pre_norm", config.norm_order == NormOrder::kPre);
  contents->AddFlag(stack + "/scale_embeddings", config.scale_embedding);
  for (int layer = 0; layer < layers; ++layer) {
    AddAttention(config, fmt::format("{}/layer_{}/self_attention", stack, layer), contents);
    if (stack == "decoder") AddAttention(config, fmt::format("{}/layer_{}/attention", stack, layer), contents);
    AddRelativePositions(config, stack, layer, contents);
  }
}

CheckpointFile ModelFile(const Transformer& model) {
  const TransformerConfig& config = model.config();
  const WeightMap map{
      [&](const Parameter& parameter) { return CTranslate2Origin(config, kCTranslate2SrcTable, parameter); }, {}, {}};
  const auto contents = std::make_shared<Contents>();
  contents->tensors = TensorsOf(model.parameters(), map);
  AddPositions(config, contents.get());
  AddNormBiases(config, contents.get());
  AddTables(config, contents.get());
  AddStack(config, "encoder", config.encoder_layers, contents.get());
  AddStack(config, "decoder", config.decoder_layers, contents.get());
  if (config.decoder_start < 0) contents->AddFlag("decoder/start_from_zero_embedding", true);
  if (config.scales_logits()) contents->Add<float>(DType::kF32, "decoder/scale_outputs", config.logit_scale);
  return {kCTranslate2Model, [contents](WritableFile& file) { contents->Write(file); }};
}

// The vocabularies by token, with the names of special ones, which both sides share.
struct Vocabularies {
  std::vector<std::string> src, tgt;
  std::string bos, eos, unk, start;
  bool adds_bos = false, adds_eos = false;  // around a source
};

Vocabularies VocabulariesOf(const ModelToExport& ours) {
  const Tokenizer &src = *ours.vocabs.src, &tgt = *ours.vocabs.tgt;
  const TransformerConfig& config = ours.model.config();
  Vocabularies all;
  all.eos = tgt.Piece(tgt.eos_id());
  all.unk = tgt.Piece(tgt.unk_id());
  all.src = TokensOf(src, config.src_vocab, {all.eos, all.unk});
  all.tgt = TokensOf(tgt, config.tgt_vocab, {all.eos, all.unk});
  all.bos = src.bos_id() >= 0 ? all.src[static_cast<size_t>(src.bos_id())] : all.eos;
  all.start = config.decoder_start >= 0 ? all.tgt[static_cast<size_t>(config.decoder_start)] : all.eos;
  const std::vector<int32_t>& prefix = src.settings().prefix;
  all.adds_eos = SuffixOf(src) == std::vector<int32_t>{src.eos_id()};
  all.adds_bos = all.adds_eos && src.bos_id() >= 0 && prefix == std::vector<int32_t>{src.bos_id()};
  return all;
}

std::string ListText(const std::vector<std::string>& tokens) {
  return Json(tokens).dump(1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

std::string ConfigText(const Vocabularies& vocabularies, const TransformerConfig& config) {
  Json json;
  json["add_source_bos"] = vocabularies.adds_bos;
  json["add_source_eos"] = vocabularies.adds_eos;
  json["bos_token"] = vocabularies.bos;
  json["decoder_start_token"] = vocabularies.start;
  json["eos_token"] = vocabularies.eos;
  json["layer_norm_epsilon"] = std::stod(fmt::format("{}", config.norm_epsilon));  // with no more digits than it needs
  json["multi_query_attention"] = false;
  json["unk_token"] = vocabularies.unk;
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

void AddVocabularyFiles(const Vocabularies& vocabularies, const VocabularyPair& ours, ExportedModel* exported) {
  const auto add = [&](const char* name, std::string bytes) {
    exported->files.push_back(FileOfBytes(name, std::move(bytes)));
  };
  if (vocabularies.src == vocabularies.tgt) {
    add("shared_vocabulary.json", ListText(vocabularies.src));
  } else {
    add("source_vocabulary.json", ListText(vocabularies.src));
    add("target_vocabulary.json", ListText(vocabularies.tgt));
  }
  if (!IsSentencePiece(*ours.src) || !IsSentencePiece(*ours.tgt)) {
    exported->notes.emplace_back(
        "text comes and goes in pieces of its vocabulary, which no file of SentencePiece's cuts");
  } else if (ours.joint()) {
    add(kCTranslate2Spm, ours.src->serialized());
  } else {
    add(kCTranslate2SrcSpm, ours.src->serialized());
    add(kCTranslate2TgtSpm, ours.tgt->serialized());
  }
}

// What is in no file of CTranslate2's: its callers say it.
void AddTemplateNotes(const Vocabularies& vocabularies, const VocabularyPair& ours, std::vector<std::string>* notes) {
  const std::vector<int32_t>& prefix = ours.src->settings().prefix;
  const std::vector<int32_t> suffix = vocabularies.adds_eos ? std::vector<int32_t>{} : SuffixOf(*ours.src);
  if ((!prefix.empty() && !vocabularies.adds_bos) || !suffix.empty()) {
    notes->push_back(
        fmt::format("CTranslate2's callers put tokens around a source's pieces themselves: {} before them, "
                    "{} behind them",
                    NamesOfTokens(*ours.src, vocabularies.adds_bos ? std::vector<int32_t>{} : prefix),
                    NamesOfTokens(*ours.src, suffix)));
  }
  if (const std::vector<int32_t>& forced = ours.tgt->settings().prefix; !forced.empty()) {
    notes->push_back(
        fmt::format("every target begins with {}: pass it as target_prefix", NamesOfTokens(*ours.tgt, forced)));
  }
}

void AddSearchNotes(const Vocabularies& vocabularies, const ModelToExport& ours, std::vector<std::string>* notes) {
  const TransformerConfig& config = ours.model.config();
  std::string arguments = "disable_unk=True";
  if (config.max_src_len < kDefaultInput) arguments += fmt::format(", max_input_length={}", config.max_src_len);
  if (config.max_tgt_len < kDefaultOutput) arguments += fmt::format(", max_decoding_length={}", config.max_tgt_len);
  notes->push_back(fmt::format("to search as here, translate_batch() wants {}", arguments));
  const std::vector<int32_t> never = NeverSaid(*ours.vocabs.tgt, config.tgt_vocab);
  if (never.empty()) return;
  constexpr size_t kShown = 4;
  std::vector<std::string> shown;
  for (size_t i = 0; i < std::min(kShown, never.size()); ++i) {
    shown.push_back(fmt::format("[\"{}\"]", vocabularies.tgt[static_cast<size_t>(never[i])]));
  }
  notes->push_back(fmt::format("{} tokens are never said here, which suppress_sequences has to name: [{}{}]",
                               never.size(), fmt::join(shown, ", "), never.size() > kShown ? ", ..." : ""));
}

}  // namespace

ExportedModel ExportCTranslate2(const ModelToExport& ours) {
  const TransformerConfig& config = ours.model.config();
  ExportedModel exported{"CTranslate2", {}, {}};
  RequireExpressible(config, ExpressibleOf(config), exported.family);
  const Vocabularies vocabularies = VocabulariesOf(ours);
  exported.files.push_back(ModelFile(ours.model));
  exported.files.push_back(FileOfBytes(kCTranslate2Config, ConfigText(vocabularies, config)));
  AddVocabularyFiles(vocabularies, ours.vocabs, &exported);
  AddTemplateNotes(vocabularies, ours.vocabs, &exported.notes);
  AddSearchNotes(vocabularies, ours, &exported.notes);
  return exported;
}

}  // namespace dragoman
