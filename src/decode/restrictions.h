// SPDX-License-Identifier: Apache-2.0
// What a translation may not say next, given what it has said.
#ifndef DRAGOMAN_DECODE_RESTRICTIONS_H_
#define DRAGOMAN_DECODE_RESTRICTIONS_H_

#include <cstdint>
#include <span>

#include "decode/options.h"

namespace dragoman {

// Makes impossible (-inf) in log_probs [vocab] what min_length and no_repeat_ngram forbid after `said`; the rest stays
// what the model says. Where nothing would be left, eos is possible again.
void Restrict(const DecodeOptions& options, int32_t eos, std::span<const int32_t> said, std::span<float> log_probs);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_RESTRICTIONS_H_
