// SPDX-License-Identifier: Apache-2.0
// The passes over a text that tokenizers are made of: each puts spaces where words end, or replaces something.
// A pass goes from left to right and never looks at a character twice, as a regular expression's substitution does:
// after a pair has matched, the search goes on behind it. The order of the passes matters.
#ifndef DRAGOMAN_METRICS_TEXT_PASSES_H_
#define DRAGOMAN_METRICS_TEXT_PASSES_H_

#include <string>
#include <string_view>

namespace dragoman {

using CharacterTest = bool (*)(char32_t);

// A space on both sides of every character that `stands_alone` accepts.
std::u32string Isolate(std::u32string_view text, CharacterTest stands_alone);

enum class Sign { kFirst, kSecond };  // which of the two neighbours is the punctuation mark to be set apart

// Every pair of neighbours a, b that `first` and `second` accept becomes " a b" or "a b ".
std::u32string SplitPairs(std::u32string_view text, Sign sign, CharacterTest first, CharacterTest second);

std::u32string ReplaceAll(std::u32string_view text, std::u32string_view from, std::u32string_view to);

// &quot; &amp; &lt; &gt; become what they stand for, once, in this order.
std::u32string UndoEntities(std::u32string_view text);

// ASCII punctuation, the space included, that always stands alone: all but ' , - .
bool IsAsciiSeparator(char32_t c);

// Sets apart . and , unless between digits, and - after a digit.
std::u32string SplitPeriodsAndDashes(std::u32string_view text);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_TEXT_PASSES_H_
