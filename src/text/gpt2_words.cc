// SPDX-License-Identifier: Apache-2.0
#include "text/gpt2_words.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <iterator>

#include "base/utf8.h"

namespace dragoman {
namespace {

enum class CharClass { kLetter, kNumber, kSpace, kOther };

constexpr int kUnicodeVersion = 16;

struct Range {
  char32_t first, last;
  CharClass of;
};

// The letters and numbers that Unicode 15.1 and 16 added to those of 15, which ICU 72 has.
constexpr CharClass kL = CharClass::kLetter, kN = CharClass::kNumber;
constexpr Range kAdded[] = {
    {0x1C89, 0x1C8A, kL},   {0xA7CB, 0xA7CD, kL},   {0xA7DA, 0xA7DC, kL},   {0x105C0, 0x105F3, kL},
    {0x10D40, 0x10D49, kN}, {0x10D4A, 0x10D65, kL}, {0x10D6F, 0x10D85, kL}, {0x10EC2, 0x10EC4, kL},
    {0x11380, 0x11389, kL}, {0x1138B, 0x1138B, kL}, {0x1138E, 0x1138E, kL}, {0x11390, 0x113B5, kL},
    {0x113B7, 0x113B7, kL}, {0x113D1, 0x113D1, kL}, {0x113D3, 0x113D3, kL}, {0x116D0, 0x116E3, kN},
    {0x11BC0, 0x11BE0, kL}, {0x11BF0, 0x11BF9, kN}, {0x13460, 0x143FA, kL}, {0x16100, 0x1611D, kL},
    {0x16130, 0x16139, kN}, {0x16D40, 0x16D6C, kL}, {0x16D70, 0x16D79, kN}, {0x18CFF, 0x18CFF, kL},
    {0x1CCF0, 0x1CCF9, kN}, {0x1E5D0, 0x1E5ED, kL}, {0x1E5F0, 0x1E5F0, kL}, {0x1E5F1, 0x1E5FA, kN},
    {0x2EBF0, 0x2EE5D, kL}};

CharClass ClassOfAscii(char32_t c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return CharClass::kLetter;
  if (c >= '0' && c <= '9') return CharClass::kNumber;
  return c == ' ' || (c >= '\t' && c <= '\r') ? CharClass::kSpace : CharClass::kOther;
}

CharClass ClassOf(char32_t c) {
  if (c < 0x80) return ClassOfAscii(c);
  const auto code = static_cast<UChar32>(c);
  const uint32_t category = U_GET_GC_MASK(code);
  if ((category & U_GC_CN_MASK) != 0) {  // not in this ICU's Unicode
    const auto* const range = std::ranges::lower_bound(kAdded, c, {}, &Range::last);
    return range != std::end(kAdded) && c >= range->first ? range->of : CharClass::kOther;
  }
  UVersionInfo age = {};
  u_charAge(code, age);
  if (age[0] > kUnicodeVersion) return CharClass::kOther;
  if ((category & U_GC_L_MASK) != 0) return CharClass::kLetter;
  if ((category & U_GC_N_MASK) != 0) return CharClass::kNumber;
  return u_isUWhiteSpace(code) != 0 ? CharClass::kSpace : CharClass::kOther;
}

// Where the run of characters of one class ends that begins at text[begin]. *last: where its last character begins.
size_t RunEnd(std::string_view text, size_t begin, CharClass of, size_t* last) {
  size_t end = begin;
  while (end < text.size() && ClassOf(CodePointAt(text, end)) == of) {
    *last = end;
    end += Utf8Length(text[end]);
  }
  return end;
}

// Length of 's, 't, 're, 've, 'm, 'll or 'd at the beginning of the text; 0 when there is none.
size_t ContractionLength(std::string_view text) {
  for (const std::string_view contraction : {"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}) {
    if (text.starts_with(contraction)) return contraction.size();
  }
  return 0;
}

}  // namespace

size_t WordEnd(std::string_view text, size_t begin) {
  if (text[begin] == '\'') {
    if (const size_t length = ContractionLength(text.substr(begin)); length > 0) return begin + length;
  }
  size_t last = begin;
  const size_t visible = begin + (text[begin] == ' ' ? 1 : 0);
  if (visible < text.size()) {
    const CharClass of = ClassOf(CodePointAt(text, visible));
    if (of != CharClass::kSpace) return RunEnd(text, visible, of, &last);
  }
  const size_t end = RunEnd(text, begin, CharClass::kSpace, &last);
  // A word follows, which takes the last one along if that is a space; any other is then a word of its own.
  return end < text.size() && last > begin ? last : end;
}

}  // namespace dragoman
