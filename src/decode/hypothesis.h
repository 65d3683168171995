// SPDX-License-Identifier: Apache-2.0
// A translation candidate, and what beam search and sampling alike say of one.
#ifndef DRAGOMAN_DECODE_HYPOTHESIS_H_
#define DRAGOMAN_DECODE_HYPOTHESIS_H_

#include <cstdint>
#include <vector>

namespace dragoman {

struct Hypothesis {
  std::vector<int32_t> tokens;  // without </s>
  double log_prob = 0;          // natural logarithm, of all tokens and of </s> if it is there
  double score = 0;             // log_prob / length penalty: what hypotheses are ranked by; see RanksBefore
  bool complete = false;        // ended with </s>; false when the length limit cut it
};

// Whether a ranks before b: a sentence that ends before one that was cut, else the one with the better score.
bool RanksBefore(const Hypothesis& a, const Hypothesis& b);

// Throws NumericError: nothing can come next.
[[noreturn]] void ThrowNoFiniteLogProb();

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_HYPOTHESIS_H_
