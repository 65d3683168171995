// SPDX-License-Identifier: Apache-2.0
// How to search for a translation (dragoman/options.h), as flags, JSON and words.
#ifndef DRAGOMAN_DECODE_OPTIONS_H_
#define DRAGOMAN_DECODE_OPTIONS_H_

#include <cstdint>

#include "base/enum_names.h"
#include "dragoman/options.h"

namespace dragoman {

const EnumNames<LengthPenaltyForm>& NamesOf(LengthPenaltyForm);  // "wu", "power"
const EnumNames<Stopping>& NamesOf(Stopping);                    // "beam", "bound", "first", "full", "narrow"
const EnumNames<LineForm>& NamesOf(LineForm);                    // "text", "pieces", "ids"

// Calls visit(key, field, help) for every field: flags, JSON and whatever tells one translation from another walk this
// one list. As a flag, the key's underscores are dashes. Before fields that only another one, a bool, gives a meaning
// it calls visit.OnlyWith(that key), if it has that.
template <class Options, class Visitor>
void ForEachDecodeOption(Options& o, Visitor&& visit) {
  visit("beam_size", o.beam_size, "hypotheses kept per sentence, 1 is greedy search; not used with `sample`");
  visit("length_penalty", o.length_penalty, "alpha of the length penalty; 0 turns it off, more favours longer output");
  visit("length_penalty_form", o.length_penalty_form,
        "what a log-probability is divided by, ((5 + |Y|) / 6)^alpha of Wu et al. 2016 or |Y|^alpha");
  visit(
      "stopping", o.stopping,
      "what ends a sentence: beam-size hypotheses have finished (beam), and none is ahead of one of them as it stands "
      "(full), no open one can overtake the n-best (bound), or none is ahead of them as it stands (first), or all have "
      "finished, each of which leaves its place empty (narrow)");
  visit("n_best", o.n_best, "translations of each sentence, at most as many as the beam has; or samples drawn");
  visit("max_length_factor", o.max_length_factor, "output tokens at most this times the input's, plus 10");
  visit("max_length", o.max_length, "output tokens at most; 0, or more than that: the model's limit");
  visit("min_length", o.min_length, "output tokens at least");
  visit("no_repeat_ngram", o.no_repeat_ngram, "no sequence of so many tokens comes twice in an output; 0: allowed");
  visit("skip_scores", o.skip_scores,
        "compute no probabilities where greedy search finds the same without; scores are 0 then");
  visit("allow_unk", o.allow_unk, "let <unk>, for what the vocabulary has no piece for, into translations");
  visit("line_form", o.line_form,
        "what lines are, those that come and those that go: text, or sentences that are cut already, as pieces or as "
        "ids");
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
