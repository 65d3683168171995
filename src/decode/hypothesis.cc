// SPDX-License-Identifier: Apache-2.0
#include "decode/hypothesis.h"

#include <algorithm>

#include "base/error.h"

namespace dragoman {

bool RanksBefore(const Hypothesis& a, const Hypothesis& b) {
  return a.complete != b.complete ? a.complete : a.score > b.score;
}

size_t CommonPrefix(std::span<const Hypothesis> open, std::span<const Hypothesis> finished, size_t known) {
  if (open.empty()) return known;
  const std::vector<int32_t>& first = open.front().tokens;
  size_t common = first.size();
  for (const auto hypotheses : {open, finished}) {
    for (const Hypothesis& other : hypotheses) {
      common = std::min(common, other.tokens.size());
      size_t same = known;
      while (same < common && other.tokens[same] == first[same]) ++same;
      common = same;
    }
  }
  return common;
}

void ThrowNoFiniteLogProb() {
  throw NumericError(
      "the model gives no finite log-probability for any next token; its weights are damaged, translate with an "
      "earlier "
      "checkpoint");
}

}  // namespace dragoman
