// SPDX-License-Identifier: Apache-2.0
#include "interop/marian.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "interop/marian_files.h"
#include "interop/marian_map.h"
#include "interop/source_settings.h"
#include "interop/vocabulary_parts.h"
#include "interop/yaml_json.h"
#include "text/model_proto_check.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

// Beside a weight of 8 bits, in Bergamot's fork: by what its activations are multiplied before they are rounded. That
// of the output's is called "none" where a shortlist was in use when it was measured.
constexpr char kRowMultiplier[] = "_QuantMultA", kOutputRowMultiplier[] = "none_QuantMultA";
constexpr int kMaxLength = 1024;  // sinusoids know no end; Marian's decoder cuts at 1000 words

std::unique_ptr<TensorArchive> OpenWeights(FileSystem& files, const std::string& path) {
  return path.ends_with(".npz") ? OpenNpzArchive(files, path) : OpenMarianBinary(files, path);
}

SourceSettings SettingsIn(const TensorArchive& archive) {
  if (!archive.Has(kMarianSettings)) {
    throw FormatError(archive.path(), fmt::format("has no \"{}\", which says what the model computes, expected a model "
                                                  "as Marian saves it",
                                                  kMarianSettings));
  }
  return {JsonOfYaml(archive.ReadBytes(kMarianSettings), archive.path()), archive.path()};
}

// How a sub-layer begins and ends: d dropout, a adds the residual, n norm.
void ReadNorms(SourceSettings& settings, TransformerConfig* c) {
  const auto without_dropout = [&](const char* key, const char* otherwise) {
    std::string steps = settings.String(key, otherwise);
    std::erase(steps, 'd');
    return steps;
  };
  const std::string before = without_dropout("transformer-preprocess", ""),
                    after = without_dropout("transformer-postprocess", "dan"),
                    embedding = without_dropout("transformer-postprocess-emb", "d"),
                    top = without_dropout("transformer-postprocess-top", "");
  if (before.empty() && after == "an") {
    c->norm_order = NormOrder::kPost;
  } else if (before == "n" && after == "a") {
    c->norm_order = NormOrder::kPre;
  } else {
    settings.Refuse("transformer-postprocess",
                    "dan after nothing before (norm after the residual), or da after n before");
  }
  if (!embedding.empty() && embedding != "n") settings.Refuse("transformer-postprocess-emb", "d, n, nd or nothing");
  if (!top.empty() && top != "n") settings.Refuse("transformer-postprocess-top", "n or nothing");
  c->embedding_norm = embedding == "n";
  c->final_norm = top == "n";
  c->norm_epsilon = kMarianNormEpsilon;
}

Tying TyingOf(SourceSettings& settings) {
  const bool all = settings.Bool("tied-embeddings-all", false), src = settings.Bool("tied-embeddings-src", false);
  const bool output = settings.Bool("tied-embeddings", false);
  if (all || (src && output)) return Tying::kAll;
  return src ? Tying::kEmbeddings : output ? Tying::kDecoder : Tying::kNone;
}

// "v1.12.42 b7be0e964 2025-05-24 ...": whether it is later than that; of no such word it is not.
bool IsLaterThan(const std::string& version, std::array<int, 3> than) {
  std::array<int, 3> found{};
  if (std::sscanf(version.c_str(), "v%d.%d.%d", &found[0], &found[1], &found[2]) != 3) return false;
  return found > than;
}

// After 1.12.0 Marian's GELU is that of the paper; what was trained before was trained with its approximation.
kernels::Activation ActivationOf(SourceSettings& settings) {
  constexpr char kKey[] = "transformer-ffn-activation";
  const std::string name = settings.String(kKey, "swish");
  if (name == "relu") return kernels::Activation::kRelu;
  if (name == "swish") return kernels::Activation::kSilu;
  if (name == "gelu") {
    return IsLaterThan(settings.String("version", ""), {1, 12, 0}) ? kernels::Activation::kGelu
                                                                   : kernels::Activation::kGeluSigmoid;
  }
  settings.Refuse(kKey, "relu, swish or gelu");
}

// Settings of what is not built here, which have to be off; and those that say nothing of a Transformer.
void RequireKnownKind(SourceSettings& settings) {
  settings.ExpectString("type", "transformer");
  settings.ExpectString("transformer-attention-mask", "default");
  for (const char* const key :
       {"transformer-no-projection", "transformer-train-position-embeddings", "transformer-train-positions",
        "transformer-rnn-projection", "transformer-pool", "layer-normalization", "transformer-alibi-shift",
        "transformer-alibi-trainable", "ulr", "transformer-no-affine", "transformer-no-bias"}) {
    settings.ExpectBool(key, false);
  }
  for (const char* const key : {"lemma-dim-emb", "factors-dim-emb"}) settings.ExpectInteger(key, 0);
  if (!settings.Integers("transformer-tied-layers").empty()) {
    settings.Refuse("transformer-tied-layers", "none, each layer having its own weights");
  }
  if (settings.Has("input-types")) {
    const std::vector<std::string> types = settings.Strings("input-types");
    if (std::ranges::any_of(types, [](const std::string& type) { return type != "sequence"; })) {
      settings.Refuse("input-types", "sequences alone");
    }
  }
  settings.Ignore({"version",
                   "dim-rnn",
                   "enc-cell",
                   "enc-cell-depth",
                   "enc-type",
                   "dec-cell-high-depth",
                   "skip",
                   "right-left",
                   "separator-symbol",
                   "char-conv-filters-num",
                   "char-conv-filters-widths",
                   "char-highway",
                   "char-stride",
                   "transformer-aan-activation",
                   "transformer-aan-depth",
                   "transformer-aan-nogate",
                   "transformer-dim-aan",
                   "transformer-depth-scaling",
                   "transformer-guided-alignment-layer",
                   "bert-train-type-embeddings",
                   "bert-type-vocab-size",
                   "factors-combine",
                   "lemma-dependency",
                   "ulr-dim-emb",
                   "ulr-trainable-transformation",
                   "comet-final-sigmoid",
                   "comet-mix",
                   "comet-mix-norm",
                   "comet-dropout",
                   "comet-pooler-ffn",
                   "comet-stop-grad",
                   "comet-mixup",
                   "comet-augment-bad"});
}

TransformerConfig ReadConfig(SourceSettings& settings, const TensorArchive& archive) {
  TransformerConfig c;
  RequireKnownKind(settings);
  c.d_model = static_cast<int>(settings.Integer("dim-emb", 2, 1 << 16));
  c.heads = static_cast<int>(settings.Integer("transformer-heads", 1, 1024, 8));
  c.d_ff = static_cast<int>(settings.Integer("transformer-dim-ffn", 1, 1 << 18, 2048));
  if (settings.Integer("transformer-decoder-dim-ffn", 0, 1 << 18, 0) != 0) {
    settings.ExpectInteger("transformer-decoder-dim-ffn", c.d_ff);
  }
  c.ffn_depth = static_cast<int>(settings.Integer("transformer-ffn-depth", 2, 100, 2));
  if (settings.Integer("transformer-decoder-ffn-depth", 0, 1000, 0) != 0) {  // 0: as the encoder's
    settings.ExpectInteger("transformer-decoder-ffn-depth", c.ffn_depth);
  }
  c.encoder_layers = static_cast<int>(settings.Integer("enc-depth", 1, 1000, 6));
  c.decoder_layers = static_cast<int>(settings.Integer("dec-depth", 1, 1000, 6));
  c.max_src_len = c.max_tgt_len = kMaxLength;
  const std::string past = settings.String("transformer-decoder-autoreg", "self-attention");
  c.decoder_ssru = past == "rnn";
  if (!c.decoder_ssru && past != "self-attention") {
    settings.Refuse("transformer-decoder-autoreg", "self-attention, or rnn of SSRU cells");
  }
  settings.Ignore({"dec-cell", "dec-cell-base-depth"});
  if (c.decoder_ssru) {
    settings.ExpectString("dec-cell", "ssru");
    settings.ExpectInteger("dec-cell-base-depth", 2);
  }
  ReadNorms(settings, &c);
  c.activation = ActivationOf(settings);
  c.tying = TyingOf(settings);
  c.output_bias = !settings.Bool("output-omit-bias", false);
  if (settings.Bool("transformer-disable-position-embeddings", false)) c.positions = Positions::kNone;
  c.scale_embedding = c.positions != Positions::kNone;  // Marian scales where it adds positions
  c.sinusoid_layout = SinusoidLayout::kHalves;
  c.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  c.decoder_start = -1;
  const bool joint = c.has_joint_embedding();
  const auto rows = [&](const char* table) {
    const ArchiveTensor& tensor = archive.Find(table);
    return tensor.shape.empty() ? 0 : static_cast<int>(std::min<int64_t>(tensor.shape[0], 1 << 24));
  };
  c.src_vocab = rows(joint ? kMarianTable : kMarianSrcTable);
  c.tgt_vocab = rows(joint ? kMarianTable : kMarianTgtTable);
  settings.Ignore({"dim-vocabs"});  // may be 0 for "as many as there are"
  return c;
}

std::string RowMultiplierOf(const TransformerConfig& config, const TensorArchive& archive, const Parameter& parameter,
                            const TensorOrigin& origin) {
  const bool is_output = parameter.name == config.output_table();
  if (is_output && archive.Has(kOutputRowMultiplier)) return kOutputRowMultiplier;
  return is_output || parameter.use == WeightUse::kLinear ? origin.name + kRowMultiplier : "";
}

// Pieces in the order of their ids, of a .yml; those that it leaves out are called by their numbers.
std::vector<std::string> PiecesOf(const TokenIds& tokens, int32_t rows) {
  std::vector<std::string> pieces(static_cast<size_t>(rows));
  for (int32_t id = 0; id < rows; ++id) pieces[static_cast<size_t>(id)] = RowName(id);
  for (const auto& [piece, id] : tokens) {
    if (id < rows) pieces[static_cast<size_t>(id)] = piece;
  }
  return pieces;
}

TokenIds ReadYamlVocabulary(FileSystem& files, const std::string& path) {
  const JsonDocument document(JsonOfYaml(ReadFile(files, path, kMaxVocabularyBytes), path),
                              {path, "take the files that the model came with"});
  TokenIds ids;
  const JsonObject tokens = document.root().Object("this");
  for (const JsonObject::Member& token : tokens.members()) {
    ids[token.key] = static_cast<int32_t>(token.value.Integer(token.key, 0, kMaxVocabularyPieces - 1));
  }
  return ids;
}

struct Side {
  std::shared_ptr<const Segmenter> segmenter;
  TokenizerSettings settings;
};

// One side's vocabulary. `spoken`: its model must be able to say every piece, also those that its own .spm does not
// know.
Side ReadSide(FileSystem& files, const std::string& path, const std::string& spm, int32_t rows, bool spoken) {
  Side side;
  if (path.ends_with(".fsv")) throw FormatError(path, "is a factored vocabulary, expected an .spm or a .yml");
  if (path.ends_with(".spm")) {
    side.segmenter = OpenSegmenter(files, path);
  } else if (const TokenIds tokens = ReadYamlVocabulary(files, path); spm.empty()) {
    side.segmenter = Tokenizer::FromBytes(WordListOf(PiecesOf(tokens, rows)), path).segmenter();
  } else {
    side.segmenter = OpenSegmenter(files, spm);
    std::vector<std::string> unknown;
    for (const auto& [token, id] : tokens) {
      if (!side.segmenter->Find(token)) unknown.push_back(token);
    }
    if (spoken && !unknown.empty()) {
      side.segmenter = Tokenizer::FromBytes(WithUnusedPieces(side.segmenter->info().bytes, unknown), spm).segmenter();
    }
    side.settings.ids = IdsOfPieces(*side.segmenter, tokens);
    for (const auto& [token, id] : tokens) {
      const std::string code = CodeOfTag(token);
      if (code.empty() || side.segmenter->Find(token)) continue;
      side.settings.added[token] = id;
      if (!spoken) side.settings.languages[code] = id;
    }
    if (!side.settings.languages.empty()) side.settings.prefix = {kTgtLanguage};
  }
  PadTo(rows, *side.segmenter, &side.settings);
  return side;
}

VocabularyPair ReadVocabularies(FileSystem& files, const MarianFiles& found, const TransformerConfig& config) {
  const Side src = ReadSide(files, found.src, found.src_spm, config.src_vocab, /*spoken=*/false);
  const bool one = found.src == found.tgt && found.src_spm.empty();
  const Side tgt = one ? src : ReadSide(files, found.tgt, found.tgt_spm, config.tgt_vocab, /*spoken=*/true);
  return PairOf(src.segmenter, tgt.segmenter, {src.settings, tgt.settings}, found.src);
}

}  // namespace

bool IsMarian(FileSystem& files, const std::string& path) { return HasMarianFiles(files, path); }

ForeignModel OpenMarian(FileSystem& files, const std::string& path, const MarianVocabularies& vocabularies) {
  const MarianFiles found = FindMarianFiles(files, path, vocabularies);
  ForeignModel model;
  model.family = "Marian";
  model.archive = OpenWeights(files, found.weights);
  SourceSettings settings = SettingsIn(*model.archive);
  model.config = ReadConfig(settings, *model.archive);
  settings.RequireNoneLeft();
  const TransformerConfig& config = model.config;
  const bool has_old_output = model.archive->Has(kMarianOldOutput);
  model.weights.origin = [config, has_old_output, archive = model.archive.get()](const Parameter& parameter) {
    TensorOrigin origin = MarianOrigin(config, has_old_output, parameter);
    origin.row_multiplier = RowMultiplierOf(config, *archive, parameter, origin);
    return origin;
  };
  model.weights.is_unused = [](const std::string& name) {
    return name == kMarianSettings || name.ends_with(kRowMultiplier) || name == "decoder_c_tt_dummy";
  };
  model.vocabs = ReadVocabularies(files, found, config);
  if (!found.shortlist.empty()) {
    model.shortlist =
        ShortlistBytes(ReadMarianShortlist(files, found.shortlist, found.limits, model.vocabs), model.vocabs);
  }
  for (const std::string& name : found.missing) {
    model.notes.push_back(fmt::format("its settings name a shortlist, {}, which is not there: imported without", name));
  }
  model.decode_options = found.search;
  model.about.name = FileName(found.directory);
  return model;
}

}  // namespace dragoman
