// SPDX-License-Identifier: Apache-2.0
#include "metrics/ter_tokenizer.h"

#include <algorithm>

#include "metrics/text_passes.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

bool IsIn(char32_t c, char32_t first, char32_t last) { return c >= first && c <= last; }

bool IsAsianMark(char32_t c) {
  return IsIn(c, 0x3001, 0x3002) || IsIn(c, 0x3008, 0x3011) || IsIn(c, 0x3014, 0x301F) || IsIn(c, 0xFF61, 0xFF65) ||
         c == 0x30FB ||                                                           // CJK and half-width
         c == 0xFF0E || c == 0xFF0C || c == 0xFF1F || IsIn(c, 0xFF1A, 0xFF1B) ||  // full-width . , ? : ;
         IsIn(c, 0xFF01, 0xFF02) || IsIn(c, 0xFF08, 0xFF09);                      // full-width ! " ( )
}

// What stands alone in Chinese and Japanese. Kana do not: sacreBLEU has rules for runs of them, but these are tied to
// the beginning of a text that begins with a space by then, so they never apply.
bool IsAsianCharacter(char32_t c) {
  return IsIn(c, 0x4E00, 0x9FFF) ||  // ideographs
         IsIn(c, 0x31C0, 0x31EF) ||  // strokes
         IsIn(c, 0x2E80, 0x2EFF) ||  // radicals
         IsIn(c, 0x3200, 0x3F22) ||  // enclosed and squared letters; sacreBLEU means 32FF
         IsIn(c, 0x3400, 0x4DBF) ||  // ideographs, Extension A
         IsIn(c, 0xF900, 0xFAFF) ||  // compatibility ideographs
         IsIn(c, 0xFE30, 0xFE4F) ||  // compatibility forms
         IsAsianMark(c);
}

bool IsWesternMark(char32_t c) { return std::u32string_view(U".,?:;!\"()").find(c) != std::u32string_view::npos; }

std::u32string Normalize(std::u32string_view text, bool asian_support) {
  std::u32string result = ReplaceAll(text, U"\n-", U"");
  result = U" " + UndoEntities(ReplaceAll(result, U"\n", U" ")) + U" ";
  result = Isolate(result, IsAsciiSeparator);
  result = SplitPeriodsAndDashes(ReplaceAll(result, U"'s ", U" 's "));
  return asian_support ? Isolate(result, IsAsianCharacter) : result;
}

}  // namespace

std::vector<std::u32string> TerTokens(std::u32string_view text, const TerOptions& options) {
  std::u32string result(StripEnd(text));
  if (!options.case_sensitive) result = ToLower(result);
  if (options.normalized) result = Normalize(result, options.asian_support);
  if (options.no_punct) {
    std::erase_if(result, [&](char32_t c) { return IsWesternMark(c) || (options.asian_support && IsAsianMark(c)); });
  }
  const std::vector<std::u32string_view> words = SplitAtSpaces(result);
  return {words.begin(), words.end()};
}

}  // namespace dragoman
