// SPDX-License-Identifier: Apache-2.0
// What a row of logits is normalised by. Internal to kernels/.
#ifndef DRAGOMAN_KERNELS_NORMALIZER_H_
#define DRAGOMAN_KERNELS_NORMALIZER_H_

namespace dragoman::kernels {

// log p[v] = (logit[v] - max) - log_sum: in two steps, as max may be large and log_sum is not, and their sum would lose
// the latter's digits.
struct Normalizer {
  float max;
  float log_sum;  // NaN where a logit is

  float LogProb(float logit) const { return (logit - max) - log_sum; }
};

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_NORMALIZER_H_
