// SPDX-License-Identifier: Apache-2.0
// The way through a translation that is given, to be scored.
#ifndef DRAGOMAN_DECODE_GIVEN_TARGET_H_
#define DRAGOMAN_DECODE_GIVEN_TARGET_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "decode/hypothesis.h"
#include "decode/sentence_search.h"

namespace dragoman {

// Says of a target what a search that found it would have said, bit for bit.
class GivenTarget : public SentenceSearch {
 public:
  // tokens: in the template, so with </s>; not empty, and they must outlive this. start: what stands before the first.
  GivenTarget(std::span<const int32_t> tokens, int32_t start);

  std::span<const int32_t> Said(int64_t /*row*/) const override { return tokens_.first(log_probs_.size()); }
  int64_t Wanted() const override { return 1; }
  std::optional<int32_t> GivenFor(int64_t /*row*/) const override { return tokens_[log_probs_.size()]; }
  void Advance(std::span<const kernels::TokenChoice> choices) override;

  // One, with token_log_probs.
  std::vector<Hypothesis> Finish() override;

 private:
  std::span<const int32_t> tokens_;
  std::vector<double> log_probs_;  // of the first of them
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_GIVEN_TARGET_H_
