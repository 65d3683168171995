// SPDX-License-Identifier: Apache-2.0
// Attention written to be read, in double: what the vector code in kernels/attention.cc is tested against, and what
// numerical derivatives are taken of. Source: Vaswani 2017, §3.2.1, Eq. 1.
#ifndef DRAGOMAN_KERNELS_REFERENCE_ATTENTION_H_
#define DRAGOMAN_KERNELS_REFERENCE_ATTENTION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/attention.h"

namespace dragoman::kernels::reference {

// A dense row-major matrix of doubles that owns its elements.
struct Table {
  int64_t rows = 0;
  int64_t cols = 0;
  std::vector<double> data;

  Table() = default;
  Table(int64_t rows_in, int64_t cols_in) : rows(rows_in), cols(cols_in), data(rows_in * cols_in) {}
  explicit Table(const ConstMatrix& m);  // a copy

  double& At(int64_t r, int64_t c) { return data[r * cols + c]; }
  double At(int64_t r, int64_t c) const { return data[r * cols + c]; }
};

struct AttentionOutput {
  Table out;                        // [q_tokens, heads * d_head]
  std::vector<double> log_sum_exp;  // [heads, q_tokens]
};

AttentionOutput AttentionForward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                                 const Table& q, const Table& k, const Table& v);

struct AttentionGradients {
  Table dq, dk, dv;  // like q, k, v
  Table dbias;       // [heads, distances], column i - j + longest k_len - 1; empty without a bias
};

// By the chain rule, step by step; nothing but q, k, v and dout enters.
AttentionGradients AttentionBackward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                                     const Table& q, const Table& k, const Table& v, const Table& dout);

// softmax(scale * q k^T + bias) of one sentence and head, without dropout: [q_len, k_len].
Table AttentionWeights(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing, const Table& q,
                       const Table& k, int64_t sentence, int head);

// One query against keys and values of a row each: [heads * d_head]. Zeros without keys.
std::vector<double> AttentionStep(const AttentionShape& shape, const float* q, std::span<const float* const> keys,
                                  std::span<const float* const> values);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_ATTENTION_H_
