// SPDX-License-Identifier: Apache-2.0
// The search for one sentence's translation, as a state machine: it says which rows it wants computed next, is given
// their log-probabilities, and in the end has hypotheses. It knows nothing of models, batches or caches, nor of the
// other sentences: so any sentences can be searched side by side, each from its own first step to its own last one.
#ifndef DRAGOMAN_DECODE_SENTENCE_SEARCH_H_
#define DRAGOMAN_DECODE_SENTENCE_SEARCH_H_

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "decode/hypothesis.h"
#include "tensor/matrix.h"

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

// Beam (beam.h) or Samples (sampler.h). Used by one thread at a time.
class SentenceSearch {
 public:
  virtual ~SentenceSearch() = default;

  // The rows of the next step. Those of the first have parent 0, the sentence with nothing decoded yet. None are left
  // when the search is done.
  std::span<const SearchRow> rows() const { return rows_; }
  bool done() const { return rows_.empty(); }

  // What row `row` has said so far.
  virtual std::span<const int32_t> Said(int64_t row) const = 0;

  // One step: log_probs [rows().size(), vocab] are those of each row's next token. Only until done(). Throws
  // NumericError when no finite log-probability is left.
  virtual void Advance(const ConstMatrix& log_probs) = 0;

  // Up to n_best hypotheses, best first. Once, when done().
  virtual std::vector<Hypothesis> Finish() = 0;

 protected:
  explicit SentenceSearch(std::vector<SearchRow> first_rows) : rows_(std::move(first_rows)) {}
  SentenceSearch(SentenceSearch&&) = default;

  std::vector<SearchRow> rows_;  // Advance replaces them
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SENTENCE_SEARCH_H_
