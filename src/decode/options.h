// SPDX-License-Identifier: Apache-2.0
// How to search for a translation.
#ifndef DRAGOMAN_DECODE_OPTIONS_H_
#define DRAGOMAN_DECODE_OPTIONS_H_

#include <cstdint>
#include <string>

#include "base/enum_names.h"

namespace dragoman {

// What a finished hypothesis' log-probability is divided by; |Y| counts target tokens, </s> included.
enum class LengthPenaltyForm {
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

const EnumNames<LengthPenaltyForm>& NamesOf(LengthPenaltyForm);  // "wu", "power"
const EnumNames<Stopping>& NamesOf(Stopping);                    // "beam", "bound", "first"

struct DecodeOptions {
  int beam_size = 4;            // hypotheses kept per sentence, 1 to 256; 1 is greedy search
  float length_penalty = 0.6f;  // its alpha; 0 turns it off
  LengthPenaltyForm length_penalty_form = LengthPenaltyForm::kWu;
  Stopping stopping = Stopping::kFirst;
  int n_best = 1;               // hypotheses returned per sentence, at most beam_size; or samples drawn, of any number
  float max_length_factor = 3;  // target tokens at most this times the source's, plus 10 ...
  int max_length = 0;           // ... and at most this; 0 means the model's max_tgt_len
  int min_length = 0;           // target tokens at least, </s> included, where the limits above leave room
  int no_repeat_ngram = 0;      // no sequence of so many tokens comes twice (Paulus 2018, §2.5); 0: whatever
  bool allow_unk = false;       // <unk> may be part of a translation, else it is never chosen

  bool sample = false;    // draw from the model's distribution instead of searching; beam_size is ignored
  float temperature = 1;  // logits are divided by it; above 0
  int top_k = 0;          // only the k likeliest tokens; 0 means all
  float top_p = 1;        // only the likeliest tokens that together reach p (Holtzman 2020, §3.1)
  uint64_t seed = 1;      // sentence i of the input draws from (seed, i), whatever batch it is in

  // Throws OptionError naming the field, the value and what is allowed.
  void Validate() const;

  // JSON text with one key per field above, enums as words ("wu", "first").
  std::string ToJson() const;
  // Keys that are left out keep their defaults. Throws FormatError naming `origin`, where the text is from, and the
  // key: unknown, of the wrong type or out of range.
  static DecodeOptions FromJson(const std::string& json, const std::string& origin);

  bool operator==(const DecodeOptions&) const = default;
};

// Calls visit(key, field, help) for every field: flags, JSON and whatever tells one translation from another walk this
// one list. As a flag, the key's underscores are dashes. Before fields that only another one, a bool, gives a meaning
// it calls visit.OnlyWith(that key), if it has that.
template <class Options, class Visitor>
void ForEachDecodeOption(Options& o, Visitor&& visit) {
  visit("beam_size", o.beam_size, "hypotheses kept per sentence, 1 is greedy search; not used with `sample`");
  visit("length_penalty", o.length_penalty, "alpha of the length penalty; 0 turns it off, more favours longer output");
  visit("length_penalty_form", o.length_penalty_form,
        "what a log-probability is divided by, ((5 + |Y|) / 6)^alpha of Wu et al. 2016 or |Y|^alpha");
  visit("stopping", o.stopping,
        "what ends a sentence: beam-size hypotheses have finished (beam), no open one can overtake the n-best (bound), "
        "or none is ahead of them as it stands (first)");
  visit("n_best", o.n_best, "translations of each sentence, at most as many as the beam has; or samples drawn");
  visit("max_length_factor", o.max_length_factor, "output tokens at most this times the input's, plus 10");
  visit("max_length", o.max_length, "output tokens at most; 0, or more than that: the model's limit");
  visit("min_length", o.min_length, "output tokens at least");
  visit("no_repeat_ngram", o.no_repeat_ngram, "no sequence of so many tokens comes twice in an output; 0: allowed");
  visit("allow_unk", o.allow_unk, "let <unk>, for what the vocabulary has no piece for, into translations");
  visit("sample", o.sample, "draw from the model's distribution instead of searching");
  if constexpr (requires { visit.OnlyWith("sample"); }) visit.OnlyWith("sample");
  visit("temperature", o.temperature, "of sampling: logits are divided by it");
  visit("top_k", o.top_k, "sample from the k likeliest tokens only; 0: all");
  visit("top_p", o.top_p, "sample from the likeliest tokens that together reach p");
  visit("seed", o.seed, "of sampling");
}

// The divisor for a hypothesis of `length` tokens.
double LengthPenaltyOf(const DecodeOptions& options, int64_t length);

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_OPTIONS_H_
