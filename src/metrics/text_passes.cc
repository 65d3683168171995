// SPDX-License-Identifier: Apache-2.0
#include "metrics/text_passes.h"

namespace dragoman {
namespace {

bool IsAsciiDigit(char32_t c) { return c >= '0' && c <= '9'; }
bool IsNoAsciiDigit(char32_t c) { return !IsAsciiDigit(c); }
bool IsPeriodOrComma(char32_t c) { return c == '.' || c == ','; }
bool IsDash(char32_t c) { return c == '-'; }

}  // namespace

std::u32string Isolate(std::u32string_view text, CharacterTest stands_alone) {
  std::u32string result;
  result.reserve(2 * text.size());
  for (const char32_t c : text) {
    if (stands_alone(c)) {
      result += {U' ', c, U' '};
    } else {
      result += c;
    }
  }
  return result;
}

std::u32string SplitPairs(std::u32string_view text, Sign sign, CharacterTest first, CharacterTest second) {
  std::u32string result;
  result.reserve(2 * text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (i + 1 == text.size() || !first(text[i]) || !second(text[i + 1])) {
      result += text[i];
      continue;
    }
    if (sign == Sign::kFirst) result += U' ';
    result += {text[i], U' ', text[i + 1]};
    if (sign == Sign::kSecond) result += U' ';
    ++i;
  }
  return result;
}

std::u32string ReplaceAll(std::u32string_view text, std::u32string_view from, std::u32string_view to) {
  std::u32string result;
  size_t begin = 0;
  for (size_t at = text.find(from); at != std::u32string_view::npos; at = text.find(from, begin)) {
    result += text.substr(begin, at - begin);
    result += to;
    begin = at + from.size();
  }
  return result += text.substr(begin);
}

std::u32string UndoEntities(std::u32string_view text) {
  std::u32string result(text);
  if (result.find(U'&') == std::u32string::npos) return result;
  result = ReplaceAll(result, U"&quot;", U"\"");
  result = ReplaceAll(result, U"&amp;", U"&");
  result = ReplaceAll(result, U"&lt;", U"<");
  return ReplaceAll(result, U"&gt;", U">");
}

bool IsAsciiSeparator(char32_t c) {
  return (c >= '{' && c <= '~') || (c >= '[' && c <= '`') || (c >= ' ' && c <= '&') || (c >= '(' && c <= '+') ||
         (c >= ':' && c <= '@') || c == '/';
}

std::u32string SplitPeriodsAndDashes(std::u32string_view text) {
  std::u32string result = SplitPairs(text, Sign::kSecond, IsNoAsciiDigit, IsPeriodOrComma);
  result = SplitPairs(result, Sign::kFirst, IsPeriodOrComma, IsNoAsciiDigit);
  return SplitPairs(result, Sign::kSecond, IsAsciiDigit, IsDash);
}

}  // namespace dragoman
