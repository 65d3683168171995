// SPDX-License-Identifier: Apache-2.0
// Drawing a token from the model's distribution.
#ifndef DRAGOMAN_DECODE_SAMPLER_H_
#define DRAGOMAN_DECODE_SAMPLER_H_

#include <cstdint>
#include <span>

#include "base/rng.h"
#include "decode/options.h"

namespace dragoman {

// Draws from softmax(log_probs / temperature), restricted to the top_k likeliest tokens and then to the smallest set
// of likeliest tokens whose probability reaches top_p. Throws NumericError when nothing has a finite log-probability.
int32_t SampleToken(const DecodeOptions& options, std::span<const float> log_probs, Rng& rng);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SAMPLER_H_
