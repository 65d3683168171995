// SPDX-License-Identifier: Apache-2.0
// The ways of cutting a plain sentence into words before BLEU counts them, as sacreBLEU 2.6 defines them.
// A BLEU score means nothing without the name of its tokenizer; both sides go through the same one.
#ifndef DRAGOMAN_METRICS_BLEU_TOKENIZER_H_
#define DRAGOMAN_METRICS_BLEU_TOKENIZER_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"

namespace dragoman {

enum class BleuTokenizer {
  k13a,   // WMT's mteval-v13a: ASCII punctuation apart, except . and , between digits; &quot; and friends undone
  kZh,    // every Chinese character and full-width sign apart, the rest like 13a
  kIntl,  // mteval-v14: punctuation and symbols of every script apart, except punctuation between digits
  kChar,  // every character is a word
  kNone,  // the text is tokenized already; cut at spaces only
};

const EnumNames<BleuTokenizer>& NamesOf(BleuTokenizer);

// The tokenizer called "13a", "zh", "intl", "char" or "none".
inline std::optional<BleuTokenizer> BleuTokenizerFromName(std::string_view name) {
  return ParseEnum<BleuTokenizer>(name);
}

// The words of one sentence, none of them empty.
std::vector<std::u32string> BleuTokens(std::u32string_view text, BleuTokenizer tokenizer);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_BLEU_TOKENIZER_H_
