// SPDX-License-Identifier: Apache-2.0
// A line on its way into the model, text or cut already: repaired, tokenised, cut to the model's limit; and back.
#ifndef DRAGOMAN_DECODE_TOKENIZED_LINE_H_
#define DRAGOMAN_DECODE_TOKENIZED_LINE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dragoman/options.h"
#include "text/tokenizer.h"

namespace dragoman {

struct TokenizedLine {
  std::vector<int32_t> tokens;  // in the template, so with </s>; empty for an empty line
  bool truncated = false;       // longer than the limit: the left part was kept
  bool repaired = false;        // invalid UTF-8 was read as U+FFFD, NUL as a space
  int64_t unknown = 0;  // characters that the vocabulary has no piece for, <unk> to the model; a given <unk> is one
};

// At most max_len tokens, the template's (</s>) included. Of a line of text longer than 64 bytes a token the left part
// alone is looked at. Throws OptionError where RequireTokens would throw.
TokenizedLine TokenizeLine(const Tokenizer& vocab, const std::string& line, int64_t max_len,
                           LineForm form = LineForm::kText);

// Throws FileError ("source:17: ...", of `side` and `number`) unless a line of pieces or ids is one: spaces or tabs
// between words, each of ids the id of a piece or added token, and none of them </s>, which ends a sentence but is none
// of its own tokens.
void RequireTokens(const Tokenizer& vocab, const std::string& line, LineForm form, const std::string& side,
                   int64_t number);

// The line that stands for a sentence's own tokens, without the template's.
std::string LineOf(const Tokenizer& vocab, std::span<const int32_t> tokens, LineForm form);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TOKENIZED_LINE_H_
