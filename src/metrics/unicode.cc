// SPDX-License-Identifier: Apache-2.0
#include "metrics/unicode.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>
#include <unicode/utf8.h>

#include <cstdint>

namespace dragoman {

std::u32string DecodeUtf8(std::string_view text) {
  std::u32string result;
  result.reserve(text.size());
  const auto size = static_cast<int64_t>(text.size());
  for (int64_t i = 0; i < size;) {
    UChar32 c;
    U8_NEXT_OR_FFFD(text.data(), i, size, c);
    result.push_back(static_cast<char32_t>(c));
  }
  return result;
}

std::string EncodeUtf8(std::u32string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    uint8_t bytes[U8_MAX_LENGTH];
    int size = 0;
    bool is_error = false;
    U8_APPEND(bytes, size, U8_MAX_LENGTH, c, is_error);
    if (is_error) {
      result += "\xEF\xBF\xBD";  // U+FFFD
    } else {
      result.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
    }
  }
  return result;
}

std::u32string ToLower(std::u32string_view text) {
  auto units =
      icu::UnicodeString::fromUTF32(reinterpret_cast<const UChar32*>(text.data()), static_cast<int32_t>(text.size()));
  units.toLower(icu::Locale::getRoot());
  std::u32string result(static_cast<size_t>(units.countChar32()), U'\0');
  UErrorCode error = U_ZERO_ERROR;
  units.toUTF32(reinterpret_cast<UChar32*>(result.data()), static_cast<int32_t>(result.size()), error);
  return result;
}

bool IsSpace(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_Z_MASK) != 0;
}

bool IsPunctuation(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_P_MASK) != 0; }
bool IsSymbol(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_S_MASK) != 0; }
bool IsNumber(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_N_MASK) != 0; }

bool IsLetter(char32_t c) { return (U_GET_GC_MASK(static_cast<UChar32>(c)) & U_GC_L_MASK) != 0; }

Spacing SpacingOf(char32_t c) {
  UErrorCode error = U_ZERO_ERROR;
  const UScriptCode script = uscript_getScript(static_cast<UChar32>(c), &error);
  if (script == USCRIPT_HAN) return Spacing::kHan;
  if (script == USCRIPT_HIRAGANA || script == USCRIPT_KATAKANA) return Spacing::kKana;
  // Tibetan parts syllables, and no words, by a mark of its own.
  return uscript_breaksBetweenLetters(script) || script == USCRIPT_TIBETAN ? Spacing::kOtherUnspaced : Spacing::kSpaced;
}

std::u32string_view StripEnd(std::u32string_view text) {
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

std::u32string_view Strip(std::u32string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  return StripEnd(text);
}

std::vector<std::u32string_view> SplitAtSpaces(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && !IsSpace(text[i])) continue;
    if (i > begin) words.push_back(text.substr(begin, i - begin));
    begin = i + 1;
  }
  return words;
}

}  // namespace dragoman
