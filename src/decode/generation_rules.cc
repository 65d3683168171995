// SPDX-License-Identifier: Apache-2.0
#include "decode/generation_rules.h"

namespace dragoman {

GenerationRules GenerationRulesOf(const Tokenizer& tgt, int64_t rows) {
  GenerationRules rules{tgt.eos_id(), tgt.unk_id(), tgt.settings().banned, tgt.sentence().prefix};
  for (int32_t id = 0; id < rows; ++id) {
    if (!tgt.HasPiece(id)) rules.banned.push_back(id);
  }
  return rules;
}

}  // namespace dragoman
