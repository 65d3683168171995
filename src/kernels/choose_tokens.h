// SPDX-License-Identifier: Apache-2.0
// From raw logits to what a search goes on with: of each row the likeliest tokens, or one that is drawn or given, with
// their log-probabilities. So whole rows of the vocabulary stay where they were computed.
//   log p[v] = (logit[v] - max) - log(sum over all u of exp(logit[u] - max)), natural logarithm
// over the whole vocabulary: what is banned is not chosen, the rest stays what the model says.
#ifndef DRAGOMAN_KERNELS_CHOOSE_TOKENS_H_
#define DRAGOMAN_KERNELS_CHOOSE_TOKENS_H_

#include <cstdint>
#include <optional>
#include <span>

#include "tensor/matrix.h"

namespace dragoman::kernels {

struct TokenLogProb {
  int32_t token;
  float log_prob;
};

// One token drawn from softmax(log p / temperature), restricted to the top_k likeliest tokens (0: all) and then to the
// smallest set of likeliest tokens whose probability reaches top_p (Holtzman 2020, §3.1).
struct TokenDraw {
  float temperature = 1;
  int top_k = 0;
  float top_p = 1;
  double uniform = 0;  // in [0, 1): the draw
};

// What is wanted of a row, and found.
struct TokenChoice {
  std::span<TokenLogProb> best;     // room for the likeliest tokens, best first (of equals, that of the smaller id); or
  std::optional<TokenDraw> draw;    // for the one that is drawn; or
  std::optional<int32_t> given;     // for this one, whatever is banned
  bool skip_log_probs = false;      // of the likeliest, only which they are: log_prob is 0 then
  std::span<const int32_t> banned;  // not to be chosen in this row
  int32_t last_resort = -1;         // chosen all the same when nothing else is left, though in `banned`; -1: none
  int64_t found = 0;                // of `best`: fewer where fewer are finite, none where a logit is NaN
};

// choices[r] of row r. logits [rows, vocab]: what is banned becomes -inf. banned_always: in all rows.
void ChooseTokens(const Matrix& logits, std::span<const int32_t> banned_always, std::span<TokenChoice> choices);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_CHOOSE_TOKENS_H_
