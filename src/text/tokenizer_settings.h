// SPDX-License-Identifier: Apache-2.0
// TokenizerSettings: how a model numbers the pieces of its vocabulary and what it wants around a sentence, where that
// is not as usual; and tokenizer_settings.json, which holds them for both sides (docs/formats.md).
#ifndef DRAGOMAN_TEXT_TOKENIZER_SETTINGS_H_
#define DRAGOMAN_TEXT_TOKENIZER_SETTINGS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dragoman {

inline constexpr char kTokenizerSettingsFile[] = "tokenizer_settings.json";
inline constexpr int64_t kMaxTokenizerSettingsBytes = int64_t{1} << 26;
inline constexpr size_t kMaxTemplateTokens = 16;  // of a prefix or suffix

// In a prefix or suffix, in place of an id: the token of the language that a user chooses.
inline constexpr int32_t kSrcLanguage = -1;
inline constexpr int32_t kTgtLanguage = -2;

// Of one side. As it is made: what `dragoman vocab` and `dragoman train` make.
struct TokenizerSettings {
  std::vector<int32_t> ids;              // [pieces] the model's id of each, -1: it has no row for it; empty: its number
  std::map<std::string, int32_t> added;  // tokens that are no pieces, by name: of a language, padding
  int32_t padding_rows = 0;              // rows of the model above the highest id, which mean nothing
  std::vector<int32_t> prefix;           // before a sentence
  std::optional<std::vector<int32_t>> suffix;  // after it; none given: </s>. A target's is always </s>
  std::vector<int32_t> banned;                 // of the target: pieces that search must not say
  std::map<std::string, int32_t> languages;  // what may stand for kSrcLanguage and kTgtLanguage, by the language's code

  // Whether the templates wait for this language (kSrcLanguage, kTgtLanguage).
  bool Wants(int32_t language) const;

  bool operator==(const TokenizerSettings&) const = default;
};

// The languages that a sentence is in, and is to be in, by their codes; "" where that is not said.
struct LanguagePair {
  std::string src, tgt;
};

struct TokenizerSettingsPair {
  TokenizerSettings src, tgt;

  // "" when both sides are as usual, which needs no file.
  std::string ToJson() const;
  // Of an empty text: as usual. Throws FormatError naming `path` and the key that is unknown, of another type or out of
  // range. What only the vocabulary tells, Tokenizer checks.
  static TokenizerSettingsPair FromJson(const std::string& text, const std::string& path);

  // With the tokens of these languages in the templates. Throws OptionError naming `src_lang` or `tgt_lang`: not given
  // where the templates wait for it, given where they do not, or none that the model knows.
  TokenizerSettingsPair In(const LanguagePair& languages) const;

  bool operator==(const TokenizerSettingsPair&) const = default;
};

// Throws OptionError as In does where a template still waits for a language: what stands for it is no id of the
// model's.
void RequireLanguagesChosen(const TokenizerSettings& src, const TokenizerSettings& tgt);

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_TOKENIZER_SETTINGS_H_
