// SPDX-License-Identifier: Apache-2.0
#include "interop/ctranslate2.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "interop/ctranslate2_map.h"
#include "interop/source_settings.h"
#include "interop/vocabulary_parts.h"
#include "text/word_segmenter.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] = "take the files that the model came with";
// How translate_batch() searches; with a beam of 2 unless it is told.
constexpr char kSearch[] = R"({
  "beam_size": 2,
  "stopping": "beam",
  "length_penalty": 1,
  "length_penalty_form": "power",
  "min_length": 2,
  "allow_unk": true
}
)";
constexpr int kMaxLength = 1024;  // of models whose positions know no end

// The attributes of a model are tensors of one number.
class Attributes {
 public:
  explicit Attributes(const TensorArchive& archive) : archive_(archive) {}

  std::optional<double> Find(const std::string& name) {
    known_.insert(name);
    if (!archive_.Has(name)) return std::nullopt;
    if (archive_.Find(name).elements != 1) Refuse(name, "one number");
    float value = 0;
    archive_.ReadFloats(name, {&value, 1});
    return value;
  }
  double Get(const std::string& name, double otherwise) { return Find(name).value_or(otherwise); }
  int Integer(const std::string& name, int least, int most, int otherwise) {
    const double value = Get(name, otherwise);
    if (!(value >= least && value <= most)) Refuse(name, fmt::format("{} to {}", least, most));
    return static_cast<int>(value);
  }
  bool Flag(const std::string& name, bool otherwise) { return Get(name, otherwise ? 1 : 0) != 0; }
  void Expect(const std::string& name, double value) {
    if (Get(name, value) != value) Refuse(name, fmt::format("{}", value));
  }
  void Ignore(const std::string& name) { known_.insert(name); }

  const std::set<std::string>& known() const { return known_; }
  [[noreturn]] void Refuse(const std::string& name, const std::string& expected) const {
    throw FormatError(archive_.path(), fmt::format("\"{}\" is another, expected {}", name, expected));
  }

 private:
  const TensorArchive& archive_;
  std::set<std::string> known_;
};

std::string SrcTable(const TensorArchive& archive) {
  return archive.Has("encoder/embeddings/weight") ? "encoder/embeddings/weight" : kCTranslate2SrcTable;
}

int CountLayers(const TensorArchive& archive, const std::string& stack) {
  int layers = 0;
  while (archive.Has(fmt::format("{}/layer_{}/ffn/linear_0/weight", stack, layers))) ++layers;
  return layers;
}

int Rows(const TensorArchive& archive, const std::string& name) {
  const ArchiveTensor& tensor = archive.Find(name);
  return tensor.shape.size() == 2 ? static_cast<int>(std::min<int64_t>(tensor.shape[0], 1 << 24)) : 0;
}

kernels::Activation ActivationOf(Attributes& attributes, const std::string& name) {
  const int found = attributes.Integer(name, 0, static_cast<int>(kCTranslate2Activations.size()) - 1, 0);
  return kCTranslate2Activations[static_cast<size_t>(found)];
}

// Both stacks have it the same.
template <class Value>
Value Same(Value encoder, Value decoder, const TensorArchive& archive, const char* what) {
  if (encoder == decoder) return encoder;
  throw FormatError(archive.path(),
                    fmt::format("{} of the decoder differ from the encoder's, expected the same", what));
}

void ReadScales(Attributes& attributes, const TensorArchive& archive, TransformerConfig* c) {
  const auto scaled = [&](const std::string& stack) {
    const std::string name = stack + "/scale_embeddings";
    attributes.Ignore(stack + "/embeddings/multiply_by_sqrt_depth");
    const double value =
        attributes.Find(name).value_or(attributes.Get(stack + "/embeddings/multiply_by_sqrt_depth", 1));
    if (!archive.Has(name) || archive.Find(name).dtype == DType::kI8) return value != 0;
    const double root = std::sqrt(static_cast<double>(c->d_model));
    if (value != 1 && std::abs(value - root) > 1e-4 * root) attributes.Refuse(name, "1 or the root of the width");
    return value != 1;
  };
  c->scale_embedding = Same(scaled("encoder"), scaled("decoder"), archive, "scales of embeddings");
  c->logit_scale = static_cast<float>(attributes.Get("decoder/scale_outputs", 0));
}

void ReadPositions(Attributes& attributes, const TensorArchive& archive, TransformerConfig* c) {
  constexpr char kBias[] = "/layer_0/self_attention/relative_attention_bias";
  c->max_src_len = c->max_tgt_len = kMaxLength;
  if (archive.Has("encoder" + std::string(kBias))) {
    c->positions = Positions::kNone;
    c->relative_buckets = Rows(archive, "encoder" + std::string(kBias));
    c->relative_max_distance =
        attributes.Integer("encoder/layer_0/self_attention/relative_attention_max_distance", 2, 65535, 128);
    return;
  }
  constexpr char kEncodings[] = "/position_encodings/encodings";
  if (!archive.Has("encoder" + std::string(kEncodings))) {
    c->positions = Positions::kSinusoidal;  // as OpenNMT has them: the first position is 1
    c->sinusoid_layout = SinusoidLayout::kHalves;
    c->sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
    c->first_position = 1;
    return;
  }
  c->positions = Positions::kLearned;  // a table is a table, however it was made
  c->max_src_len = std::min(Rows(archive, "encoder" + std::string(kEncodings)), 65535);
  c->max_tgt_len = std::min(Rows(archive, "decoder" + std::string(kEncodings)), 65535);
}

Tying TyingOf(const TensorArchive& archive) {
  const auto same = [&](const std::string& one, const std::string& other) {
    return archive.Find(one).shape == archive.Find(other).shape &&
           archive.Find(one).dtype == archive.Find(other).dtype && archive.ReadBytes(one) == archive.ReadBytes(other);
  };
  const bool embeddings = same(SrcTable(archive), kCTranslate2TgtTable),
             output = same(kCTranslate2TgtTable, kCTranslate2Output);
  return embeddings ? (output ? Tying::kAll : Tying::kEmbeddings) : output ? Tying::kDecoder : Tying::kNone;
}

void RequireKnownKind(Attributes& attributes) {
  for (const char* const stack : {"encoder", "decoder"}) {
    const std::string of = std::string(stack) + "/";
    attributes.Expect(of + "multi_query_attention", 0);
    attributes.Ignore(of + "embeddings_merge");  // of one embedding
  }
  attributes.Expect("decoder/alibi", 0);
  for (const char* const name : {"alibi_use_positive_positions", "scale_alibi", "alignment_layer", "alignment_heads"}) {
    attributes.Ignore("decoder/" + std::string(name));
  }
}

TransformerConfig ReadConfig(SourceSettings& settings, Attributes& attributes, const TensorArchive& archive) {
  TransformerConfig c;
  RequireKnownKind(attributes);
  const ArchiveTensor& table = archive.Find(SrcTable(archive));
  c.d_model = table.shape.size() == 2 ? static_cast<int>(std::min<int64_t>(table.shape[1], 1 << 16)) : 0;
  c.src_vocab = Rows(archive, SrcTable(archive));
  c.tgt_vocab = Rows(archive, kCTranslate2TgtTable);
  c.encoder_layers = CountLayers(archive, "encoder");
  c.decoder_layers = CountLayers(archive, "decoder");
  c.heads = Same(attributes.Integer("encoder/num_heads", 1, 1024, 8),
                 attributes.Integer("decoder/num_heads", 1, 1024, 8), archive, "heads");
  const bool pre =
      Same(attributes.Flag("encoder/pre_norm", true), attributes.Flag("decoder/pre_norm", true), archive, "norms");
  c.norm_order = pre ? NormOrder::kPre : NormOrder::kPost;
  c.activation = Same(ActivationOf(attributes, "encoder/activation"), ActivationOf(attributes, "decoder/activation"),
                      archive, "activations");
  constexpr char kFirst[] = "encoder/layer_0/";
  const auto first = [&](const char* name) { return kFirst + std::string(name); };
  c.d_ff = Rows(archive, first("ffn/linear_0/weight"));
  c.gated = archive.Has(first("ffn/linear_0_noact/weight"));
  c.bias = archive.Has(first("ffn/linear_0/bias"));
  c.d_head = Rows(archive, first("self_attention/linear_0/weight")) / 3 / c.heads;
  if (c.d_head * c.heads == c.d_model) c.d_head = 0;
  c.attention_scale = static_cast<float>(attributes.Get(first("self_attention/queries_scale"), 0));
  c.norm_bias = archive.Has(first("ffn/layer_norm/beta"));
  c.norm_kind = c.norm_bias ? NormKind::kLayer : NormKind::kRms;
  c.norm_epsilon = static_cast<float>(settings.Number("layer_norm_epsilon", c.norm_bias ? 1e-5 : 1e-6));
  c.final_norm = archive.Has("encoder/layer_norm/gamma");
  c.embedding_norm = archive.Has("encoder/layernorm_embedding/gamma");
  c.output_bias = archive.Has("decoder/projection/bias");
  c.tying = TyingOf(archive);
  ReadScales(attributes, archive, &c);
  ReadPositions(attributes, archive, &c);
  return c;
}

// What stands more than once, or belongs to how CTranslate2 multiplies.
bool IsUnused(const std::string& name) {
  return name.ends_with("/weight_compensation") || name.ends_with("/queries_scale") ||
         name.find("/self_attention/relative_attention_") != std::string::npos;
}

// The tokens of a vocabulary in the order of their ids.
std::optional<std::vector<std::string>> ReadVocabulary(FileSystem& files, const std::string& directory,
                                                       const std::string& name) {
  const std::string json = JoinPath(directory, name + ".json"), text = JoinPath(directory, name + ".txt");
  std::vector<std::string> tokens;
  if (files.Exists(json)) {
    const JsonDocument document(ReadFile(files, json, kMaxVocabularyBytes), {json, kAdvice});
    for (const JsonValue& token : document.root().Array("this")) tokens.push_back(token.String("a token"));
    return tokens;
  }
  if (!files.Exists(text)) return std::nullopt;
  const std::string lines = ReadFile(files, text, kMaxVocabularyBytes);
  for (size_t begin = 0; begin < lines.size();) {
    const size_t end = std::min(lines.find('\n', begin), lines.size());
    tokens.push_back(lines.substr(begin, end - begin));
    begin = end + 1;
  }
  return tokens;
}

// The special tokens by the names that they have there.
struct SpecialNames {
  std::string bos, eos, unk;
};

struct Side {
  std::shared_ptr<const Segmenter> segmenter;
  TokenizerSettings settings;
  TokenIds ids;  // of its tokens, as the file calls them
};

// A list of tokens as words: those that no text could have, or that come twice, are called by their numbers.
std::vector<std::string> WordsOf(const std::vector<std::string>& tokens, const SpecialNames& special) {
  std::vector<std::string> words;
  std::set<std::string> seen;
  for (const std::string& token : tokens) {
    std::string word = token == special.eos ? "</s>" : token == special.unk ? "<unk>" : token;
    const bool breaks = word.empty() || word.find_first_of(" \t\n\v\f\r\0", 0, 7) != std::string::npos;
    if (breaks || !seen.insert(word).second) word = RowName(static_cast<int32_t>(words.size()));
    words.push_back(word);
  }
  return words;
}

// The SentencePiece models that cut a model's text into its pieces, of the source and of the target: which the user
// names, or those that lie beside it, as exports and many converters leave them; "" where there are none.
std::pair<std::string, std::string> FindSegmenters(FileSystem& files, const std::string& directory,
                                                   const std::string& named) {
  if (!named.empty()) return {named, named};
  const std::string joint = JoinPath(directory, kCTranslate2Spm), src = JoinPath(directory, kCTranslate2SrcSpm),
                    tgt = JoinPath(directory, kCTranslate2TgtSpm);
  if (files.Exists(joint)) return {joint, joint};
  if (files.Exists(src) && files.Exists(tgt)) return {src, tgt};
  return {};
}

Side ReadSide(FileSystem& files, const std::vector<std::string>& tokens, const std::string& spm,
              const SpecialNames& special, int32_t rows, const std::string& directory) {
  Side side;
  for (size_t id = 0; id < tokens.size(); ++id) side.ids.insert({tokens[id], static_cast<int32_t>(id)});
  if (spm.empty()) {
    side.segmenter = Tokenizer::FromBytes(WordListOf(WordsOf(tokens, special)), directory).segmenter();
  } else {
    side.segmenter = OpenSegmenter(files, spm);
    std::vector<std::string> unknown;
    for (size_t id = 0; id < tokens.size(); ++id) {
      const bool means_nothing = tokens[id].empty() || tokens[id] == RowName(static_cast<int32_t>(id));
      if (!means_nothing && !side.segmenter->Find(tokens[id])) unknown.push_back(tokens[id]);
    }
    side.segmenter = Tokenizer::FromBytes(WithUnusedPieces(side.segmenter->info().bytes, unknown), spm).segmenter();
    side.settings.ids = IdsOfPieces(*side.segmenter, side.ids);
  }
  PadTo(rows, *side.segmenter, &side.settings);
  return side;
}

int32_t IdOf(const Side& side, const std::string& token, const std::string& directory) {
  const auto found = side.ids.find(token);
  if (found != side.ids.end()) return found->second;
  throw FormatError(directory, fmt::format("its vocabulary has no \"{}\"; {}", token, kAdvice));
}

VocabularyPair ReadVocabularies(FileSystem& files, const std::string& directory, SourceSettings& settings,
                                const CTranslate2Options& options, TransformerConfig* config) {
  const SpecialNames special{settings.String("bos_token", "<s>"), settings.String("eos_token", "</s>"),
                             settings.String("unk_token", "<unk>")};
  const auto shared = ReadVocabulary(files, directory, "shared_vocabulary");
  const auto src_tokens = shared ? shared : ReadVocabulary(files, directory, "source_vocabulary");
  const auto tgt_tokens = shared ? shared : ReadVocabulary(files, directory, "target_vocabulary");
  if (!src_tokens || !tgt_tokens) {
    throw FileError(directory,
                    fmt::format("holds no vocabulary, expected shared_vocabulary.json, or source_vocabulary and "
                                "target_vocabulary (.json, .txt); {}",
                                kAdvice));
  }
  const auto [src_spm, tgt_spm] = FindSegmenters(files, directory, options.spm);
  const bool one = shared && src_spm == tgt_spm;
  Side src = ReadSide(files, *src_tokens, src_spm, special, config->src_vocab, directory);
  Side tgt = one ? src : ReadSide(files, *tgt_tokens, tgt_spm, special, config->tgt_vocab, directory);
  if (settings.Bool("add_source_bos", false)) src.settings.prefix = {IdOf(src, special.bos, directory)};
  const bool adds_eos = settings.Bool("add_source_eos", false);
  if (!adds_eos && !options.source_eos) src.settings.suffix.emplace();
  const std::string start = settings.String("decoder_start_token", special.bos);
  if (config->decoder_start != -1) config->decoder_start = IdOf(tgt, start, directory);
  return PairOf(src.segmenter, tgt.segmenter, {src.settings, tgt.settings}, directory);
}

}  // namespace

bool IsCTranslate2(FileSystem& files, const std::string& directory) {
  return files.Exists(JoinPath(directory, kCTranslate2Model)) &&
         (files.Exists(JoinPath(directory, "shared_vocabulary.json")) ||
          files.Exists(JoinPath(directory, "shared_vocabulary.txt")) ||
          files.Exists(JoinPath(directory, "source_vocabulary.json")) ||
          files.Exists(JoinPath(directory, "source_vocabulary.txt")));
}

ForeignModel OpenCTranslate2(FileSystem& files, const std::string& directory, const CTranslate2Options& options) {
  ForeignModel model;
  model.decode_options = kSearch;
  model.family = "CTranslate2";
  auto archive = OpenCTranslate2Binary(files, JoinPath(directory, kCTranslate2Model));
  if (archive->spec_name() != kCTranslate2Spec) {
    throw FormatError(archive->path(), fmt::format("is a {}, expected a TransformerSpec: an encoder and a decoder",
                                                   archive->spec_name().substr(0, 60)));
  }
  const std::string config_path = JoinPath(directory, kCTranslate2Config);
  SourceSettings settings =
      files.Exists(config_path) ? SourceSettings(files, config_path) : SourceSettings("{}", config_path);
  Attributes attributes(*archive);
  model.config = ReadConfig(settings, attributes, *archive);
  if (attributes.Flag("decoder/start_from_zero_embedding", false)) model.config.decoder_start = -1;
  model.vocabs = ReadVocabularies(files, directory, settings, options, &model.config);
  settings.ExpectBool("multi_query_attention", false);
  settings.Ignore({"quantization_type", "quantization_bits", "quantization_group_size"});
  settings.RequireNoneLeft();
  const TransformerConfig& config = model.config;
  const std::string src_table = SrcTable(*archive);
  model.weights.origin = [config, src_table](const Parameter& parameter) {
    TensorOrigin origin = CTranslate2Origin(config, src_table, parameter);
    if (origin.name.ends_with("/weight")) origin.scale = origin.name + "_scale";
    return origin;
  };
  std::set<std::string> known = attributes.known();
  for (const char* const table :
       {kCTranslate2TgtTable, kCTranslate2Output}) {  // those that TyingOf has found to be another's
    known.insert(table);
    known.insert(std::string(table) + "_scale");
  }
  model.weights.is_unused = [known](const std::string& name) { return known.contains(name) || IsUnused(name); };
  model.about.name = FileName(directory);
  model.archive = std::move(archive);
  return model;
}

}  // namespace dragoman
