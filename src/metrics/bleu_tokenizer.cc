// SPDX-License-Identifier: Apache-2.0
// Each tokenizer is a few passes over the text (text_passes.h) that put spaces where words end; the words are then cut
// at spaces.
#include "metrics/bleu_tokenizer.h"

#include <utility>

#include "metrics/text_passes.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

// The characters that stand alone in the zh tokenizer.
// differs: the list means CJK Extension B (U+20000…) and its supplement, but in sacreBLEU those two entries lost their
// fifth digit: one covers U+2001…U+2A6D (dashes, curly quotes, arrows, mathematics) instead, the other radicals that
// are in the list anyway. Scores must agree, so ours does the same.
bool IsChineseCharacter(char32_t c) {
  static constexpr std::pair<char32_t, char32_t> kRanges[] = {
      {0x2001, 0x2A6D},                                      // see above
      {0x2E80, 0x2FDF},                                      // radicals
      {0x2FF0, 0x303F},                                      // description characters, CJK punctuation
      {0x3100, 0x312F},                                      // bopomofo
      {0x31A0, 0x31EF},                                      // bopomofo extended, strokes
      {0x3200, 0x33FF},                                      // enclosed characters, squared words
      {0x3400, 0x4DB5},                                      // ideographs, Extension A
      {0x4E00, 0x9FBB},                                      // ideographs
      {0xF900, 0xFA2D},                                      // compatibility ideographs
      {0xFA30, 0xFA6A}, {0xFA70, 0xFAD9}, {0xFE10, 0xFE1F},  // vertical forms
      {0xFE30, 0xFE4F},                                      // compatibility forms
      {0xFF00, 0xFFEF},                                      // half-width and full-width forms
  };
  for (const auto& [first, last] : kRanges) {
    if (c >= first && c <= last) return true;
  }
  return false;
}

// What 13a and zh share.
std::u32string SplitAsciiPunctuation(std::u32string_view text) {
  return SplitPeriodsAndDashes(Isolate(text, IsAsciiSeparator));
}

std::u32string Split13a(std::u32string_view text) {
  std::u32string line = ReplaceAll(text, U"<skipped>", U"");
  line = ReplaceAll(line, U"-\n", U"");
  line = ReplaceAll(line, U"\n", U" ");
  // The spaces part a period at the very end from a digit before it.
  return SplitAsciiPunctuation(U" " + UndoEntities(line) + U" ");
}

std::u32string SplitInternational(std::u32string_view text) {
  const auto is_other = [](char32_t c) { return !IsNumber(c); };
  std::u32string result = SplitPairs(text, Sign::kSecond, is_other, IsPunctuation);
  result = SplitPairs(result, Sign::kFirst, IsPunctuation, is_other);
  return Isolate(result, IsSymbol);
}

std::u32string InsertSpaces(std::u32string_view text, BleuTokenizer tokenizer) {
  switch (tokenizer) {
    case BleuTokenizer::k13a:
      return Split13a(StripEnd(text));
    case BleuTokenizer::kZh:
      return SplitAsciiPunctuation(Isolate(Strip(text), IsChineseCharacter));
    case BleuTokenizer::kIntl:
      return SplitInternational(StripEnd(text));
    case BleuTokenizer::kChar:
      return Isolate(text, [](char32_t) { return true; });
    case BleuTokenizer::kNone:
      break;
  }
  return std::u32string(text);
}

}  // namespace

const EnumNames<BleuTokenizer>& NamesOf(BleuTokenizer) {
  static const EnumNames<BleuTokenizer> kNames = {{"13a", BleuTokenizer::k13a},
                                                  {"zh", BleuTokenizer::kZh},
                                                  {"intl", BleuTokenizer::kIntl},
                                                  {"char", BleuTokenizer::kChar},
                                                  {"none", BleuTokenizer::kNone}};
  return kNames;
}

std::vector<std::u32string> BleuTokens(std::u32string_view text, BleuTokenizer tokenizer) {
  const std::u32string spaced = InsertSpaces(text, tokenizer);
  const std::vector<std::u32string_view> words = SplitAtSpaces(spaced);
  return {words.begin(), words.end()};
}

}  // namespace dragoman
