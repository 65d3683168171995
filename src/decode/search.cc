// SPDX-License-Identifier: Apache-2.0
#include "decode/search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "decode/beam.h"
#include "decode/restrictions.h"
#include "decode/sampler.h"
#include "kernels/softmax.h"

namespace dragoman {

// A sentence on its way, and where the model's state has its rows: one for each of search->rows(), side by side.
struct RunningSentence {
  std::unique_ptr<SentenceSearch> search;
  int64_t first_row;
  size_t position = 0;  // of the token that its rows are to choose
};

namespace {

// The next step's rows, of all sentences that are not done.
struct NextRows {
  std::vector<int32_t> tokens, parents;  // parents: rows of the state
};

// Also gives each sentence its new place.
NextRows Gather(std::span<RunningSentence> sentences) {
  NextRows next;
  for (RunningSentence& sentence : sentences) {
    const auto first_row = static_cast<int64_t>(next.tokens.size());
    for (const SearchRow& row : sentence.search->rows()) {
      next.tokens.push_back(row.token);
      next.parents.push_back(static_cast<int32_t>(sentence.first_row) + row.parent);
    }
    sentence.first_row = first_row;
  }
  return next;
}

// `token` is certain, all others are impossible.
void Force(int32_t token, const Matrix& log_probs) {
  for (int64_t row = 0; row < log_probs.rows; ++row) {
    std::fill_n(log_probs.Row(row), log_probs.cols, -INFINITY);
    log_probs.At(row, token) = 0;
  }
}

// Of one sentence: log_probs [its rows, vocab].
void RestrictRows(const DecodeOptions& options, int32_t eos, const SentenceSearch& search, const Matrix& log_probs) {
  if (options.min_length == 0 && options.no_repeat_ngram == 0) return;
  for (int64_t row = 0; row < log_probs.rows; ++row) {
    Restrict(options, eos, search.Said(row), {log_probs.Row(row), static_cast<size_t>(log_probs.cols)});
  }
}

}  // namespace

// log_probs: of the rows gathered.
void Searcher::Advance(std::span<RunningSentence> sentences, const Matrix& log_probs) const {
  for (RunningSentence& sentence : sentences) {
    if (sentence.search->done()) continue;
    const Matrix own = log_probs.Rows(sentence.first_row, static_cast<int64_t>(sentence.search->rows().size()));
    if (sentence.position < forced_first_.size()) {
      Force(forced_first_[sentence.position], own);
    } else {
      RestrictRows(options_, eos_, *sentence.search, own);
    }
    sentence.search->Advance(own);
    ++sentence.position;
  }
}

Searcher::Searcher(const Transformer& model, const DecodeOptions& options, GenerationRules rules)
    : model_(model),
      options_(options),
      eos_(rules.eos),
      banned_(std::move(rules.banned)),
      forced_first_(std::move(rules.forced_first)) {
  options_.Validate();
  if (rules.unk >= 0 && !options_.allow_unk) banned_.push_back(rules.unk);
}

int64_t Searcher::MaxLength(int64_t src_len) const {
  // The plus keeps room for short sources ("Hi" may well become five tokens); Marian and fairseq have such terms too.
  const double by_source = std::ceil(double{options_.max_length_factor} * static_cast<double>(src_len)) + 10;
  int64_t limit = model_.config().max_tgt_len;
  if (options_.max_length > 0) limit = std::min<int64_t>(limit, options_.max_length);
  return static_cast<int64_t>(std::min(static_cast<double>(limit), by_source));  // by_source may be beyond an int64_t
}

Variable Searcher::Step(Workspace& workspace, DecoderState& state, std::span<const int32_t> tokens) const {
  Variable log_probs = model_.Step(workspace, state, tokens);  // [rows, tgt_vocab]
  kernels::LogSoftmaxRows(log_probs.writable());
  for (int64_t row = 0; row < log_probs.rows(); ++row) {
    for (const int32_t id : banned_) log_probs.writable().At(row, id) = -INFINITY;
  }
  return log_probs;
}

std::unique_ptr<SentenceSearch> Searcher::Open(int64_t src_len, int64_t sentence_id) const {
  const SearchBounds bounds{model_.config().decoder_start, eos_, MaxLength(src_len)};
  if (options_.sample) return std::make_unique<Samples>(options_, bounds, sentence_id);
  return std::make_unique<Beam>(options_, bounds);
}

// The one loop: a sentence has rows until its search is done, whatever way it searches and however long the others
// take.
std::vector<std::vector<Hypothesis>> Searcher::Search(Workspace& workspace, const PackedTokens& src,
                                                      std::span<const int64_t> sentence_ids,
                                                      const std::function<void()>& check) const {
  DRAGOMAN_CHECK(static_cast<int64_t>(sentence_ids.size()) == src.packing.sentences());
  std::vector<RunningSentence> sentences;
  for (int64_t s = 0; s < src.packing.sentences(); ++s) {
    sentences.push_back({Open(src.packing.Length(s), sentence_ids[static_cast<size_t>(s)]), s});
  }
  const EncodedSource encoded = model_.Encode(workspace, src);
  const auto state = model_.StartDecoding(workspace, encoded);  // a row for each sentence
  for (NextRows next = Gather(sentences); !next.tokens.empty(); next = Gather(sentences)) {
    check();
    state->Reorder(next.parents);
    Variable log_probs = Step(workspace, *state, next.tokens);  // [rows, tgt_vocab]
    Advance(sentences, log_probs.writable());
  }
  std::vector<std::vector<Hypothesis>> results;
  for (const RunningSentence& sentence : sentences) results.push_back(sentence.search->Finish());
  return results;
}

}  // namespace dragoman
