// SPDX-License-Identifier: Apache-2.0
#include "interop/huggingface_tokenizer_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "interop/huggingface_tokens.h"
#include "interop/vocabulary_parts.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;
using Files = std::optional<std::vector<CheckpointFile>>;

// What the tokenizers are compared by, with <pad> in it.
struct Wanted {
  const VocabularyPair& vocabs;
  const Segmenter &src, &tgt;
  TokenizerSettingsPair settings;
  PadToken pad;
  std::string model_type;
  const TransformerConfig& config;

  bool has_one_segmenter() const { return vocabs.joint(); }
};

// Without what other files say; ids that are the pieces' numbers are said in full.
TokenizerSettings Comparable(TokenizerSettings settings, const Segmenter& segmenter) {
  if (settings.ids.empty()) {
    settings.ids.resize(static_cast<size_t>(segmenter.info().size));
    std::iota(settings.ids.begin(), settings.ids.end(), 0);
  }
  settings.padding_rows = 0;
  settings.banned.clear();
  return settings;
}

bool IsWanted(const Wanted& wanted, const TokenizerSettingsPair& theirs) {
  return Comparable(theirs.src, wanted.src) == wanted.settings.src &&
         Comparable(theirs.tgt, wanted.tgt) == wanted.settings.tgt;
}

CheckpointFile JsonFile(const char* name, const Json& json) { return FileOfBytes(name, json.dump(2) + "\n"); }

// tokenizer_config.json
Json ConfigOf(const Wanted& wanted, const char* tokenizer_class) {
  const Tokenizer& src = *wanted.vocabs.src;
  return {{"tokenizer_class", tokenizer_class},   {"model_max_length", wanted.config.max_src_len},
          {"eos_token", src.Piece(src.eos_id())}, {"unk_token", src.Piece(src.unk_id())},
          {"pad_token", wanted.pad.name},         {"clean_up_tokenization_spaces", false}};
}

// The tokens beside the pieces, in the order in which they are to be added.
void AddTokens(const TokenIds& added, Json* config) {
  std::map<int32_t, std::string> by_id;
  for (const auto& [name, id] : added) by_id[id] = name;
  Json& decoder = (*config)["added_tokens_decoder"] = Json::object();
  for (const auto& [id, name] : by_id) {
    decoder[std::to_string(id)] = {{"content", name}, {"lstrip", false},      {"normalized", false},
                                   {"rstrip", false}, {"single_word", false}, {"special", true}};
  }
}

Files AsT5(const Wanted& wanted) {
  if (!wanted.has_one_segmenter() || !IsWanted(wanted, T5Tokens(wanted.src))) return std::nullopt;
  Json config = ConfigOf(wanted, "T5Tokenizer");
  if (wanted.settings.src.added.empty()) config["extra_ids"] = 0;
  return {{FileOfBytes(kSpieceFile, wanted.src.info().bytes), JsonFile(kTokenizerConfigFile, config)}};
}

Files AsPegasus(const Wanted& wanted) {
  if (wanted.model_type != "pegasus" || !wanted.has_one_segmenter()) return std::nullopt;
  const TokenIds& added = wanted.settings.src.added;
  if (!IsWanted(wanted, PegasusTokens(wanted.src, added))) return std::nullopt;
  Json config = ConfigOf(wanted, "PegasusTokenizer");
  if (!added.empty()) AddTokens(added, &config);
  return {{FileOfBytes(kSpieceFile, wanted.src.info().bytes), JsonFile(kTokenizerConfigFile, config)}};
}

TokenIds WithoutPad(TokenIds tokens) {
  tokens.erase(kPadToken);
  return tokens;
}

// mBART's and NLLB's. An import tells their templates from each other by what the configuration and the tokenizer say.
Files AsFairseq(const Wanted& wanted) {
  const TokenIds& added = wanted.settings.src.added;
  const bool is_mbart = wanted.model_type == "mbart";
  const int32_t eos = wanted.vocabs.src->eos_id();
  const auto is = [&](LanguagePlaces places) {
    return IsWanted(wanted, MultilingualTokens(wanted.src, FairseqIds(wanted.src), added, eos, places));
  };
  Json config;
  if (is(LanguagePlaces::kBefore)) {
    config = ConfigOf(wanted, is_mbart ? "MBart50Tokenizer" : "NllbTokenizer");
  } else if (is_mbart && wanted.config.decoder_start != eos && is(LanguagePlaces::kBehindAlone)) {
    config = ConfigOf(wanted, "MBartTokenizer");
  } else if (is(LanguagePlaces::kBehind)) {
    config = ConfigOf(wanted, "NllbTokenizer");
    config["legacy_behaviour"] = true;
  } else {
    return std::nullopt;
  }
  AddTokens(WithoutPad(added), &config);
  return {{FileOfBytes(kBpeFile, wanted.src.info().bytes), JsonFile(kTokenizerConfigFile, config)}};
}

// All that mean something, by name.
TokenIds TokensOf(const Tokenizer& vocab) {
  TokenIds tokens;
  for (int32_t id = 0; id < vocab.size(); ++id) {
    if (vocab.Has(id)) tokens[vocab.Piece(id)] = id;
  }
  return tokens;
}

// M2M100's languages are numbered after all that vocab.json holds, so it has a word for each row before them.
Files AsM2m100(const Wanted& wanted) {
  TokenIds pieces = TokensOf(*wanted.vocabs.src);
  std::map<int32_t, std::string> languages;
  for (const auto& [name, id] : WithoutPad(wanted.settings.src.added)) {
    if (!IsM2m100Language(name)) return std::nullopt;
    languages[id] = name;
    pieces.erase(name);
  }
  if (languages.empty()) return std::nullopt;
  for (int32_t id = 0; id < languages.begin()->first; ++id) {
    if (!wanted.vocabs.src->Has(id)) pieces[fmt::format("madeupword{}", id)] = id;
  }
  TokenIds added = {{kPadToken, pieces[kPadToken]}};
  Json special = Json::array();
  for (auto next = static_cast<int32_t>(pieces.size()); const auto& [id, name] : languages) {
    added[name] = next++;
    special.push_back(name);
  }
  const int32_t eos = wanted.vocabs.src->eos_id();
  const TokenizerSettingsPair theirs =
      MultilingualTokens(wanted.src, IdsOfPieces(wanted.src, pieces), added, eos, LanguagePlaces::kBefore);
  if (!IsWanted(wanted, theirs)) return std::nullopt;
  return {{FileOfBytes(kBpeFile, wanted.src.info().bytes), JsonFile(kVocabJsonFile, Json(pieces)),
           JsonFile(kSpecialTokensFile, {{"additional_special_tokens", special}}),
           JsonFile(kTokenizerConfigFile, ConfigOf(wanted, "M2M100Tokenizer"))}};
}

Files AsMultilingual(const Wanted& wanted) {
  if (!wanted.has_one_segmenter() || wanted.settings.src.languages.empty()) return std::nullopt;
  if (Files files = AsM2m100(wanted)) return files;
  return AsFairseq(wanted);
}

// Whether no name and no id stands for two things.
bool AreOne(const TokenIds& first, const TokenIds& second) {
  std::map<int32_t, std::string> by_id;
  for (const auto& [name, id] : first) by_id[id] = name;
  return std::ranges::all_of(second, [&](const auto& token) {
    const auto same_name = first.find(token.first);
    const auto same_id = by_id.find(token.second);
    return (same_name == first.end() || same_name->second == token.second) &&
           (same_id == by_id.end() || same_id->second == token.first);
  });
}

// MarianMT's: any numbering, of one vocabulary or two.
Files AsMarian(const Wanted& wanted) {
  TokenIds src = TokensOf(*wanted.vocabs.src), tgt = TokensOf(*wanted.vocabs.tgt);
  for (TokenIds* const side : {&src, &tgt}) (*side)[wanted.pad.name] = wanted.pad.id;
  const bool is_one = AreOne(src, tgt);
  if (!is_one && wanted.config.has_joint_embedding()) return std::nullopt;
  if (is_one) src.insert(tgt.begin(), tgt.end());
  if (!src.contains("</s>") || !IsWanted(wanted, MarianTokens(wanted.src, wanted.tgt, src, is_one ? src : tgt))) {
    return std::nullopt;
  }
  Json config = ConfigOf(wanted, "MarianTokenizer");
  config["separate_vocabs"] = !is_one;
  std::vector<CheckpointFile> files = {FileOfBytes(kSourceSpmFile, wanted.src.info().bytes),
                                       FileOfBytes(kTargetSpmFile, wanted.tgt.info().bytes),
                                       JsonFile(kVocabJsonFile, Json(src)), JsonFile(kTokenizerConfigFile, config)};
  if (!is_one) files.push_back(JsonFile(kTargetVocabJsonFile, Json(tgt)));
  return files;
}

Files AsBart(const Wanted& wanted) {
  const std::optional<int32_t> bos = wanted.vocabs.src->Find("<s>");
  if (wanted.model_type != "bart" || !bos || !IsWanted(wanted, BartTokens(*bos))) return std::nullopt;
  return {{FileOfBytes(kTokenizerJsonFile, wanted.src.info().bytes),
           JsonFile(kTokenizerConfigFile, ConfigOf(wanted, "BartTokenizer"))}};
}

VocabularyKind KindOf(const Tokenizer& vocab) { return KindOfVocabulary(vocab.serialized()); }

}  // namespace

bool AreNumbers(const VocabularyPair& vocabs) {
  const int32_t eos = vocabs.tgt->eos_id();
  return std::ranges::all_of(
      std::initializer_list<const Tokenizer*>{vocabs.src.get(), vocabs.tgt.get()}, [&](const Tokenizer* vocab) {
        return KindOf(*vocab) == VocabularyKind::kWords &&
               vocab->serialized() == NumberSegmenter(vocab->size(), eos, NumberedUnk(eos))->info().bytes;
      });
}

std::optional<int32_t> ForcedFirst(const VocabularyPair& vocabs) {
  const TokenizerSettings& tgt = vocabs.tgt->settings();
  if (tgt.prefix.size() != 1 || tgt.prefix[0] < 0 || !tgt.languages.empty()) return std::nullopt;
  return tgt.prefix[0];
}

PadToken PadTokenOf(const VocabularyPair& vocabs, const TransformerConfig& config, PadChoice otherwise) {
  const Tokenizer &src = *vocabs.src, &tgt = *vocabs.tgt;
  const bool own_start = config.decoder_start == -1;
  if (AreNumbers(vocabs) && !own_start) {
    // Its number is not known any more: of most families it starts the decoder, or </s> does.
    const int32_t eos = tgt.eos_id();
    return {"", config.decoder_start != eos ? config.decoder_start : eos == 2 ? 1 : 0};
  }
  if (const auto id = tgt.Find(kPadToken); id && src.Find(kPadToken) == id) return {kPadToken, *id};
  if (otherwise == PadChoice::kOwnRow) {
    const int32_t above = std::max(src.size(), tgt.size());
    return {kPadToken, own_start ? std::max(config.src_vocab, config.tgt_vocab) : above, /*is_new=*/true};
  }
  if (tgt.bos_id() >= 0 && tgt.bos_id() == src.bos_id()) return {tgt.Piece(tgt.bos_id()), tgt.bos_id()};
  throw OptionError(
      "the vocabulary has no token <pad>, nor one <s> on both sides in its place, which transformers fills batches up "
      "with; take another target");
}

std::vector<CheckpointFile> TokenizerFiles(const VocabularyPair& vocabs, const PadToken& pad,
                                           const std::string& model_type, const TransformerConfig& config) {
  if (AreNumbers(vocabs)) return {};
  const Segmenter &src = *vocabs.src->segmenter(), &tgt = *vocabs.tgt->segmenter();
  Wanted wanted{
      vocabs, src,        tgt,   {Comparable(vocabs.src->settings(), src), Comparable(vocabs.tgt->settings(), tgt)},
      pad,    model_type, config};
  if (pad.is_new) wanted.settings.src.added[pad.name] = wanted.settings.tgt.added[pad.name] = pad.id;
  if (ForcedFirst(vocabs)) wanted.settings.tgt.prefix.clear();  // generation_config.json says it
  const VocabularyKind kind = KindOf(*vocabs.src);
  if (kind != KindOf(*vocabs.tgt) || kind == VocabularyKind::kWords) {
    throw OptionError("its vocabulary is a list of words, of which transformers has no tokenizer; take another target");
  }
  for (const auto as : {AsBart, AsT5, AsPegasus, AsMultilingual, AsMarian}) {
    const bool is_byte_bpe = as == AsBart;
    if (is_byte_bpe != (kind == VocabularyKind::kByteBpe)) continue;
    if (Files files = as(wanted)) return *std::move(files);
  }
  throw OptionError(
      fmt::format("its vocabulary has ids, added tokens or a template around sentences ({}) that no tokenizer of "
                  "transformers has for "
                  "a model of type {}; take another target",
                  kTokenizerSettingsFile, model_type));
}

}  // namespace dragoman
