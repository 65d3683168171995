// SPDX-License-Identifier: Apache-2.0
#include "decode/given_target.h"

#include <cmath>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {

GivenTarget::GivenTarget(std::span<const int32_t> tokens, int32_t start)
    : SentenceSearch({{start, 0}}), tokens_(tokens) {
  DRAGOMAN_CHECK(!tokens.empty());
  log_probs_.reserve(tokens.size());
}

void GivenTarget::Advance(std::span<const kernels::TokenChoice> choices) {
  DRAGOMAN_CHECK(!done() && choices.size() == 1);
  if (choices[0].found == 0 || !std::isfinite(choices[0].best.front().log_prob)) {
    throw NumericError(
        "the model gives no finite log-probability for this target; its weights are damaged, score with an earlier "
        "checkpoint");
  }
  log_probs_.push_back(double{choices[0].best.front().log_prob});
  if (log_probs_.size() == tokens_.size()) {
    rows_.clear();
  } else {
    rows_.front() = {tokens_[log_probs_.size() - 1], 0};
  }
}

std::vector<Hypothesis> GivenTarget::Finish() {
  DRAGOMAN_CHECK(done());
  Hypothesis hypothesis;
  hypothesis.tokens.assign(tokens_.begin(), tokens_.end() - 1);
  hypothesis.complete = true;
  for (const double log_prob : log_probs_) hypothesis.log_prob += log_prob;
  hypothesis.token_log_probs = std::move(log_probs_);
  std::vector<Hypothesis> one;
  one.push_back(std::move(hypothesis));
  return one;
}

}  // namespace dragoman
