// SPDX-License-Identifier: Apache-2.0
// A translation candidate.
#ifndef DRAGOMAN_DECODE_HYPOTHESIS_H_
#define DRAGOMAN_DECODE_HYPOTHESIS_H_

#include <cstdint>
#include <vector>

namespace dragoman {

struct Hypothesis {
  std::vector<int32_t> tokens;  // without </s>
  double log_prob = 0;          // natural logarithm, of all tokens and of </s> if it is there
  double score = 0;             // log_prob / length penalty: what hypotheses are ranked by
  bool complete = false;        // ended with </s>; false when the length limit cut it
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_HYPOTHESIS_H_
