// SPDX-License-Identifier: Apache-2.0
// For the tests of single searches: steps without a model.
#ifndef DRAGOMAN_DECODE_SEARCH_TESTING_H_
#define DRAGOMAN_DECODE_SEARCH_TESTING_H_

#include <algorithm>
#include <cmath>
#include <vector>

#include "decode/sentence_search.h"

namespace dragoman {

// One step with these log-probabilities of each row's next token, of which the likeliest are given to the search as
// kernels::ChooseTokens finds them. NaN is never chosen.
inline void AdvanceSearch(SentenceSearch& search, const std::vector<std::vector<float>>& rows) {
  std::vector<std::vector<kernels::TokenLogProb>> best;
  for (const std::vector<float>& row : rows) {
    std::vector<kernels::TokenLogProb>& tokens = best.emplace_back();
    for (size_t id = 0; id < row.size(); ++id) {
      if (row[id] > -INFINITY) tokens.push_back({static_cast<int32_t>(id), row[id]});
    }
    std::ranges::stable_sort(tokens, [](const auto& a, const auto& b) { return a.log_prob > b.log_prob; });
    tokens.resize(std::min(tokens.size(), static_cast<size_t>(search.Wanted())));
  }
  std::vector<kernels::TokenChoice> choices(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    choices[r].best = best[r];
    choices[r].found = static_cast<int64_t>(best[r].size());
  }
  search.Advance(choices);
}

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SEARCH_TESTING_H_
