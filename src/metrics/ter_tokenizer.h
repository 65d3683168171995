// SPDX-License-Identifier: Apache-2.0
// How TER cuts a sentence into words: at blanks, after what the options ask for. As sacreBLEU 2.6's "tercom" does,
// after the Java program of that name.
#ifndef DRAGOMAN_METRICS_TER_TOKENIZER_H_
#define DRAGOMAN_METRICS_TER_TOKENIZER_H_

#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

struct TerOptions {
  bool case_sensitive = false;  // else both sides are lower-cased
  bool normalized = false;      // set punctuation apart, undo &quot; and friends
  bool no_punct = false;        // drop . , ? : ; ! " ( )
  bool asian_support = false;   // `normalized`: every Chinese character apart; `no_punct`: drop Chinese marks, too
};

std::vector<std::u32string> TerTokens(std::u32string_view text, const TerOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_TER_TOKENIZER_H_
