// SPDX-License-Identifier: Apache-2.0
// A translation candidate, and what beam search and sampling alike say of one.
#ifndef DRAGOMAN_DECODE_HYPOTHESIS_H_
#define DRAGOMAN_DECODE_HYPOTHESIS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace dragoman {

struct Hypothesis {
  std::vector<int32_t> tokens;          // without </s>
  double log_prob = 0;                  // natural logarithm, of all tokens and of </s> if it is there
  double score = 0;                     // log_prob / length penalty: what hypotheses are ranked by; see RanksBefore
  bool complete = false;                // ended with </s>; false when the length limit cut it
  std::vector<double> token_log_probs;  // of a target that was given to be scored: of each token, </s> last
};

// What is usually room enough for a hypothesis' tokens; longer ones take memory as they grow.
inline constexpr int64_t kUsualTokens = 512;

// Whether a ranks before b: a sentence that ends before one that was cut, else the one with the better score.
bool RanksBefore(const Hypothesis& a, const Hypothesis& b);

// How many tokens all of them begin with, at least `known` of them.
size_t CommonPrefix(std::span<const Hypothesis> open, std::span<const Hypothesis> finished, size_t known);

// Throws NumericError: nothing can come next.
[[noreturn]] void ThrowNoFiniteLogProb();

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_HYPOTHESIS_H_
