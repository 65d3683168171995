// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "interop/huggingface_tokens.h"
#include "interop/unigram_json.h"
#include "interop/vocabulary_parts.h"
#include "text/byte_bpe_pair.h"
#include "text/id_map.h"
#include "text/model_proto_check.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] = "take the files that the model came with";
constexpr char kMerges[] = "merges.txt";

// The tokens beside the pieces, and their ids, wherever the directory says so.
TokenIds AddedTokens(const HuggingFaceSource& source) {
  const auto open = [&](const char* name) {
    return std::make_unique<const JsonDocument>(ReadFile(source.files, source.PathOf(name), kMaxVocabularyBytes),
                                                JsonOrigin{source.PathOf(name), kAdvice});
  };
  TokenIds tokens;
  const auto add = [&](const JsonValue& content, int64_t id) {
    tokens[content.String("a token's content")] = static_cast<int32_t>(id);
  };
  if (source.HasFile(kTokenizerJsonFile)) {
    const auto document = open(kTokenizerJsonFile);
    const JsonObject json = document->root().Object("this");
    if (const JsonValue* const added = json.Find("added_tokens")) {
      for (const JsonValue& token : added->Array("key \"added_tokens\"")) {
        const JsonObject fields = token.Object("a token");
        add(fields.At("content"), fields.At("id").Integer("a token's id", 0, kMaxVocabularyPieces - 1));
      }
    }
    return tokens;
  }
  if (source.HasFile(kAddedTokensFile)) tokens = ReadTokenIds(source.files, source.PathOf(kAddedTokensFile));
  if (!source.HasFile(kTokenizerConfigFile)) return tokens;
  const auto document = open(kTokenizerConfigFile);
  const JsonObject json = document->root().Object("this");
  const JsonValue* const decoder = json.Find("added_tokens_decoder");
  if (decoder == nullptr) return tokens;
  const JsonObject by_id = decoder->Object("key \"added_tokens_decoder\"");
  for (const JsonObject::Member& token : by_id.members()) {
    int64_t id = 0;
    for (const char c : token.key) {
      if (c < '0' || c > '9' || id > kMaxVocabularyPieces)
        token.value.Fail("its key is no token's id, expected a number");
      id = id * 10 + (c - '0');
    }
    add(token.value.Object("a token").At("content"), id);
  }
  return tokens;
}

// additional_special_tokens, in their order.
std::vector<std::string> SpecialTokens(const HuggingFaceSource& source) {
  std::vector<std::string> tokens;
  if (!source.HasFile(kSpecialTokensFile)) return tokens;
  const std::string path = source.PathOf(kSpecialTokensFile);
  const JsonDocument document(ReadFile(source.files, path, kMaxVocabularyBytes), {path, kAdvice});
  const JsonObject json = document.root().Object("this");
  const JsonValue* const special = json.Find("additional_special_tokens");
  if (special == nullptr) return tokens;
  for (const JsonValue& token : special->Array("key \"additional_special_tokens\"")) {
    tokens.push_back(token.kind() == JsonKind::kObject ? token.Object("a token").At("content").String("its content")
                                                       : token.String("a token"));
  }
  return tokens;
}

// A token's id; throws FormatError where there is none.
int32_t Required(const TokenIds& tokens, const std::string& name, const std::string& path) {
  const auto found = tokens.find(name);
  if (found != tokens.end()) return found->second;
  throw FormatError(path, fmt::format("has no \"{}\", which every sentence needs; {}", name, kAdvice));
}

struct Sides {
  std::shared_ptr<const Segmenter> src, tgt;
  TokenizerSettingsPair settings;
};

// One vocabulary of pieces for both sides: of the SentencePiece model `name`, numbered by itself (no ids), or, where
// that is not there, of tokenizer.json, which has an id for each piece.
struct Pieces {
  std::shared_ptr<const Segmenter> segmenter;
  std::vector<int32_t> ids;
};

Pieces OpenPieces(const HuggingFaceSource& source, const char* name) {
  if (source.HasFile(name)) return {OpenSegmenter(source.files, source.PathOf(name)), {}};
  const std::string path = source.PathOf(kTokenizerJsonFile);
  UnigramVocabulary read = ReadUnigramJson(ReadFile(source.files, path, kMaxVocabularyBytes), path);
  return {Tokenizer::FromBytes(std::move(read.model), path).segmenter(), std::move(read.ids)};
}

// MarianMT: two SentencePiece models, and of vocab.json the ids of both, or, with two vocabularies, of one. What a
// joint vocabulary has from the source's side alone the target can say nonetheless.
Sides ReadMarian(const HuggingFaceSource& source, const TransformerConfig& config) {
  const bool separate = source.HasFile(kTargetVocabJsonFile) && !config.has_joint_embedding();
  const TokenIds src_tokens = ReadTokenIds(source.files, source.PathOf(kVocabJsonFile));
  const TokenIds tgt_tokens = separate ? ReadTokenIds(source.files, source.PathOf(kTargetVocabJsonFile)) : src_tokens;
  Sides sides;
  sides.src = OpenSegmenter(source.files, source.PathOf(kSourceSpmFile));
  sides.tgt = OpenSegmenter(source.files, source.PathOf(kTargetSpmFile));
  if (sides.tgt->info().bytes == sides.src->info().bytes) sides.tgt = sides.src;  // one vocabulary
  std::vector<std::string> unspoken;
  for (const auto& [token, id] : tgt_tokens) {
    if (!sides.tgt->Find(token) && token != kPadToken && CodeOfTag(token).empty()) unspoken.push_back(token);
  }
  if (!unspoken.empty()) {
    sides.tgt = Tokenizer::FromBytes(WithUnusedPieces(sides.tgt->info().bytes, unspoken), source.PathOf(kTargetSpmFile))
                    .segmenter();
  }
  Required(src_tokens, "</s>", source.PathOf(kVocabJsonFile));
  sides.settings = MarianTokens(*sides.src, *sides.tgt, src_tokens, tgt_tokens);
  return sides;
}

// Of a tokenizer that says only whose languages it has: transformers 5 writes no more of M2M100's. In their order,
// which numbers them.
std::vector<std::string> NamedLanguages(const HuggingFaceSource& source) {
  constexpr std::string_view kM2m100 =
      "af am ar ast az ba be bg bn br bs ca ceb cs cy da de el en es et fa ff fi fr fy ga gd gl gu ha he hi hr ht hu "
      "hy id ig ilo is it ja jv ka kk km kn ko lb lg ln lo lt lv mg mk ml mn mr ms my ne nl no ns oc or pa pl ps pt ro "
      "ru sd si sk sl so sq sr ss su sv sw ta th tl tn tr uk ur uz vi wo xh yi yo zh zu";
  constexpr std::string_view kWmt21 = "en ha is ja cs ru zh de";
  if (!source.HasFile(kTokenizerConfigFile)) return {};
  const std::string named =
      SourceSettings(source.files, source.PathOf(kTokenizerConfigFile)).String("language_codes", "");
  std::istringstream codes(std::string(named == "m2m100" ? kM2m100 : named == "wmt21" ? kWmt21 : ""));
  std::vector<std::string> tokens;
  for (std::string code; codes >> code;) tokens.push_back("__" + code + "__");
  return tokens;
}

LanguagePlaces LanguagePlacesOf(const HuggingFaceSource& source, const std::string& model_type, int32_t eos) {
  if (model_type == "mbart" && !source.generation.forced_first && source.generation.decoder_start != eos) {
    return LanguagePlaces::kBehindAlone;  // of 25 languages: the target's starts the decoder, so it is in config.json
  }
  const bool is_legacy =
      source.HasFile(kTokenizerConfigFile) &&
      SourceSettings(source.files, source.PathOf(kTokenizerConfigFile)).Bool("legacy_behaviour", false);
  return is_legacy ? LanguagePlaces::kBehind : LanguagePlaces::kBefore;
}

// M2M100, NLLB, mBART: tokens of languages before or after the source, and first in the target.
Sides ReadMultilingual(const HuggingFaceSource& source, const std::string& model_type) {
  Sides sides;
  const Pieces pieces = OpenPieces(source, kBpeFile);
  sides.src = sides.tgt = pieces.segmenter;
  TokenIds added = AddedTokens(source);
  std::vector<int32_t> ids;
  int32_t eos = 2;
  if (!pieces.ids.empty()) {
    ids = pieces.ids;
    eos = Required(added, "</s>", source.PathOf(kTokenizerJsonFile));
  } else if (source.HasFile(kVocabJsonFile)) {  // M2M100 numbers its pieces itself, and its languages after them
    const TokenIds tokens = ReadTokenIds(source.files, source.PathOf(kVocabJsonFile));
    ids = IdsOfPieces(*sides.src, tokens);
    eos = Required(tokens, "</s>", source.PathOf(kVocabJsonFile));
    added.insert({kPadToken, Required(tokens, kPadToken, source.PathOf(kVocabJsonFile))});
    auto next = static_cast<int32_t>(tokens.size());
    std::vector<std::string> languages = SpecialTokens(source);
    if (languages.empty()) languages = NamedLanguages(source);
    for (const std::string& token : languages) added.insert({token, next++});
  } else {
    if (std::ranges::any_of(added, [](const auto& token) { return IsM2m100Language(token.first); })) {
      throw FileError(source.PathOf(kVocabJsonFile),
                      fmt::format("is not there, which numbers the pieces of M2M100; {}", kAdvice));
    }
    ids = FairseqIds(*sides.src);
    added.insert({kPadToken, 1});
  }
  sides.settings =
      MultilingualTokens(*sides.src, std::move(ids), added, eos, LanguagePlacesOf(source, model_type, eos));
  if (sides.settings.src.languages.empty()) {
    throw FormatError(source.directory,
                      fmt::format("no tokens of languages in {}, {}, {} or {}, expected some; {}", kTokenizerJsonFile,
                                  kAddedTokensFile, kTokenizerConfigFile, kSpecialTokensFile, kAdvice));
  }
  return sides;
}

Sides ReadSpiece(const HuggingFaceSource& source, const std::string& model_type) {
  Sides sides;
  const Pieces pieces = OpenPieces(source, kSpieceFile);
  sides.src = sides.tgt = pieces.segmenter;
  if (model_type == "pegasus") {
    sides.settings = PegasusTokens(*sides.src, AddedTokens(source), pieces.ids);
  } else {
    sides.settings = pieces.ids.empty() ? T5Tokens(*sides.src) : T5Tokens(*sides.src, pieces.ids, AddedTokens(source));
  }
  return sides;
}

// BART: byte-level BPE, in the older two files or in one; <s> and </s> stand around a source.
Sides ReadByteBpe(const HuggingFaceSource& source) {
  const auto read = [&](const char* name) { return ReadFile(source.files, source.PathOf(name), kMaxVocabularyBytes); };
  const bool is_pair = source.HasFile(kVocabJsonFile) && source.HasFile(kMerges);
  const ByteBpePairOptions options{.vocab_path = source.PathOf(kVocabJsonFile), .merges_path = source.PathOf(kMerges)};
  const std::string bytes =
      is_pair ? ByteBpeFromVocabAndMerges(read(kVocabJsonFile), read(kMerges), options) : read(kTokenizerJsonFile);
  Sides sides;
  sides.src = sides.tgt =
      Tokenizer::FromBytes(bytes, source.PathOf(is_pair ? kVocabJsonFile : kTokenizerJsonFile)).segmenter();
  const std::optional<int32_t> begin = sides.src->Find("<s>");
  if (!begin) throw FormatError(source.directory, fmt::format("its vocabulary has no \"<s>\"; {}", kAdvice));
  sides.settings = BartTokens(*begin);
  return sides;
}

}  // namespace

VocabularyPair ReadHuggingFaceVocabularies(const HuggingFaceSource& source, const std::string& model_type,
                                           ForeignModel* model) {
  const TransformerConfig& config = model->config;
  Sides sides;
  const bool is_multilingual = model_type == "mbart" || model_type == "m2m_100";
  // Without the SentencePiece model that it was made of.
  const bool has_json = source.HasFile(kTokenizerJsonFile) && model_type != "bart" && model_type != "marian";
  if (source.HasFile(kSourceSpmFile)) {
    sides = ReadMarian(source, config);
  } else if (source.HasFile(kBpeFile) || (is_multilingual && has_json)) {
    sides = ReadMultilingual(source, model_type);
  } else if (source.HasFile(kSpieceFile) || (!is_multilingual && has_json)) {
    sides = ReadSpiece(source, model_type);
  } else if (model_type == "bart" && (source.HasFile(kVocabJsonFile) || source.HasFile(kTokenizerJsonFile))) {
    sides = ReadByteBpe(source);
  } else {
    for (const char* const name : {kVocabJsonFile, kTokenizerJsonFile}) {
      if (!source.HasFile(name)) continue;
      throw FileError(source.PathOf(name),
                      fmt::format("is there, but not what cuts text for a model of type {}: {}, {}, or {} "
                                  "and {}; {}",
                                  model_type, kBpeFile, kSpieceFile, kSourceSpmFile, kTargetSpmFile, kAdvice));
    }
    const int32_t eos = source.generation.eos.value_or(config.tgt_vocab > 2 ? 2 : 0);
    sides.src = sides.tgt = NumberSegmenter(config.tgt_vocab, eos, NumberedUnk(eos));
    if (config.src_vocab != config.tgt_vocab) sides.src = NumberSegmenter(config.src_vocab, eos, NumberedUnk(eos));
    model->notes.push_back("it came without a tokenizer: text is token ids, as decimal numbers");
  }
  if (source.generation.forced_first && sides.settings.tgt.prefix.empty() && sides.settings.tgt.languages.empty()) {
    sides.settings.tgt.prefix = {*source.generation.forced_first};
  }
  PadTo(config.src_vocab, *sides.src, &sides.settings.src);
  PadTo(config.tgt_vocab, *sides.tgt, &sides.settings.tgt);
  const Tokenizer tgt(sides.tgt, sides.settings.tgt, source.directory);
  for (const int32_t id : source.generation.banned) {
    // <unk> is kept out of every translation, unless its user says otherwise.
    if (tgt.HasPiece(id) && id != tgt.eos_id() && id != tgt.unk_id()) sides.settings.tgt.banned.push_back(id);
  }
  return PairOf(sides.src, sides.tgt, sides.settings, source.directory);
}

}  // namespace dragoman
