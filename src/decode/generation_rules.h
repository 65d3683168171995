// SPDX-License-Identifier: Apache-2.0
// GenerationRules: what a model may say, whatever it thinks of it.
#ifndef DRAGOMAN_DECODE_GENERATION_RULES_H_
#define DRAGOMAN_DECODE_GENERATION_RULES_H_

#include <cstdint>
#include <vector>

#include "text/tokenizer.h"

namespace dragoman {

struct GenerationRules {
  int32_t eos = -1;                   // ends a target sentence
  int32_t unk = -1;                   // kept out of it, unless DecodeOptions::allow_unk; -1: there is none
  std::vector<int32_t> banned;        // kept out of it always
  std::vector<int32_t> forced_first;  // begin every sentence, given rather than chosen: their log-probability is 0
};

// Of a model of `rows` target rows with this target tokenizer: rows without a piece are banned, as is what its settings
// name; its template's prefix is forced.
GenerationRules GenerationRulesOf(const Tokenizer& tgt, int64_t rows);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_GENERATION_RULES_H_
