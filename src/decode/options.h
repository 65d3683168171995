// SPDX-License-Identifier: Apache-2.0
// How to search for a translation.
#ifndef DRAGOMAN_DECODE_OPTIONS_H_
#define DRAGOMAN_DECODE_OPTIONS_H_

#include <cstdint>

#include "base/enum_names.h"

namespace dragoman {

// What a finished hypothesis' log-probability is divided by; |Y| counts target tokens, </s> included.
enum class LengthPenalty {
  kWu,    // ((5 + |Y|) / 6)^alpha, Wu 2016, §7, Eq. 14
  kPower  // |Y|^alpha; alpha 1 is the mean log-probability per token
};

// When a sentence's search ends. With kBound and kFirst the best finished hypothesis gets the first place, then of the
// others the best the second, ... until n_best places are given, each for good: so n_best changes no place.
enum class Stopping {
  kBeam,   // beam_size hypotheses have finished, however bad (many toolkits; short wrong ones may finish first)
  kBound,  // a place is given when no open hypothesis can reach it any more: exact, and slow for long outputs
  kFirst   // a place is given when no open hypothesis is ahead as it stands; those that yet overtake are left out
};

const EnumNames<LengthPenalty>& NamesOf(LengthPenalty);  // "wu", "power"
const EnumNames<Stopping>& NamesOf(Stopping);            // "beam", "bound", "first"

struct DecodeOptions {
  int beam_size = 4;  // hypotheses kept per sentence, 1 to 256; 1 is greedy search
  LengthPenalty length_penalty = LengthPenalty::kWu;
  float alpha = 0.6f;  // of the length penalty; 0 turns it off
  Stopping stopping = Stopping::kFirst;
  int n_best = 1;               // hypotheses returned per sentence, at most beam_size; or samples drawn, of any number
  float max_length_factor = 3;  // target tokens at most this times the source's, plus 10 ...
  int max_length = 0;           // ... and at most this; 0 means the model's max_tgt_len
  bool allow_unk = false;       // <unk> may be part of a translation, else it is never chosen

  bool sample = false;    // draw from the model's distribution instead of searching; beam_size is ignored
  float temperature = 1;  // logits are divided by it; above 0
  int top_k = 0;          // only the k likeliest tokens; 0 means all
  float top_p = 1;        // only the likeliest tokens that together reach p (Holtzman 2020, §3.1)
  uint64_t seed = 1;      // sentence i of the input draws from (seed, i), whatever batch it is in

  // Throws OptionError naming the flag, the value and what is allowed.
  void Validate() const;
};

// The divisor for a hypothesis of `length` tokens.
double LengthPenaltyOf(const DecodeOptions& options, int64_t length);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_OPTIONS_H_
