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
  std::vector<Draw> still_open;
  for (size_t row = 0; row < open_.size(); ++row) {
    if (choices[row].found == 0) ThrowNoFiniteLogProb();
    Draw& draw = open_[row];
    if (!Extend(&draw, choices[row].best.front())) {
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
