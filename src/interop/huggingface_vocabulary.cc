// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_vocabulary.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "interop/unigram_json.h"
#include "interop/vocabulary_parts.h"
#include "text/byte_bpe_pair.h"
#include "text/id_map.h"
#include "text/model_proto_check.h"

namespace dragoman {
namespace {

constexpr char kAdvice[] = "take the files that the model came with";
constexpr char kSpiece[] = "spiece.model", kBpe[] = "sentencepiece.bpe.model";
constexpr char kMarianSource[] = "source.spm", kMarianTarget[] = "target.spm";
constexpr char kMerges[] = "merges.txt";
constexpr char kVocab[] = "vocab.json", kTargetVocab[] = "target_vocab.json";
constexpr char kTokenizer[] = "tokenizer.json", kAddedTokens[] = "added_tokens.json";
constexpr char kTokenizerConfig[] = "tokenizer_config.json", kSpecialTokens[] = "special_tokens_map.json";

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
  if (source.HasFile(kTokenizer)) {
    const auto document = open(kTokenizer);
    const JsonObject json = document->root().Object("this");
    if (const JsonValue* const added = json.Find("added_tokens")) {
      for (const JsonValue& token : added->Array("key \"added_tokens\"")) {
        const JsonObject fields = token.Object("a token");
        add(fields.At("content"), fields.At("id").Integer("a token's id", 0, kMaxVocabularyPieces - 1));
      }
    }
    return tokens;
  }
  if (source.HasFile(kAddedTokens)) tokens = ReadTokenIds(source.files, source.PathOf(kAddedTokens));
  if (!source.HasFile(kTokenizerConfig)) return tokens;
  const auto document = open(kTokenizerConfig);
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
  if (!source.HasFile(kSpecialTokens)) return tokens;
  const std::string path = source.PathOf(kSpecialTokens);
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

// What is left of `tokens` without those that are pieces, or have no place in a vocabulary of ours.
TokenIds WithoutPieces(const TokenIds& tokens, const Segmenter& segmenter, const std::vector<int32_t>& ids) {
  TokenIds left;
  for (const auto& [name, id] : tokens) {
    const std::optional<int32_t> piece = segmenter.Find(name);
    if (piece && (ids.empty() || ids[static_cast<size_t>(*piece)] != IdMap::kNone)) continue;
    left[name] = id;
  }
  return left;
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
  const std::string path = source.PathOf(kTokenizer);
  UnigramVocabulary read = ReadUnigramJson(ReadFile(source.files, path, kMaxVocabularyBytes), path);
  return {Tokenizer::FromBytes(std::move(read.model), path).segmenter(), std::move(read.ids)};
}

// MarianMT: two SentencePiece models, and of vocab.json the ids of both, or, with two vocabularies, of one. What a
// joint vocabulary has from the source's side alone the target can say nonetheless.
Sides ReadMarian(const HuggingFaceSource& source, const TransformerConfig& config) {
  const bool separate = source.HasFile(kTargetVocab) && !config.has_joint_embedding();
  const TokenIds src_tokens = ReadTokenIds(source.files, source.PathOf(kVocab));
  const TokenIds tgt_tokens = separate ? ReadTokenIds(source.files, source.PathOf(kTargetVocab)) : src_tokens;
  Sides sides;
  sides.src = OpenSegmenter(source.files, source.PathOf(kMarianSource));
  sides.tgt = OpenSegmenter(source.files, source.PathOf(kMarianTarget));
  std::vector<std::string> unspoken;
  for (const auto& [token, id] : tgt_tokens) {
    if (!sides.tgt->Find(token) && token != "<pad>" && CodeOfTag(token).empty()) unspoken.push_back(token);
  }
  if (!unspoken.empty()) {
    sides.tgt = Tokenizer::FromBytes(WithUnusedPieces(sides.tgt->info().bytes, unspoken), source.PathOf(kMarianTarget))
                    .segmenter();
  }
  const auto settle = [](const Segmenter& segmenter, const TokenIds& tokens, TokenizerSettings* settings) {
    settings->ids = IdsOfPieces(segmenter, tokens);
    for (const auto& [token, id] : WithoutPieces(tokens, segmenter, settings->ids)) {
      if (token == "<pad>" || !CodeOfTag(token).empty()) settings->added[token] = id;
    }
  };
  settle(*sides.src, src_tokens, &sides.settings.src);
  settle(*sides.tgt, tgt_tokens, &sides.settings.tgt);
  Required(src_tokens, "</s>", source.PathOf(kVocab));
  for (const auto& [token, id] : src_tokens) {
    if (const std::string code = CodeOfTag(token); !code.empty()) sides.settings.src.languages[code] = id;
  }
  if (!sides.settings.src.languages.empty()) sides.settings.src.prefix = {kTgtLanguage};
  return sides;
}

// fairseq's order, which mBART and NLLB keep: <s> <pad> </s> <unk>, then SentencePiece's pieces from its fourth on.
std::vector<int32_t> FairseqIds(const Segmenter& segmenter) {
  std::vector<int32_t> ids(static_cast<size_t>(segmenter.info().size));
  for (size_t piece = 0; piece < ids.size(); ++piece) ids[piece] = static_cast<int32_t>(piece) + 1;
  const auto set = [&](int32_t piece, int32_t id) {
    if (piece >= 0) ids[static_cast<size_t>(piece)] = id;
  };
  set(segmenter.info().bos_id, 0);
  set(segmenter.info().eos_id, 2);
  set(segmenter.info().unk_id, 3);
  return ids;
}

bool IsM2m100Language(const std::string& name) {
  return name.starts_with("__") && name.ends_with("__") && name.size() > 4;
}

// The tokens of languages, without what other tokens there are.
TokenIds LanguagesAmong(const TokenIds& tokens) {
  TokenIds languages;
  for (const auto& [name, id] : tokens) {
    if (IsM2m100Language(name)) {
      languages[name.substr(2, name.size() - 4)] = id;
    } else if (!name.starts_with("<")) {
      languages[name] = id;
    }
  }
  return languages;
}

// M2M100, NLLB, mBART: tokens of languages before or after the source, and first in the target.
Sides ReadMultilingual(const HuggingFaceSource& source, const std::string& model_type) {
  Sides sides;
  const Pieces pieces = OpenPieces(source, kBpe);
  sides.src = sides.tgt = pieces.segmenter;
  TokenIds added = AddedTokens(source);
  TokenizerSettings settings;
  int32_t eos = 2;
  if (!pieces.ids.empty()) {
    settings.ids = pieces.ids;
    eos = Required(added, "</s>", source.PathOf(kTokenizer));
  } else if (source.HasFile(kVocab)) {  // M2M100 numbers its pieces itself, and its languages after them
    const TokenIds tokens = ReadTokenIds(source.files, source.PathOf(kVocab));
    settings.ids = IdsOfPieces(*sides.src, tokens);
    eos = Required(tokens, "</s>", source.PathOf(kVocab));
    added.insert({"<pad>", Required(tokens, "<pad>", source.PathOf(kVocab))});
    auto next = static_cast<int32_t>(tokens.size());
    for (const std::string& token : SpecialTokens(source)) added.insert({token, next++});
  } else {
    if (std::ranges::any_of(added, [](const auto& token) { return IsM2m100Language(token.first); })) {
      throw FileError(source.PathOf(kVocab),
                      fmt::format("is not there, which numbers the pieces of M2M100; {}", kAdvice));
    }
    settings.ids = FairseqIds(*sides.src);
    added.insert({"<pad>", 1});
  }
  settings.added = WithoutPieces(added, *sides.src, settings.ids);
  settings.languages = LanguagesAmong(settings.added);
  if (settings.languages.empty()) {
    throw FormatError(source.directory,
                      fmt::format("no tokens of languages in {}, {}, {} or {}, expected some; {}", kTokenizer,
                                  kAddedTokens, kTokenizerConfig, kSpecialTokens, kAdvice));
  }
  sides.settings = {settings, settings};
  if (model_type == "mbart" && !source.generation.forced_first && source.generation.decoder_start != eos) {
    // mBART of 25 languages: the target's starts the decoder, so it is in the configuration.
    sides.settings.src.suffix = {{eos, kSrcLanguage}};
    sides.settings.tgt.languages.clear();
    return sides;
  }
  sides.settings.src.prefix = {kSrcLanguage};
  sides.settings.tgt.prefix = {kTgtLanguage};
  if (source.HasFile(kTokenizerConfig) &&
      SourceSettings(source.files, source.PathOf(kTokenizerConfig)).Bool("legacy_behaviour", false)) {
    sides.settings.src.prefix.clear();  // NLLB before 2023: its source was like mBART's
    sides.settings.src.suffix = {{eos, kSrcLanguage}};
  }
  return sides;
}

// T5: ids are SentencePiece's; 100 sentinels follow, the first last. MADLAD-400 has tags such as <2de> among its
// pieces.
Sides ReadT5(const HuggingFaceSource& source) {
  constexpr int32_t kSentinels = 100;
  Sides sides;
  const Pieces pieces = OpenPieces(source, kSpiece);
  sides.src = sides.tgt = pieces.segmenter;
  TokenizerSettings settings;
  if (!pieces.ids.empty()) {
    settings.ids = pieces.ids;
    settings.added = WithoutPieces(AddedTokens(source), *sides.src, settings.ids);
  } else if (!sides.src->Find("<extra_id_0>")) {
    for (int32_t i = 0; i < kSentinels; ++i) {
      settings.added[fmt::format("<extra_id_{}>", i)] = sides.src->info().size + kSentinels - 1 - i;
    }
  }
  sides.settings = {settings, settings};
  TokenIds tags;
  const auto add_tag = [&](const std::string& text, int32_t id) {
    if (text.starts_with("<2") && text.ends_with(">") && text.size() > 3) tags[text.substr(2, text.size() - 3)] = id;
  };
  for (int32_t piece = 0; piece < sides.src->info().size; ++piece) {
    add_tag(sides.src->Piece(piece), settings.ids.empty() ? piece : settings.ids[static_cast<size_t>(piece)]);
  }
  for (const auto& [name, id] : settings.added) add_tag(name, id);
  constexpr size_t kFewTags = 8;  // else a word that happens to look so
  if (tags.size() > kFewTags) {
    sides.settings.src.languages = tags;
    sides.settings.src.prefix = {kTgtLanguage};
  }
  return sides;
}

// PEGASUS: <pad> </s>, then 103 tokens of its pretraining, then SentencePiece's pieces from <unk> on.
Sides ReadPegasus(const HuggingFaceSource& source) {
  constexpr int32_t kOffset = 103;
  Sides sides;
  const Pieces pieces = OpenPieces(source, kSpiece);
  sides.src = sides.tgt = pieces.segmenter;
  TokenizerSettings settings{.ids = pieces.ids};
  for (int32_t piece = 0; pieces.ids.empty() && piece < sides.src->info().size; ++piece) {
    settings.ids.push_back(piece < 2 ? piece : piece + kOffset);
  }
  for (const auto& [name, id] : WithoutPieces(AddedTokens(source), *sides.src, settings.ids)) settings.added[name] = id;
  sides.settings = {settings, settings};
  return sides;
}

// BART: byte-level BPE, in the older two files or in one; <s> and </s> stand around a source.
Sides ReadByteBpe(const HuggingFaceSource& source) {
  const auto read = [&](const char* name) { return ReadFile(source.files, source.PathOf(name), kMaxVocabularyBytes); };
  const bool is_pair = source.HasFile(kVocab) && source.HasFile(kMerges);
  const ByteBpePairOptions options{.vocab_path = source.PathOf(kVocab), .merges_path = source.PathOf(kMerges)};
  const std::string bytes =
      is_pair ? ByteBpeFromVocabAndMerges(read(kVocab), read(kMerges), options) : read(kTokenizer);
  Sides sides;
  sides.src = sides.tgt = Tokenizer::FromBytes(bytes, source.PathOf(is_pair ? kVocab : kTokenizer)).segmenter();
  const std::optional<int32_t> begin = sides.src->Find("<s>");
  if (!begin) throw FormatError(source.directory, fmt::format("its vocabulary has no \"<s>\"; {}", kAdvice));
  sides.settings.src.prefix = {*begin};
  return sides;
}

}  // namespace

VocabularyPair ReadHuggingFaceVocabularies(const HuggingFaceSource& source, const std::string& model_type,
                                           ForeignModel* model) {
  const TransformerConfig& config = model->config;
  Sides sides;
  const bool is_multilingual = model_type == "mbart" || model_type == "m2m_100";
  // Without the SentencePiece model that it was made of.
  const bool has_json = source.HasFile(kTokenizer) && model_type != "bart" && model_type != "marian";
  if (source.HasFile(kMarianSource)) {
    sides = ReadMarian(source, config);
  } else if (source.HasFile(kBpe) || (is_multilingual && has_json)) {
    sides = ReadMultilingual(source, model_type);
  } else if (source.HasFile(kSpiece) || (!is_multilingual && has_json)) {
    sides = model_type == "pegasus" ? ReadPegasus(source) : ReadT5(source);
  } else if (model_type == "bart" && (source.HasFile(kVocab) || source.HasFile(kTokenizer))) {
    sides = ReadByteBpe(source);
  } else {
    for (const char* const name : {kVocab, kTokenizer}) {
      if (!source.HasFile(name)) continue;
      throw FileError(source.PathOf(name),
                      fmt::format("is there, but not what cuts text for a model of type {}: {}, {}, or {} "
                                  "and {}; {}",
                                  model_type, kBpe, kSpiece, kMarianSource, kMarianTarget, kAdvice));
    }
    const int32_t eos = source.generation.eos.value_or(config.tgt_vocab > 2 ? 2 : 0);
    const int32_t unk = eos == 3 ? 1 : 3;
    sides.src = sides.tgt = NumberSegmenter(config.tgt_vocab, eos, unk);
    if (config.src_vocab != config.tgt_vocab) sides.src = NumberSegmenter(config.src_vocab, eos, unk);
    model->notes.push_back("it came without a tokenizer: text is token ids, as decimal numbers");
  }
  if (source.generation.forced_first && sides.settings.tgt.prefix.empty() && sides.settings.tgt.languages.empty()) {
    sides.settings.tgt.prefix = {*source.generation.forced_first};
  }
  PadTo(config.src_vocab, *sides.src, &sides.settings.src);
  PadTo(config.tgt_vocab, *sides.tgt, &sides.settings.tgt);
  const Tokenizer tgt(sides.tgt, sides.settings.tgt, source.directory);
  for (const int32_t id : source.generation.banned) {
    if (tgt.HasPiece(id) && id != tgt.eos_id()) sides.settings.tgt.banned.push_back(id);
  }
  return PairOf(sides.src, sides.tgt, sides.settings, source.directory);
}

}  // namespace dragoman
