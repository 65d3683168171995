// SPDX-License-Identifier: Apache-2.0
// What the metrics need to know about Unicode, so that they agree with reference tools written in Python: text as
// code points, Python's idea of whitespace and lower case, and the general categories P, S and N.
// The tables are those of ICU 72 (Unicode 15): characters assigned later count as unassigned.
#ifndef DRAGOMAN_METRICS_UNICODE_H_
#define DRAGOMAN_METRICS_UNICODE_H_

#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

// UTF-8 to code points. Bytes that are not UTF-8 become U+FFFD, one for each maximal broken part.
std::u32string DecodeUtf8(std::string_view text);

// Code points to UTF-8.
std::string EncodeUtf8(std::u32string_view text);

// Full lower-casing that knows no language: one character may become two, and a capital sigma that ends a word
// becomes the final sigma. Equals Python's str.lower().
std::u32string ToLower(std::u32string_view text);

// Equals Python's str.isspace(): the ASCII spaces and U+001C…U+001F among others, but not U+200B.
bool IsSpace(char32_t c);

bool IsPunctuation(char32_t c);  // general category P*
bool IsSymbol(char32_t c);       // general category S*
bool IsNumber(char32_t c);       // general category N*

bool IsLetter(char32_t c);  // general category L*

// How a character's script parts its words.
enum class Spacing {
  kSpaced,        // with blanks; or it belongs to no one script
  kHan,           // Chinese characters: not at all
  kKana,          // of Japanese, likewise
  kOtherUnspaced  // Thai, Lao, Khmer, Burmese, Tibetan and others, likewise
};
Spacing SpacingOf(char32_t c);

// Without the spaces at its end, or at both ends.
std::u32string_view StripEnd(std::u32string_view text);
std::u32string_view Strip(std::u32string_view text);

// The words between spaces, none of them empty. Views into `text`. Equals Python's str.split().
std::vector<std::u32string_view> SplitAtSpaces(std::u32string_view text);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_UNICODE_H_
