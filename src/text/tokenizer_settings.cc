// SPDX-License-Identifier: Apache-2.0
#include "text/tokenizer_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/nearest_name.h"
#include "text/id_map.h"
#include "text/model_proto_check.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "dragoman-tokenizer-1";

// The words in a file for what a user chooses.
constexpr const char* kLanguageWords[] = {"src_lang", "tgt_lang"};

const char* WordOf(int32_t language) { return kLanguageWords[language == kSrcLanguage ? 0 : 1]; }

Json TemplateJson(const std::vector<int32_t>& ids) {
  Json json = Json::array();
  for (const int32_t id : ids) {
    if (id < 0) {
      json.push_back(WordOf(id));
    } else {
      json.push_back(id);
    }
  }
  return json;
}

Json ToObject(const TokenizerSettings& settings) {
  Json json = Json::object();
  if (!settings.ids.empty()) json["ids"] = settings.ids;
  if (!settings.added.empty()) json["added"] = settings.added;
  if (settings.padding_rows > 0) json["padding_rows"] = settings.padding_rows;
  if (!settings.prefix.empty()) json["prefix"] = TemplateJson(settings.prefix);
  if (settings.suffix) json["suffix"] = TemplateJson(*settings.suffix);
  if (!settings.banned.empty()) json["banned"] = settings.banned;
  if (!settings.languages.empty()) json["languages"] = settings.languages;
  return json;
}

void RequireKnown(const JsonObject& json, const std::vector<std::string>& known) {
  for (const JsonObject::Member& member : json.members()) {
    if (std::ranges::find(known, member.key) != known.end()) continue;
    member.value.Fail(fmt::format("key \"{}\" is not known{} expected {}", member.key, DidYouMean(member.key, known),
                                  fmt::join(known, ", ")));
  }
}

// U+0080 to U+009F, which terminals obey.
bool HasC1Control(const std::string& text) {
  for (size_t i = 0; i + 1 < text.size(); ++i) {
    if (text[i] == '\xC2' && static_cast<unsigned char>(text[i + 1]) < 0xA0) return true;
  }
  return false;
}

// least: 0, or -1 where a piece may have no id.
std::vector<int32_t> Ids(const JsonValue& value, const char* key, int32_t least) {
  std::vector<int32_t> ids;
  for (const JsonValue& id : value.Array(key)) {
    ids.push_back(static_cast<int32_t>(id.Integer(key, least, kMaxVocabularyPieces - 1)));
  }
  return ids;
}

std::vector<int32_t> TemplateIds(const JsonValue& value, const char* key) {
  std::vector<int32_t> ids;
  for (const JsonValue& token : value.Array(key)) {
    if (token.kind() != JsonKind::kString) {
      ids.push_back(static_cast<int32_t>(token.Integer(key, 0, kMaxVocabularyPieces - 1)));
      continue;
    }
    const std::string word = token.String(key);
    if (word != WordOf(kSrcLanguage) && word != WordOf(kTgtLanguage)) {
      token.Fail(fmt::format("{} holds \"{}\", expected an id, {} or {}", key, word, WordOf(kSrcLanguage),
                             WordOf(kTgtLanguage)));
    }
    ids.push_back(word == WordOf(kSrcLanguage) ? kSrcLanguage : kTgtLanguage);
  }
  if (ids.size() > kMaxTemplateTokens) {
    value.Fail(fmt::format("{} holds {} tokens, expected at most {}", key, ids.size(), kMaxTemplateTokens));
  }
  return ids;
}

// Printed between others with a space between two, and read so: a name without blanks or control characters.
bool IsName(const std::string& text) {
  const auto breaks = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; };
  return !text.empty() && std::ranges::none_of(text, breaks) && !HasC1Control(text);
}

// Ids by name.
std::map<std::string, int32_t> NamedIds(const JsonValue& value, const char* key) {
  std::map<std::string, int32_t> ids;
  const JsonObject tokens = value.Object(key);
  for (const JsonObject::Member& token : tokens.members()) {
    if (!IsName(token.key)) {
      token.value.Fail(
          fmt::format("a token of {} has no name, or one with a blank or control character, expected another", key));
    }
    ids[token.key] = static_cast<int32_t>(token.value.Integer(token.key, 0, kMaxVocabularyPieces - 1));
  }
  return ids;
}

TokenizerSettings FromObject(const JsonObject& json) {
  TokenizerSettings settings;
  if (const JsonValue* const ids = json.Find("ids")) settings.ids = Ids(*ids, "ids", IdMap::kNone);
  if (const JsonValue* const added = json.Find("added")) settings.added = NamedIds(*added, "added");
  if (const JsonValue* const languages = json.Find("languages")) {
    settings.languages = NamedIds(*languages, "languages");
  }
  if (const JsonValue* const rows = json.Find("padding_rows")) {
    settings.padding_rows = static_cast<int32_t>(rows->Integer("padding_rows", 0, kMaxVocabularyPieces));
  }
  if (const JsonValue* const prefix = json.Find("prefix")) settings.prefix = TemplateIds(*prefix, "prefix");
  if (const JsonValue* const suffix = json.Find("suffix")) settings.suffix = TemplateIds(*suffix, "suffix");
  if (const JsonValue* const banned = json.Find("banned")) settings.banned = Ids(*banned, "banned", /*least=*/0);
  return settings;
}

// Puts the token of a language where the templates of this side wait for it; those of both sides are asked for, since
// a model may want the target's language before the source. Returns whether they did.
bool PutLanguage(int32_t language, const std::string& code, TokenizerSettings* settings) {
  if (!settings->Wants(language)) return false;
  const auto found = settings->languages.find(code);
  if (found == settings->languages.end()) {
    std::vector<std::string> known;
    for (const auto& [name, id] : settings->languages) known.push_back(name);
    constexpr size_t kShown = 12;
    const std::string more = known.size() > kShown ? fmt::format(" and {} others", known.size() - kShown) : "";
    const std::string nearest = code.empty() ? ";" : DidYouMean(code, known);
    known.resize(std::min(known.size(), kShown));
    throw OptionError(fmt::format("`{}` is {}{} expected one of the model's languages: {}{}", WordOf(language),
                                  code.empty() ? "not given" : "\"" + code + "\"", nearest, fmt::join(known, ", "),
                                  more));
  }
  std::ranges::replace(settings->prefix, language, found->second);
  if (settings->suffix) std::ranges::replace(*settings->suffix, language, found->second);
  return true;
}

}  // namespace

bool TokenizerSettings::Wants(int32_t language) const {
  return std::ranges::find(prefix, language) != prefix.end() ||
         (suffix && std::ranges::find(*suffix, language) != suffix->end());
}

TokenizerSettingsPair TokenizerSettingsPair::In(const LanguagePair& chosen) const {
  TokenizerSettingsPair pair = *this;
  for (const int32_t language : {kSrcLanguage, kTgtLanguage}) {
    const std::string& code = language == kSrcLanguage ? chosen.src : chosen.tgt;
    const bool in_src = PutLanguage(language, code, &pair.src), in_tgt = PutLanguage(language, code, &pair.tgt);
    if (in_src || in_tgt || code.empty()) continue;
    throw OptionError(fmt::format("`{}` is \"{}\", but this model has no such choice, expected it not to be given",
                                  WordOf(language), code));
  }
  return pair;
}

void RequireLanguagesChosen(const TokenizerSettings& src, const TokenizerSettings& tgt) {
  for (const int32_t language : {kSrcLanguage, kTgtLanguage}) {
    if (src.Wants(language) || tgt.Wants(language)) TokenizerSettingsPair{src, tgt}.In({});
  }
}

std::string TokenizerSettingsPair::ToJson() const {
  if (*this == TokenizerSettingsPair{}) return "";
  Json json = {{"format", kFormat}};
  if (src != TokenizerSettings{}) json["src"] = ToObject(src);
  if (tgt != TokenizerSettings{}) json["tgt"] = ToObject(tgt);
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

TokenizerSettingsPair TokenizerSettingsPair::FromJson(const std::string& text, const std::string& path) {
  if (text.empty()) return {};
  const JsonDocument document(text, {path, "take the file that the model came with"});
  const JsonObject json = document.root().Object("this");
  const JsonValue format = json.At("format");
  if (const std::string found = format.String("format"); found != kFormat) {
    format.Fail(fmt::format("format is \"{}\", expected \"{}\"", found, kFormat));
  }
  RequireKnown(json, {"format", "src", "tgt"});
  TokenizerSettingsPair pair;
  if (const JsonValue* const src = json.Find("src")) {
    const JsonObject object = src->Object("src");
    RequireKnown(object, {"ids", "added", "padding_rows", "prefix", "suffix", "languages"});
    pair.src = FromObject(object);
  }
  if (const JsonValue* const tgt = json.Find("tgt")) {
    const JsonObject object = tgt->Object("tgt");
    RequireKnown(object, {"ids", "added", "padding_rows", "prefix", "banned", "languages"});
    pair.tgt = FromObject(object);
  }
  return pair;
}

}  // namespace dragoman
