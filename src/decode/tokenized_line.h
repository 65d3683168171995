// SPDX-License-Identifier: Apache-2.0
// A line of text on its way into the model: repaired, tokenised, cut to the model's limit.
#ifndef DRAGOMAN_DECODE_TOKENIZED_LINE_H_
#define DRAGOMAN_DECODE_TOKENIZED_LINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "text/tokenizer.h"

namespace dragoman {

struct TokenizedLine {
  std::vector<int32_t> tokens;  // in the template, so with </s>; empty for an empty line
  bool truncated = false;       // longer than the limit: the left part was kept
  bool repaired = false;        // invalid UTF-8 was read as U+FFFD, NUL as a space
  int64_t unknown = 0;          // characters that the vocabulary has no piece for: <unk> to the model
};

// At most max_len tokens, the template's (</s>) included. Of a line longer than 64 bytes a token the left part alone is
// looked at.
TokenizedLine TokenizeLine(const Tokenizer& vocab, const std::string& line, int64_t max_len);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TOKENIZED_LINE_H_
