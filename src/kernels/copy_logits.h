// SPDX-License-Identifier: Apache-2.0
// Copying: each token of the source is one more way to say that token. Source: Gu 2016, §3.3, Eq. 4 to 6.
//   p(w) = (exp(logit_w) + sum of exp(score_j) over the j with ids[j] = w) / Z, Z the sum over all w,
// which is the softmax of logits'_w = log(exp(logit_w) + sum of exp(score_j)): so what follows sees logits as ever.
#ifndef DRAGOMAN_KERNELS_COPY_LOGITS_H_
#define DRAGOMAN_KERNELS_COPY_LOGITS_H_

#include <cstdint>
#include <span>

#include "tensor/matrix.h"

namespace dragoman::kernels {

// One row: logits'_w above in place of logits_w, for the scores scale * scores[j].
//   ids [n], in [0, vocab), the same token any number of times; scores [n]; logits [vocab].
//   kept [2 n] receives what the backward pass needs; null: nothing.
void AddCopies(std::span<const int32_t> ids, const float* scores, float scale, float* logits, float* kept);

// dlogits [vocab]: the gradient of logits', becomes that of logits. dscores [n] is overwritten with that of scores.
// What was kept is lost.
void AddCopiesBackward(std::span<const int32_t> ids, const float* scores, float scale, float* kept, float* dlogits,
                       float* dscores);

// What a row may copy: keys [n, d] of the source's tokens, and their ids.
struct CopyMemory {
  ConstMatrix keys;
  std::span<const int32_t> ids;
};

// Many rows: query r [d] gives the scores q keys^T to the tokens of memories[memory_of[r]], whose logits' take the
// place of row r. Rows of one memory stand side by side.   q [rows, d]; scores [rows, longest memory] is scratch.
void AddCopies(const ConstMatrix& q, std::span<const int32_t> memory_of, std::span<const CopyMemory> memories,
               float scale, const Matrix& scores, const Matrix& logits);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_COPY_LOGITS_H_
