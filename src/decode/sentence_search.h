// SPDX-License-Identifier: Apache-2.0
// The search for one sentence's translation, as a state machine: it says which rows it wants computed next and what it
// wants to know of each, is told the likeliest tokens or one that is drawn or given, and in the end has hypotheses. It
// knows nothing of models, batches or caches, nor of the other sentences: so any sentences can be searched side by
// side, each from its own first step to its own last one.
#ifndef DRAGOMAN_DECODE_SENTENCE_SEARCH_H_
#define DRAGOMAN_DECODE_SENTENCE_SEARCH_H_

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "decode/hypothesis.h"
#include "kernels/choose_tokens.h"

namespace dragoman {

// A hypothesis to go on with: one row of the decoder's next step.
struct SearchRow {
  int32_t token;   // its newest, the decoder's next input
  int32_t parent;  // the row of the step before that it descends from, counted from the sentence's own first
};

// Where every search of a sentence begins and ends.
struct SearchBounds {
  int32_t start;       // what stands before the first token
  int32_t eos;         // ends a translation
  int64_t max_length;  // target tokens at most, </s> included, >= 1
};

// Beam (beam.h), Samples (sampler.h) or GivenTarget (given_target.h). Used by one thread at a time.
class SentenceSearch {
 public:
  virtual ~SentenceSearch() = default;

  // The rows of the next step. Those of the first have parent 0, the sentence with nothing decoded yet. None are left
  // when the search is done.
  std::span<const SearchRow> rows() const { return rows_; }
  bool done() const { return rows_.empty(); }

  // What row `row` has said so far.
  virtual std::span<const int32_t> Said(int64_t row) const = 0;

  // What it wants to know of a row: so many of the likeliest next tokens; or, where there is a draw, the one drawn;
  // or the one that is given.
  virtual int64_t Wanted() const = 0;
  // Whether it wants to know their log-probabilities, or just which they are.
  virtual bool WantsLogProbs() const { return true; }
  virtual std::optional<kernels::TokenDraw> DrawFor(int64_t /*row*/) { return std::nullopt; }
  virtual std::optional<int32_t> GivenFor(int64_t /*row*/) const { return std::nullopt; }

  // What every result will begin with, as far as it is certain: it only grows.
  virtual std::span<const int32_t> Settled() { return {}; }

  // One step: choices [rows().size()] are what was found for each row. Only until done(). Throws NumericError when
  // there is no token to go on with.
  virtual void Advance(std::span<const kernels::TokenChoice> choices) = 0;

  // Up to n_best hypotheses, best first. Once, when done().
  virtual std::vector<Hypothesis> Finish() = 0;

 protected:
  explicit SentenceSearch(std::vector<SearchRow> first_rows) : rows_(std::move(first_rows)) {}
  SentenceSearch(SentenceSearch&&) = default;

  std::vector<SearchRow> rows_;  // Advance replaces them
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SENTENCE_SEARCH_H_
