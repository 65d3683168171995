// SPDX-License-Identifier: Apache-2.0
#include "decode/sampler.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace dragoman {

Samples::Samples(const DecodeOptions& options, const SearchBounds& bounds, int64_t sentence_id)
    : SentenceSearch(std::vector<SearchRow>(static_cast<size_t>(options.n_best), {bounds.start, 0})),
      options_(options),
      bounds_(bounds) {
  DRAGOMAN_CHECK(bounds.max_length >= 1);
  const uint64_t of_sentence = HashCombine(options.seed, static_cast<uint64_t>(sentence_id));
  for (int i = 0; i < options.n_best; ++i) {
    open_.push_back({Rng(HashCombine(of_sentence, static_cast<uint64_t>(i))), {}});
    open_.back().hypothesis.tokens.reserve(static_cast<size_t>(std::min(bounds.max_length, kUsualTokens)));
  }
}

std::optional<kernels::TokenDraw> Samples::DrawFor(int64_t row) {
  return kernels::TokenDraw{options_.temperature, options_.top_k, options_.top_p,
                            open_[static_cast<size_t>(row)].rng.Uniform()};
}

bool Samples::Extend(Draw* draw, kernels::TokenLogProb next) const {
  Hypothesis& hypothesis = draw->hypothesis;
  hypothesis.log_prob += double{next.log_prob};
  hypothesis.score = hypothesis.log_prob / LengthPenaltyOf(options_, length_);
  hypothesis.complete = next.token == bounds_.eos;
  if (!hypothesis.complete) hypothesis.tokens.push_back(next.token);
  return !hypothesis.complete && length_ < bounds_.max_length;
}

void Samples::Advance(std::span<const kernels::TokenChoice> choices) {
  DRAGOMAN_CHECK(!done() && choices.size() == rows_.size());
  ++length_;
  rows_.clear();
  size_t still_open = 0;
  for (size_t row = 0; row < open_.size(); ++row) {
    if (choices[row].found == 0) ThrowNoFiniteLogProb();
    Draw& draw = open_[row];
    if (!Extend(&draw, choices[row].best.front())) {
      finished_.push_back(std::move(draw.hypothesis));
      continue;
    }
    rows_.push_back({draw.hypothesis.tokens.back(), static_cast<int32_t>(row)});
    if (still_open != row) open_[still_open] = std::move(draw);
    ++still_open;
  }
  open_.erase(open_.begin() + static_cast<int64_t>(still_open), open_.end());
}

// Several begin as each likes.
std::span<const int32_t> Samples::Settled() {
  if (options_.n_best > 1 || open_.empty()) return {};
  return open_.front().hypothesis.tokens;
}

std::vector<Hypothesis> Samples::Finish() {
  DRAGOMAN_CHECK(done());
  std::stable_sort(finished_.begin(), finished_.end(), RanksBefore);
  return std::move(finished_);
}

}  // namespace dragoman
