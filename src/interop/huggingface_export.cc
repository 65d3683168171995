// SPDX-License-Identifier: Apache-2.0
// ExportHuggingFace of interop/huggingface.h.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/error.h"
#include "interop/huggingface.h"
#include "interop/huggingface_bart.h"
#include "interop/huggingface_family.h"
#include "interop/huggingface_t5.h"
#include "interop/huggingface_tokenizer_files.h"
#include "tensor/safetensors.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kOutputBias[] = "final_logits_bias";
// The logit of rows that were not there: no probability is left of it, in half precision either.
constexpr float kNever = -1e4f;
constexpr int kBeams = 4;  // of DecodeOptions

TransformerConfig InHalves(TransformerConfig config) {
  config.sinusoid_layout = SinusoidLayout::kHalves;
  return config;
}

// The first that computes the same. Throws OptionError with what the nearest cannot.
HuggingFaceFamily FamilyFor(const TransformerConfig& config) {
  std::vector<HuggingFaceFamily> families = BartFamilies(config);
  for (HuggingFaceFamily& family : T5Families(config)) families.push_back(std::move(family));
  const auto far = [&](const HuggingFaceFamily& family) {
    return ArithmeticDifferences(config, family.expressible).size();
  };
  const auto nearest = std::ranges::min_element(families, {}, far);
  RequireExpressible(config, nearest->expressible,
                     fmt::format("Hugging Face's families, of which {} is the nearest,", nearest->model_type));
  return *nearest;
}

// The rows that transformers needs besides.
struct Rows {
  PadToken pad;
  TransformerConfig config;  // with them
};

// Where positions are counted from <pad>'s number on, in its own place there is none.
void SettlePad(const HuggingFaceFamily& family, const TransformerConfig& config, PadToken* pad) {
  const int32_t wanted = config.first_position - 1;
  if (pad->name.empty()) pad->id = wanted;
  if (pad->id != wanted || wanted >= config.tgt_vocab) {
    throw OptionError(
        fmt::format("`first_position` is {}, but {} has id {}, and in a model of type {} positions begin after that "
                    "number, expected {}; "
                    "take another target",
                    config.first_position, pad->name, pad->id, family.model_type, pad->id + 1));
  }
  if (pad->id == config.decoder_start) {
    throw OptionError(
        fmt::format("`decoder_start` is {}, which fills up batches there, and in a model of type {} has no "
                    "position, expected another token, such as </s>; take another target",
                    pad->id, family.model_type));
  }
}

Rows RowsFor(const ModelToExport& model, const HuggingFaceFamily& family, const TransformerConfig& config) {
  Rows rows;
  rows.config = config;
  rows.pad = PadTokenOf(model.vocabs, config, family.has_output_bias ? PadChoice::kOwnRow : PadChoice::kBos);
  if (family.pad_is_before_first_position) SettlePad(family, config, &rows.pad);
  if (config.decoder_start == -1) {
    if (!rows.pad.is_new) {
      throw OptionError(fmt::format(
          "`decoder_start` is -1, a zero vector, which is a row of its own there, but fills up batches, too, "
          "and {} does that already; take another target",
          rows.pad.name));
    }
    rows.config.decoder_start = rows.pad.id;  // a row of zeros
  }
  rows.config.src_vocab = std::max(rows.config.src_vocab, rows.pad.id + 1);
  rows.config.tgt_vocab = std::max(rows.config.tgt_vocab, rows.pad.id + 1);
  rows.config.output_bias = family.has_output_bias;
  return rows;
}

// The same parameters with rows of zeros below them; what was not there before is never said.
std::unique_ptr<Transformer> Grown(const Transformer& model, const TransformerConfig& config) {
  auto grown = std::make_unique<Transformer>(config);
  for (const auto& parameter : model.parameters().parameters()) {
    std::ranges::copy(parameter->span(), grown->parameters().Writable(parameter->name).begin());
  }
  if (config.output_bias) {
    const std::span<float> bias = grown->parameters().Writable("output.bias");
    std::ranges::fill(bias.subspan(static_cast<size_t>(model.config().tgt_vocab)), kNever);
  }
  return grown;
}

CheckpointFile WeightsFile(const Transformer& model, const WeightMap& map) {
  auto tensors = std::make_shared<std::vector<ExportedTensor>>(TensorsOf(model.parameters(), map));
  if (model.config().tying == Tying::kEmbeddings) {
    // Nothing is tied where the output is not, so transformers wants the table for each that looks into it.
    const auto has = [&](const std::string& name) {
      return std::ranges::find(*tensors, name, &ExportedTensor::name) != tensors->end();
    };
    const ExportedTensor table = tensors->front();
    for (const auto& [name, ours] : map.copies) {
      if (!has(name)) tensors->push_back({name, table.shape, table.data});
    }
  }
  for (ExportedTensor& tensor : *tensors) {
    if (tensor.name == kOutputBias) tensor.shape.insert(tensor.shape.begin(), 1);
  }
  return {"model.safetensors", [tensors](WritableFile& file) {
            std::vector<TensorView> views;
            for (const ExportedTensor& tensor : *tensors) views.push_back({tensor.name, tensor.shape, tensor.data});
            WriteSafetensors(views, {{"format", "pt"}}, file);
          }};
}

// What our search never says: rows without a piece, what the model's settings forbid, and <unk>.
Json BannedWords(const VocabularyPair& vocabs, int32_t rows) {
  const Tokenizer& tgt = *vocabs.tgt;
  std::vector<int32_t> banned = tgt.settings().banned;
  banned.push_back(tgt.unk_id());
  for (int32_t id = 0; id < rows; ++id) {
    if (!tgt.HasPiece(id)) banned.push_back(id);
  }
  std::ranges::sort(banned);
  banned.erase(std::unique(banned.begin(), banned.end()), banned.end());
  Json words = Json::array();
  for (const int32_t id : banned) words.push_back(Json::array({id}));
  return words;
}

CheckpointFile ConfigFile(const ModelToExport& model, const HuggingFaceFamily& family, const Rows& rows) {
  Json json = {{"model_type", family.model_type},
               {"architectures", Json::array({family.architecture})},
               {"is_encoder_decoder", true},
               {"dtype", "float32"},
               {"torch_dtype", "float32"},
               {"pad_token_id", rows.pad.id},
               {"eos_token_id", model.vocabs.tgt->eos_id()},
               {"decoder_start_token_id", rows.config.decoder_start},
               {"bos_token_id", nullptr},  // where a family has defaults that are not so
               {"forced_eos_token_id", nullptr}};
  json.update(family.settings(rows.config));
  return FileOfBytes("config.json", json.dump(2) + "\n");
}

CheckpointFile GenerationFile(const ModelToExport& model, const Rows& rows) {
  Json json = {{"decoder_start_token_id", rows.config.decoder_start},
               {"eos_token_id", model.vocabs.tgt->eos_id()},
               {"pad_token_id", rows.pad.id},
               {"num_beams", kBeams},
               {"max_length", rows.config.max_tgt_len + 1}};  // with what starts it
  if (const auto first = ForcedFirst(model.vocabs)) json["forced_bos_token_id"] = *first;
  if (Json words = BannedWords(model.vocabs, rows.config.tgt_vocab); !words.empty()) json["bad_words_ids"] = words;
  return FileOfBytes("generation_config.json", json.dump(2) + "\n");
}

}  // namespace

ExportedModel ExportHuggingFace(const ModelToExport& model) {
  const TransformerConfig& ours = model.model.config();
  const TransformerConfig config = InHalves(ours);
  const HuggingFaceFamily family = FamilyFor(config);
  const Rows rows = RowsFor(model, family, config);
  ExportedModel exported;
  exported.family = family.model_type + " (Hugging Face)";
  exported.files = TokenizerFiles(model.vocabs, rows.pad, family.model_type, rows.config);
  exported.files.push_back(ConfigFile(model, family, rows));
  exported.files.push_back(GenerationFile(model, rows));
  const bool by_turns =
      ours.positions == Positions::kSinusoidal && ours.sinusoid_layout == SinusoidLayout::kInterleaved;
  const std::unique_ptr<Transformer> turned = by_turns ? WithSinusoidsInHalves(model.model) : nullptr;
  const Transformer& in_halves = by_turns ? *turned : model.model;
  const std::unique_ptr<Transformer> grown = rows.config != config ? Grown(in_halves, rows.config) : nullptr;
  exported.files.push_back(WeightsFile(grown ? *grown : in_halves, family.weights(rows.config)));
  if (rows.config.tgt_vocab > ours.tgt_vocab) {
    exported.notes.push_back(
        fmt::format("row {} is new, for {}: zeros, which are never said", rows.pad.id, rows.pad.name));
  }
  if (AreNumbers(model.vocabs)) exported.notes.push_back("it goes without a tokenizer, as it came: text is token ids");
  return exported;
}

}  // namespace dragoman
