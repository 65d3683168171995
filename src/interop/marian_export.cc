// SPDX-License-Identifier: Apache-2.0
// To Marian: what it would save of the same model, and the settings that its decoder reads.
#include <fmt/format.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "archive/npz_writer.h"
#include "base/error.h"
#include "interop/exported_vocabulary.h"
#include "interop/marian.h"
#include "interop/marian_map.h"

namespace dragoman {
namespace {

constexpr char kWeights[] = "model.npz", kDecoder[] = "decoder.yml";
constexpr char kEos[] = "</s>", kUnk[] = "<unk>";

// After 1.12.0 Marian's GELU is that of the paper, before it was its approximation (interop/marian.cc).
constexpr char kVersion[] = "v1.12.42", kVersionOfOldGelu[] = "v1.11.0";

// What Marian computes in the place of such a model; all that is not named here it has not.
TransformerConfig ExpressibleOf(const TransformerConfig& ours) {
  TransformerConfig c = WithDropoutOf(ours, {});
  CopySizes(ours, &c);
  c.ffn_depth = ours.ffn_depth;
  c.decoder_ssru = ours.decoder_ssru;
  // Trained positions are no way out for other sinusoids: Marian's decoder takes the first of them at every step.
  c.positions = ours.positions == Positions::kNone ? Positions::kNone : Positions::kSinusoidal;
  c.scale_embedding = c.positions != Positions::kNone;  // Marian scales where it adds positions
  c.sinusoid_layout = SinusoidLayout::kHalves;
  c.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  c.tying = ours.tying;
  c.output_bias = ours.output_bias;
  c.embedding_norm = ours.embedding_norm;
  c.norm_order = ours.norm_order;
  c.final_norm = ours.final_norm;
  c.norm_epsilon = kMarianNormEpsilon;
  c.activation = ours.activation == kernels::Activation::kGeluTanh ? kernels::Activation::kGelu : ours.activation;
  c.decoder_start = -1;
  return c;
}

void RequireMarians(TransformerConfig config) {
  config.sinusoid_layout = SinusoidLayout::kHalves;  // which WithSinusoidsInHalves sees to
  try {
    RequireExpressible(config, ExpressibleOf(config), "Marian");
  } catch (const OptionError& error) {
    throw OptionError(
        fmt::format("{}; one that goes to Marian is trained with `norm_epsilon` 1e-6, `sinusoid_exponent` "
                    "tensor2tensor and `decoder_start` -1",
                    error.what()));
  }
}

std::string NameOf(kernels::Activation activation) {
  return activation == kernels::Activation::kRelu   ? "relu"
         : activation == kernels::Activation::kSilu ? "swish"
                                                    : "gelu";
}

std::string SettingsText(const TransformerConfig& c) {
  const auto text = [](bool flag) { return flag ? "true" : "false"; };
  const bool pre = c.norm_order == NormOrder::kPre;
  // As Marian saves them, so that nothing has to be filled in.
  const std::map<std::string, std::string> settings = {
      {"type", "transformer"},
      {"version", c.activation == kernels::Activation::kGeluSigmoid ? kVersionOfOldGelu : kVersion},
      {"dim-emb", std::to_string(c.d_model)},
      {"dim-vocabs", fmt::format("[{}, {}]", c.src_vocab, c.tgt_vocab)},
      {"enc-depth", std::to_string(c.encoder_layers)},
      {"dec-depth", std::to_string(c.decoder_layers)},
      {"transformer-heads", std::to_string(c.heads)},
      {"transformer-dim-ffn", std::to_string(c.d_ff)},
      {"transformer-decoder-dim-ffn", "0"},  // the encoder's
      {"transformer-ffn-depth", std::to_string(c.ffn_depth)},
      {"transformer-decoder-ffn-depth", "0"},
      {"transformer-ffn-activation", NameOf(c.activation)},
      {"transformer-preprocess", pre ? "n" : "\"\""},
      {"transformer-postprocess", pre ? "da" : "dan"},
      {"transformer-postprocess-emb", c.embedding_norm ? "nd" : "d"},
      {"transformer-postprocess-top", c.final_norm ? "n" : "\"\""},
      {"transformer-decoder-autoreg", c.decoder_ssru ? "rnn" : "self-attention"},
      {"dec-cell", c.decoder_ssru ? "ssru" : "gru"},
      {"dec-cell-base-depth", "2"},
      {"dec-cell-high-depth", "1"},
      {"enc-cell", "gru"},
      {"enc-cell-depth", "1"},
      {"enc-type", "bidirectional"},
      {"dim-rnn", "1024"},
      {"tied-embeddings-all", text(c.tying == Tying::kAll)},
      {"tied-embeddings-src", text(c.tying == Tying::kEmbeddings)},
      {"tied-embeddings", text(c.tying == Tying::kDecoder)},
      {"output-omit-bias", text(!c.output_bias)},
      {"transformer-disable-position-embeddings", text(c.positions == Positions::kNone)},
      {"transformer-train-position-embeddings", "false"},
      {"transformer-attention-mask", "default"},
      {"transformer-guided-alignment-layer", "last"},
      {"transformer-no-projection", "false"},
      {"transformer-no-affine", "false"},
      {"transformer-no-bias", "false"},
      {"transformer-pool", "false"},
      {"transformer-rnn-projection", "false"},
      {"transformer-tied-layers", "[]"},
      {"input-types", "[]"},
      {"layer-normalization", "false"},
      {"right-left", "false"},
      {"skip", "false"},
      {"ulr", "false"},
      {"ulr-dim-emb", "0"},
      {"lemma-dim-emb", "0"},
      {"factors-dim-emb", "0"},
      {"factors-combine", "sum"},
  };
  std::string yaml;
  for (const auto& [key, value] : settings) yaml += fmt::format("{}: {}\n", key, value);
  return yaml;
}

CheckpointFile WeightsFile(const Transformer& model) {
  const TransformerConfig& config = model.config();
  const WeightMap map{
      [&](const Parameter& parameter) { return MarianOrigin(config, /*has_old_output=*/false, parameter); }, {}, {}};
  const auto tensors = std::make_shared<std::vector<ExportedTensor>>(TensorsOf(model.parameters(), map));
  for (ExportedTensor& tensor : *tensors) {
    if (tensor.shape.size() == 1) tensor.shape.insert(tensor.shape.begin(), 1);  // a row
  }
  const std::string settings = SettingsText(config) + std::string(1, '\0');  // where Marian's reader stops
  return {kWeights, [tensors, settings](WritableFile& file) {
            std::vector<TensorView> arrays;
            for (const ExportedTensor& tensor : *tensors) arrays.push_back({tensor.name, tensor.shape, tensor.data});
            arrays.push_back({kMarianSettings, {static_cast<int64_t>(settings.size())}, {}, DType::kI8, settings});
            WriteNpz(std::move(arrays), file);
          }};
}

// Of a vocabulary that is more than a SentencePiece model: pieces and their ids.
std::string YamlOf(const Tokenizer& tokenizer, int32_t rows) {
  const std::vector<std::string> tokens = TokensOf(tokenizer, rows, {kEos, kUnk});
  // By Marian's reader, of vocabularies from Nematus.
  if (tokens.at(0) == "eos" || (tokens.size() > 1 && tokens[1] == "UNK")) {
    throw OptionError(
        "the vocabulary has \"eos\" as number 0 or \"UNK\" as number 1, which Marian would take for "
        "</s> or <unk>, expected other words there; take another target");
  }
  std::string yaml;
  for (size_t id = 0; id < tokens.size(); ++id) {
    yaml += fmt::format(
        "{}: {}\n",
        nlohmann::json(tokens[id]).dump(-1, ' ', /*ensure_ascii=*/false, nlohmann::json::error_handler_t::replace), id);
  }
  return yaml;
}

// Marian's decoder ends every source in </s>, begins a target with nothing, and says what it likes.
void RequireMariansTemplates(const VocabularyPair& vocabs) {
  const Tokenizer &src = *vocabs.src, &tgt = *vocabs.tgt;
  if (SuffixOf(src) != std::vector<int32_t>{src.eos_id()}) {
    throw OptionError(
        fmt::format("a source of this model ends in {}, expected </s>, which Marian ends it in; take another "
                    "target",
                    NamesOfTokens(src, SuffixOf(src))));
  }
  if (!tgt.settings().prefix.empty()) {
    throw OptionError(
        fmt::format("every target of this model begins with {}, which Marian's decoder cannot be told, "
                    "expected none; take another target",
                    NamesOfTokens(tgt, tgt.settings().prefix)));
  }
}

// The vocabularies' files; returns the two that the decoder is to be given.
std::pair<std::string, std::string> AddVocabularies(const ModelToExport& ours, ExportedModel* exported) {
  const Tokenizer &src = *ours.vocabs.src, &tgt = *ours.vocabs.tgt;
  const auto add = [&](const std::string& name, std::string bytes) {
    exported->files.push_back(FileOfBytes(name, std::move(bytes)));
    return name;
  };
  if (IsPlainSentencePiece(src) && IsPlainSentencePiece(tgt)) {
    if (ours.vocabs.joint()) return {add("vocab.spm", src.serialized()), "vocab.spm"};
    return {add("src.spm", src.serialized()), add("trg.spm", tgt.serialized())};
  }
  exported->notes.emplace_back("Marian takes and gives this model's text in pieces, with a space between two");
  if (IsSentencePiece(src) && IsSentencePiece(tgt)) {
    add("source.spm", src.serialized());  // where imports look for them
    add("target.spm", tgt.serialized());
    exported->notes.emplace_back("source.spm and target.spm cut text into pieces, and join them");
  }
  const std::string src_yaml = YamlOf(src, ours.model.config().src_vocab),
                    tgt_yaml = YamlOf(tgt, ours.model.config().tgt_vocab);
  if (src_yaml == tgt_yaml) return {add("vocab.yml", src_yaml), "vocab.yml"};
  return {add("src.vocab.yml", src_yaml), add("trg.vocab.yml", tgt_yaml)};
}

void AddNotes(const ModelToExport& ours, std::vector<std::string>* notes) {
  const TransformerConfig& config = ours.model.config();
  if (config.norm_order == NormOrder::kPre && !config.decoder_ssru) {
    notes->emplace_back(
        "Marian's decoder (1.12.42) leaves out a norm of self-attention in models of `norm_order` pre, "
        "and finds other translations than this model has; its scorer computes what it should");
  }
  if (config.activation == kernels::Activation::kGelu) {
    notes->emplace_back("Marian up to 1.12.0 computes another GELU than this model's");
  }
  if (config.activation == kernels::Activation::kGeluSigmoid) {
    notes->emplace_back("Marian since 1.12.1 computes another GELU than this model's: take 1.12.0 or one before it");
  }
  if (const std::vector<int32_t>& prefix = ours.vocabs.src->settings().prefix; !prefix.empty()) {
    notes->push_back(fmt::format("a source begins with {}, which is part of the text that Marian is given",
                                 NamesOfTokens(*ours.vocabs.src, prefix)));
  }
  if (const size_t count = NeverSaid(*ours.vocabs.tgt, config.tgt_vocab).size(); count > 0) {
    notes->push_back(fmt::format("{} tokens are never said here, which Marian's decoder may say", count));
  }
}

}  // namespace

ExportedModel ExportMarian(const ModelToExport& ours) {
  RequireMarians(ours.model.config());
  RequireMariansTemplates(ours.vocabs);
  ExportedModel exported{"Marian", {}, {}};
  exported.files.push_back(WeightsFile(*WithSinusoidsInHalves(ours.model)));
  const auto [src, tgt] = AddVocabularies(ours, &exported);
  exported.files.push_back(FileOfBytes(kDecoder, fmt::format("relative-paths: true\nmodels:\n  - {}\nvocabs:\n  - {}\n"
                                                             "  - {}\nbeam-size: 4\nnormalize: 1\n",
                                                             kWeights, src, tgt)));
  AddNotes(ours, &exported.notes);
  return exported;
}

}  // namespace dragoman
