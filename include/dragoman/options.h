// SPDX-License-Identifier: Apache-2.0
// What a program may choose: how to open a model, and how to search for a translation. Defaults are those of the
// command line.
#ifndef DRAGOMAN_OPTIONS_H_
#define DRAGOMAN_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "dragoman/export.h"

namespace dragoman {

// What the weights of products are rounded to; everything else is f32.
enum class WeightFormat { kF32, kBf16, kF16, kInt8 };

struct TranslatorOptions {
  int threads = 0;                        // that compute; 0: one for each core that this process may use
  std::optional<WeightFormat> precision;  // none: as the model's weights are stored
  int64_t max_memory_mb = 0;              // of the process, while it translates; 0: no such limit
  std::string src_lang, tgt_lang;         // of the sentences, for a model of several languages that wants to know
  std::string shortlist;                  // path of what `dragoman shortlist` has made for this model; "": none
  bool verify = true;  // compare checksums and look for numbers that are not finite; false: a large model opens sooner
};

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
  kFirst,  // a place is given when no open hypothesis is ahead as it stands; those that yet overtake are left out
  kFull,   // as kBeam, but not while an open hypothesis is ahead, as it stands, of one of the best beam_size that have
           // finished (transformers' early_stopping=False)
  kNarrow  // one that finishes leaves its place in the beam empty, and none is left (Marian)
};

// What a line is, of those that are given and of those that come back. In all three it is a sentence's own tokens: what
// a model wants around them (</s>, tokens of languages) its settings add and take away.
enum class LineForm {
  kText,    // which the model's tokenizer cuts and joins
  kPieces,  // cut already: pieces as `dragoman encode` prints them, with spaces between; what is none is <unk>
  kIds      // likewise by their ids, decimal numbers of the model's rows
};

struct DRAGOMAN_API DecodeOptions {
  int beam_size = 4;            // hypotheses kept per sentence, 1 to 256; 1 is greedy search
  float length_penalty = 0.6f;  // its alpha; 0 turns it off
  LengthPenaltyForm length_penalty_form = LengthPenaltyForm::kWu;
  Stopping stopping = Stopping::kFirst;
  int n_best = 1;               // hypotheses returned per sentence, at most beam_size; or samples drawn, at most 256
  float max_length_factor = 3;  // target tokens at most this times the source's, plus 10 ...
  int max_length = 0;           // ... and at most this; 0 means the model's own limit
  int min_length = 0;           // target tokens at least, </s> included, where the limits above leave room
  int no_repeat_ngram = 0;      // no sequence of so many tokens comes twice (Paulus 2018, §2.5); 0: whatever
  bool skip_scores = false;     // greedy search is faster where nobody asks for probabilities: scores are 0 then
  bool allow_unk = false;       // <unk> may be part of a translation, else it is never chosen
  LineForm line_form = LineForm::kText;  // of sources and translations

  bool sample = false;    // draw from the model's distribution instead of searching; beam_size is ignored
  float temperature = 1;  // logits are divided by it; above 0
  int top_k = 0;          // only the k likeliest tokens; 0 means all
  float top_p = 1;        // only the likeliest tokens that together reach p (Holtzman 2020, §3.1)
  uint64_t seed = 1;      // sentence i of the input draws from (seed, i), whatever batch it is in

  // Throws Error (kOption) naming the field, the value and what is allowed.
  void Validate() const;

  // JSON text with one key per field above, enums as words ("wu", "first").
  std::string ToJson() const;
  // Keys that are left out keep their defaults. Throws Error (kFormat) naming `origin`, where the text is from, and the
  // key: unknown, of the wrong type or out of range.
  static DecodeOptions FromJson(const std::string& json, const std::string& origin);

  bool operator==(const DecodeOptions&) const = default;
};

}  // namespace dragoman

#endif  // DRAGOMAN_OPTIONS_H_
