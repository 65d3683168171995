// SPDX-License-Identifier: Apache-2.0
#include "decode/search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/hash.h"
#include "decode/beam.h"
#include "decode/sampler.h"
#include "kernels/softmax.h"

namespace dragoman {

struct Searcher::Draw {
  size_t sentence;
  int64_t max_length;
  Rng rng;
  Hypothesis hypothesis;
};

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
  return static_cast<int64_t>(std::min(static_cast<double>(limit), by_source));  // by_source may be infinite
}

Variable Searcher::Step(Tape& tape, DecoderState& state, std::span<const int32_t> tokens) const {
  const auto position = static_cast<size_t>(state.step());
  Variable log_probs = model_.Step(tape, state, tokens);  // [hypotheses, tgt_vocab]
  kernels::LogSoftmaxRows(log_probs.writable());
  for (int64_t row = 0; row < log_probs.rows(); ++row) {
    for (const int32_t id : banned_) log_probs.writable().At(row, id) = -INFINITY;
    if (position >= forced_first_.size()) continue;
    std::fill_n(log_probs.writable().Row(row), log_probs.cols(), -INFINITY);
    log_probs.writable().At(row, forced_first_[position]) = 0;
  }
  return log_probs;
}

std::vector<std::vector<Hypothesis>> Searcher::Search(Tape& tape, const PackedTokens& src,
                                                      std::span<const int64_t> sentence_ids,
                                                      const std::function<void()>& check) const {
  return options_.sample ? DrawSamples(tape, src, sentence_ids, check) : SearchBeams(tape, src, check);
}

std::vector<std::vector<Hypothesis>> Searcher::SearchBeams(Tape& tape, const PackedTokens& src,
                                                           const std::function<void()>& check) const {
  const int64_t sentences = src.packing.sentences();
  std::vector<Beam> beams;
  for (int64_t s = 0; s < sentences; ++s) beams.emplace_back(options_, eos_, MaxLength(src.packing.Length(s)));

  const Variable encoder_out = model_.Encode(tape, src);  // [src_tokens, d_model]
  const auto state = model_.StartDecoding(tape, src.packing, encoder_out);
  std::vector<int32_t> tokens(static_cast<size_t>(sentences), model_.config().decoder_start);
  while (!tokens.empty()) {
    check();
    const Variable log_probs = Step(tape, *state, tokens);  // [hypotheses, tgt_vocab]
    tokens.clear();
    std::vector<int32_t> rows;  // the row of this step's hypotheses that each of the next step's descends from
    int64_t first_row = 0;
    for (Beam& beam : beams) {  // each open beam's hypotheses are neighbouring rows
      if (beam.done()) continue;
      const auto open = static_cast<int64_t>(beam.open().size());
      beam.Advance(log_probs.value().Rows(first_row, open));
      if (!beam.done()) {
        for (const int32_t parent : beam.parents()) rows.push_back(static_cast<int32_t>(first_row) + parent);
        for (const Hypothesis& hypothesis : beam.open()) tokens.push_back(hypothesis.tokens.back());
      }
      first_row += open;
    }
    state->Reorder(rows);
  }
  std::vector<std::vector<Hypothesis>> results;
  for (Beam& beam : beams) results.push_back(beam.Finish());
  return results;
}

std::vector<Searcher::Draw> Searcher::OpenDraws(const PackedTokens& src, std::span<const int64_t> sentence_ids) const {
  std::vector<Draw> draws;
  for (size_t s = 0; s < sentence_ids.size(); ++s) {
    const int64_t max_length = MaxLength(src.packing.Length(static_cast<int64_t>(s)));
    const uint64_t of_sentence = HashCombine(options_.seed, static_cast<uint64_t>(sentence_ids[s]));
    for (int i = 0; i < options_.n_best; ++i) {
      draws.push_back({s, max_length, Rng(HashCombine(of_sentence, static_cast<uint64_t>(i))), {}});
    }
  }
  return draws;
}

bool Searcher::Extend(Draw* draw, std::span<const float> log_probs) const {
  const int32_t token = SampleToken(options_, log_probs, draw->rng);
  Hypothesis& hypothesis = draw->hypothesis;
  hypothesis.log_prob += double{log_probs[static_cast<size_t>(token)]};
  hypothesis.complete = token == eos_;
  if (!hypothesis.complete) hypothesis.tokens.push_back(token);
  const auto length = static_cast<int64_t>(hypothesis.tokens.size()) + (hypothesis.complete ? 1 : 0);
  hypothesis.score = hypothesis.log_prob / LengthPenaltyOf(options_, length);
  return !hypothesis.complete && length < draw->max_length;
}

std::vector<std::vector<Hypothesis>> Searcher::DrawSamples(Tape& tape, const PackedTokens& src,
                                                           std::span<const int64_t> sentence_ids,
                                                           const std::function<void()>& check) const {
  std::vector<Draw> open = OpenDraws(src, sentence_ids);
  std::vector<int32_t> rows;  // the row of the step before that each open sample goes on from
  for (const Draw& draw : open) rows.push_back(static_cast<int32_t>(draw.sentence));
  const Variable encoder_out = model_.Encode(tape, src);  // [src_tokens, d_model]
  const auto state = model_.StartDecoding(tape, src.packing, encoder_out);
  std::vector<std::vector<Hypothesis>> results(sentence_ids.size());
  std::vector<int32_t> tokens(open.size(), model_.config().decoder_start);
  while (!open.empty()) {
    check();
    state->Reorder(rows);
    const Variable log_probs = Step(tape, *state, tokens);  // [open samples, tgt_vocab]
    rows.clear();
    tokens.clear();
    std::vector<Draw> still_open;
    for (size_t i = 0; i < open.size(); ++i) {
      Draw& draw = open[i];
      const float* next = log_probs.value().Row(static_cast<int64_t>(i));
      if (!Extend(&draw, {next, static_cast<size_t>(log_probs.cols())})) {
        results[draw.sentence].push_back(std::move(draw.hypothesis));
        continue;
      }
      rows.push_back(static_cast<int32_t>(i));
      tokens.push_back(draw.hypothesis.tokens.back());
      still_open.push_back(std::move(draw));
    }
    open = std::move(still_open);
  }
  for (auto& samples : results) std::stable_sort(samples.begin(), samples.end(), RanksBefore);
  return results;
}

}  // namespace dragoman
