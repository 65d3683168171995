// SPDX-License-Identifier: Apache-2.0
#include "decode/beam.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "base/check.h"

namespace dragoman {

Beam::Beam(const DecodeOptions& options, int32_t eos, int64_t max_length)
    : options_(options), eos_(eos), max_length_(max_length), open_(1), parents_{0} {
  DRAGOMAN_CHECK(max_length >= 1);
}

double Beam::ScoreOf(double log_prob, int64_t length) const { return log_prob / LengthPenaltyOf(options_, length); }

void Beam::Advance(const Matrix& log_probs) {
  DRAGOMAN_CHECK(!done_ && log_probs.rows == static_cast<int64_t>(open_.size()));
  Expand(log_probs);
  ++length_;
  Select();
  if (length_ == max_length_) CutAtLimit();
  done_ = open_.empty() || ShouldStop();
}

// The 2 * beam_size best continuations: at most beam_size of them can be </s>, so beam_size others are among them.
void Beam::Expand(const Matrix& log_probs) {
  const auto wanted = 2 * static_cast<size_t>(options_.beam_size);
  // Ties go to the better-ranked parent, then to the smaller id, so that the result is one and the same everywhere.
  const auto better = [](const Candidate& a, const Candidate& b) {
    if (a.log_prob != b.log_prob) return a.log_prob > b.log_prob;
    return a.parent != b.parent ? a.parent < b.parent : a.token < b.token;
  };
  candidates_.clear();  // a heap whose top is the worst kept
  for (int64_t row = 0; row < log_probs.rows; ++row) {
    const double past = open_[static_cast<size_t>(row)].log_prob;
    const float* values = log_probs.Row(row);
    for (int64_t token = 0; token < log_probs.cols; ++token) {
      const double log_prob = past + double{values[token]};
      const bool full = candidates_.size() == wanted;
      // Written so that NaN is never taken; later equals of the worst are never better.
      if (!(full ? log_prob > candidates_.front().log_prob : log_prob > -INFINITY)) continue;
      if (full) {
        std::pop_heap(candidates_.begin(), candidates_.end(), better);
        candidates_.pop_back();
      }
      candidates_.push_back({log_prob, static_cast<int32_t>(row), static_cast<int32_t>(token)});
      std::push_heap(candidates_.begin(), candidates_.end(), better);
    }
  }
  if (candidates_.empty()) ThrowNoFiniteLogProb();
  std::sort_heap(candidates_.begin(), candidates_.end(), better);  // best first
}

void Beam::Select() {
  const auto beam_size = static_cast<size_t>(options_.beam_size);
  std::vector<Hypothesis> next;
  parents_.clear();
  for (size_t rank = 0; rank < candidates_.size() && next.size() < beam_size; ++rank) {
    const Candidate& candidate = candidates_[rank];
    const Hypothesis& parent = open_[static_cast<size_t>(candidate.parent)];
    if (candidate.token == eos_) {
      if (rank >= beam_size) continue;  // would not have made it into the beam
      finished_.push_back({parent.tokens, candidate.log_prob, ScoreOf(candidate.log_prob, length_), true});
      continue;
    }
    next.push_back({parent.tokens, candidate.log_prob, ScoreOf(candidate.log_prob, length_), false});
    next.back().tokens.push_back(candidate.token);
    parents_.push_back(candidate.parent);
  }
  open_ = std::move(next);
}

void Beam::CutAtLimit() {
  for (Hypothesis& hypothesis : open_) finished_.push_back(std::move(hypothesis));
  open_.clear();
  parents_.clear();
}

bool Beam::ShouldStop() const {
  if (options_.stopping == Stopping::kBeam) return static_cast<int>(finished_.size()) >= options_.beam_size;
  // kFirst asks of open hypotheses as they stand what kBound asks of them at their most favourable length.
  const auto needed = static_cast<size_t>(options_.n_best);
  if (finished_.size() < needed) return false;
  std::vector<double> scores;
  for (const Hypothesis& hypothesis : finished_) scores.push_back(hypothesis.score);
  std::nth_element(scores.begin(), scores.begin() + static_cast<int64_t>(needed) - 1, scores.end(), std::greater<>());
  const double to_beat = scores[needed - 1];
  // open_ is sorted by log_prob. A log-probability only falls, and a greater length divides it by more.
  const double best_open = open_.front().log_prob;
  if (options_.stopping == Stopping::kFirst) return to_beat >= ScoreOf(best_open, length_);
  return to_beat >= ScoreOf(best_open, max_length_);
}

std::vector<Hypothesis> Beam::Finish() {
  DRAGOMAN_CHECK(done_);
  // A stable sort: of equals, the one that finished first.
  std::stable_sort(finished_.begin(), finished_.end(), RanksBefore);
  if (finished_.size() > static_cast<size_t>(options_.n_best)) finished_.resize(static_cast<size_t>(options_.n_best));
  return std::move(finished_);
}

}  // namespace dragoman
