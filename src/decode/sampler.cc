// SPDX-License-Identifier: Apache-2.0
#include "decode/sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace dragoman {

int32_t SampleToken(const DecodeOptions& options, std::span<const float> log_probs, Rng& rng) {
  std::vector<std::pair<double, int32_t>> tokens;  // probability (not normalised), id
  tokens.reserve(log_probs.size());
  double largest = -INFINITY;
  for (const float log_prob : log_probs) {
    if (log_prob > largest) largest = log_prob;
  }
  if (!std::isfinite(largest)) ThrowNoFiniteLogProb();
  double total = 0;
  for (size_t id = 0; id < log_probs.size(); ++id) {
    const double p = std::exp((double{log_probs[id]} - largest) / double{options.temperature});
    if (!(p > 0)) continue;
    tokens.emplace_back(p, static_cast<int32_t>(id));
    total += p;
  }
  const bool restricted = options.top_k > 0 || options.top_p < 1;
  if (restricted) {
    std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (options.top_k > 0 && tokens.size() > static_cast<size_t>(options.top_k)) {
      tokens.resize(static_cast<size_t>(options.top_k));
    }
    total = 0;
    for (const auto& token : tokens) total += token.first;
    double reached = 0;
    size_t kept = 0;
    while (kept < tokens.size() && (kept == 0 || reached < double{options.top_p} * total))
      reached += tokens[kept++].first;
    tokens.resize(kept);
    total = reached;
  }
  double point = rng.Uniform() * total;
  for (const auto& [p, id] : tokens) {
    point -= p;
    if (point < 0) return id;
  }
  return tokens.back().second;  // rounding left a crumb
}

Samples::Samples(const DecodeOptions& options, const SearchBounds& bounds, int64_t sentence_id)
    : SentenceSearch(std::vector<SearchRow>(static_cast<size_t>(options.n_best), {bounds.start, 0})),
      options_(options),
      bounds_(bounds) {
  DRAGOMAN_CHECK(bounds.max_length >= 1);
  const uint64_t of_sentence = HashCombine(options.seed, static_cast<uint64_t>(sentence_id));
  for (int i = 0; i < options.n_best; ++i) {
    open_.push_back({Rng(HashCombine(of_sentence, static_cast<uint64_t>(i))), {}});
  }
}

bool Samples::Extend(Draw* draw, std::span<const float> log_probs) const {
  const int32_t token = SampleToken(options_, log_probs, draw->rng);
  Hypothesis& hypothesis = draw->hypothesis;
  hypothesis.log_prob += double{log_probs[static_cast<size_t>(token)]};
  hypothesis.score = hypothesis.log_prob / LengthPenaltyOf(options_, length_);
  hypothesis.complete = token == bounds_.eos;
  if (!hypothesis.complete) hypothesis.tokens.push_back(token);
  return !hypothesis.complete && length_ < bounds_.max_length;
}

void Samples::Advance(const ConstMatrix& log_probs) {
  DRAGOMAN_CHECK(!done() && log_probs.rows == static_cast<int64_t>(rows_.size()));
  ++length_;
  rows_.clear();
  std::vector<Draw> still_open;
  for (size_t row = 0; row < open_.size(); ++row) {
    Draw& draw = open_[row];
    const float* next = log_probs.Row(static_cast<int64_t>(row));
    if (!Extend(&draw, {next, static_cast<size_t>(log_probs.cols)})) {
      finished_.push_back(std::move(draw.hypothesis));
      continue;
    }
    rows_.push_back({draw.hypothesis.tokens.back(), static_cast<int32_t>(row)});
    still_open.push_back(std::move(draw));
  }
  open_ = std::move(still_open);
}

std::vector<Hypothesis> Samples::Finish() {
  DRAGOMAN_CHECK(done());
  std::stable_sort(finished_.begin(), finished_.end(), RanksBefore);
  return std::move(finished_);
}

}  // namespace dragoman
