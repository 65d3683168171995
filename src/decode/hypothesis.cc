// SPDX-License-Identifier: Apache-2.0
#include "decode/hypothesis.h"

#include "base/error.h"

namespace dragoman {

bool RanksBefore(const Hypothesis& a, const Hypothesis& b) {
  return a.complete != b.complete ? a.complete : a.score > b.score;
}

void ThrowNoFiniteLogProb() {
  throw NumericError(
      "the model gives no finite log-probability for any next token; its weights are damaged, translate with an "
      "earlier "
      "checkpoint");
}

}  // namespace dragoman
