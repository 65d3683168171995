// SPDX-License-Identifier: Apache-2.0
// Scaled dot-product attention over packed sentences, all heads. Source: Vaswani 2017, §3.2.1, Eq. 1.
//   softmax(scale * Q K^T + bias) V, per sentence and head; head h lives in columns [h * d_head, (h + 1) * d_head).
// A query sees the keys of its own sentence only; with causal set, query i sees keys 0..i. Scores of one sentence and
// head are all that is ever held; the backward pass computes them again from q, k and the kept row statistics.
#ifndef DRAGOMAN_KERNELS_ATTENTION_H_
#define DRAGOMAN_KERNELS_ATTENTION_H_

#include <cmath>
#include <cstdint>
#include <span>

#include "kernels/dropout.h"
#include "tensor/matrix.h"
#include "tensor/packed.h"

namespace dragoman::kernels {

// A number for each head and each distance i - j of a query i from a key j of its sentence, at[head * stride + i - j].
// All distances from -(k_len - 1) to q_len - 1 are there, and kLineFloats more numbers, which mean nothing.
template <class Element>
struct ByDistance {
  Element* at = nullptr;  // head 0, distance 0; null: there is none
  int64_t stride = 0;
};

struct AttentionShape {
  int heads = 1;
  int d_head = 0;
  bool causal = false;  // then both packings are the same
  // On the attention weights (after the softmax). The counter of weight (head h, query row i of the packed matrix,
  // key j counted in its sentence) is (h * q_rows + i) * 4096 + j, modulo 2^32 (longer sentences wrap: harmless).
  Dropout dropout;
  float scale = 0;                    // of the scores, above 0; 0 stands for 1 / sqrt(d_head), Eq. 1
  ByDistance<const float> bias = {};  // added to the scores (Raffel 2020, §2.1)

  float Scale() const { return scale > 0 ? scale : 1.0f / std::sqrt(static_cast<float>(d_head)); }
};

// Queries [q_tokens, heads * d_head], keys and values [k_tokens, heads * d_head]. May be strided.
struct AttentionOperands {
  ConstMatrix q, k, v;
};
struct AttentionGradients {
  Matrix q, k, v;               // like the operands; overwritten
  ByDistance<float> bias = {};  // like shape.bias; added to, where there is one
};

// Floats of scratch that the calls below need for sentences up to these lengths.
int64_t AttentionScratchFloats(const AttentionShape& shape, int64_t max_q_len, int64_t max_k_len);

//   q_packing and k_packing have the same number of sentences; sentence s of q attends to sentence s of k. out like q.
//   log_sum_exp [heads, q_tokens] (row h at h * q_tokens) receives log sum_j exp(score) for the backward pass; null
//   when none is wanted.
//   scratch: AttentionScratchFloats() floats, 64-byte aligned.
void AttentionForward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                      const AttentionOperands& operands, const Matrix& out, float* log_sum_exp, float* scratch);

//   dout like q.
void AttentionBackward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                       const AttentionOperands& operands, const ConstMatrix& dout, const float* log_sum_exp,
                       const AttentionGradients& gradients, float* scratch);

// The attention weights themselves, for looking at: weights [q_len, k_len] of sentence s and one head.
void AttentionWeights(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                      const ConstMatrix& q, const ConstMatrix& k, int64_t sentence, int head, const Matrix& weights);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_ATTENTION_H_
