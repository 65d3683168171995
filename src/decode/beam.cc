// SPDX-License-Identifier: Apache-2.0
#include "decode/beam.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/check.h"

namespace dragoman {
Beam::Beam(const DecodeOptions& options, const SearchBounds& bounds, bool drop_hopeless)
    : SentenceSearch({{bounds.start, 0}}),
      options_(options),
      bounds_(bounds),
      drop_hopeless_(drop_hopeless),
      width_(static_cast<size_t>(options.beam_size)),
      open_(1) {
  DRAGOMAN_CHECK(bounds.max_length >= 1);
  open_.front().tokens.reserve(static_cast<size_t>(std::min(bounds.max_length, kUsualTokens)));
}

double Beam::ScoreOf(double log_prob, int64_t length) const { return log_prob / LengthPenaltyOf(options_, length); }

void Beam::Advance(std::span<const kernels::TokenChoice> choices) {
  DRAGOMAN_CHECK(!done() && choices.size() == rows_.size());
  Expand(choices);
  ++length_;
  Select();
  if (length_ == bounds_.max_length) CutAtLimit();
  if (drop_hopeless_) DropHopeless();
  Settle();
  if (HasEnded()) rows_.clear();
}

bool Beam::HasEnded() {
  if (!RanksAtEnd()) return settled_ == static_cast<size_t>(options_.n_best);
  if (options_.stopping == Stopping::kNarrow) return open_.empty();
  if (finished_.size() < width_) return false;
  if (options_.stopping == Stopping::kBeam || open_.empty()) return true;
  scores_.clear();
  for (const Hypothesis& hypothesis : finished_) scores_.push_back(hypothesis.score);
  const auto last = scores_.begin() + options_.beam_size - 1;
  std::nth_element(scores_.begin(), last, scores_.end(), std::greater<>());
  return *last >= open_.front().score;
}

// The 2 * beam_size best continuations: at most beam_size of them can be </s>, so beam_size others are among them.
void Beam::Expand(std::span<const kernels::TokenChoice> choices) {
  candidates_.clear();
  for (size_t row = 0; row < choices.size(); ++row) {
    for (int32_t rank = 0; rank < choices[row].found; ++rank) {
      const kernels::TokenLogProb& next = choices[row].best[static_cast<size_t>(rank)];
      candidates_.push_back({open_[row].log_prob + double{next.log_prob}, static_cast<int32_t>(row), rank, next.token});
    }
  }
  if (candidates_.empty()) ThrowNoFiniteLogProb();
  // Ties go to the better-ranked parent, then to the token of the larger logit (of equals, the smaller id), whatever
  // rounding has left of the difference: so the result is one and the same everywhere, and without probabilities.
  std::ranges::sort(candidates_, [](const Candidate& a, const Candidate& b) {
    if (a.log_prob != b.log_prob) return a.log_prob > b.log_prob;
    return a.parent != b.parent ? a.parent < b.parent : a.rank < b.rank;
  });
  candidates_.resize(std::min(candidates_.size(), static_cast<size_t>(Wanted())));
}

void Beam::Select() {
  const bool narrows = options_.stopping == Stopping::kNarrow;
  if (narrows) candidates_.resize(std::min(candidates_.size(), width_));
  size_t kept = 0;
  rows_.clear();
  for (size_t rank = 0; rank < candidates_.size() && kept < width_; ++rank) {
    const Candidate& candidate = candidates_[rank];
    const Hypothesis& parent = open_[static_cast<size_t>(candidate.parent)];
    if (candidate.token == bounds_.eos) {
      if (rank >= width_) continue;  // would not have made it into the beam
      const double score = ScoreOf(candidate.log_prob, length_);
      if (settled_ > 0 && score > finished_[settled_ - 1].score) continue;  // too late for a place above those settled
      finished_.push_back({parent.tokens, candidate.log_prob, score, true});
      continue;
    }
    if (kept == next_.size())
      next_.emplace_back().tokens.reserve(static_cast<size_t>(std::min(bounds_.max_length, kUsualTokens)));
    Hypothesis& next = next_[kept++];
    next.tokens.assign(parent.tokens.begin(), parent.tokens.end());
    next.tokens.push_back(candidate.token);
    next.log_prob = candidate.log_prob;
    next.score = ScoreOf(candidate.log_prob, length_);
    rows_.push_back({candidate.token, candidate.parent});
  }
  next_.resize(kept);
  open_.swap(next_);
  if (narrows) width_ = kept;
}

void Beam::CutAtLimit() {
  for (Hypothesis& hypothesis : open_) finished_.push_back(std::move(hypothesis));
  open_.clear();
  rows_.clear();
}

// A log-probability only falls, and no length divides it by more than the greatest: so an open hypothesis that would
// then still be behind n_best finished ones is behind them for good. To leave it out changes nothing for the others:
// what comes into the beam in its place has a log-probability below its own, and so no hope either. (Where the search
// ends with so many finished, hopeless ones count.)
void Beam::DropHopeless() {
  const auto places = static_cast<size_t>(options_.n_best);
  if (RanksAtEnd() || finished_.size() < places) return;
  scores_.clear();
  for (const Hypothesis& hypothesis : finished_) {
    if (hypothesis.complete) scores_.push_back(hypothesis.score);
  }
  if (scores_.size() < places) return;
  const auto last_place = scores_.begin() + options_.n_best - 1;
  std::nth_element(scores_.begin(), last_place, scores_.end(), std::greater<>());
  while (!open_.empty() && ScoreOf(open_.back().log_prob, bounds_.max_length) < *last_place) {
    open_.pop_back();
    rows_.pop_back();
  }
}

// The next place goes to the best of the rest once it is ahead of every open hypothesis: of each as it stands (kFirst),
// or at its most favourable length (kBound). A place once given stays, so n_best decides how many are given and no
// more.
void Beam::Settle() {
  if (RanksAtEnd() || open_.empty()) return;  // all is settled at the end
  // open_ is sorted by log_prob. A log-probability only falls, and a greater length divides it by more.
  const int64_t length = options_.stopping == Stopping::kFirst ? length_ : bounds_.max_length;
  const double to_beat = ScoreOf(open_.front().log_prob, length);
  while (settled_ < std::min(finished_.size(), static_cast<size_t>(options_.n_best))) {
    const auto place = finished_.begin() + static_cast<int64_t>(settled_);
    const auto best = std::min_element(place, finished_.end(), RanksBefore);  // of equals, the one that finished first
    if (best->score < to_beat) return;
    std::rotate(place, best, best + 1);
    ++settled_;
  }
}

std::span<const int32_t> Beam::Settled() {
  if (open_.empty()) return {};
  common_ = CommonPrefix(open_, finished_, common_);
  return std::span(open_.front().tokens).first(common_);
}

std::vector<Hypothesis> Beam::Finish() {
  DRAGOMAN_CHECK(done());
  // A stable sort: of equals, the one that finished first.
  std::stable_sort(finished_.begin() + static_cast<int64_t>(settled_), finished_.end(), RanksBefore);
  if (finished_.size() > static_cast<size_t>(options_.n_best)) finished_.resize(static_cast<size_t>(options_.n_best));
  return std::move(finished_);
}

}  // namespace dragoman
