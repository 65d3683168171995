// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/reference/attention.h"

namespace dragoman::kernels {
namespace {

void Write(const reference::Table& from, const Matrix& to, bool accumulate) {
  for (int64_t r = 0; r < to.rows; ++r) {
    for (int64_t c = 0; c < to.cols; ++c) {
      to.At(r, c) = static_cast<float>(from.At(r, c) + (accumulate ? to.At(r, c) : 0.0f));
    }
  }
}

}  // namespace

int64_t AttentionScratchFloats(const AttentionShape& shape, int64_t max_q_len, int64_t max_k_len) {
  return max_q_len * max_k_len + shape.d_head;
}

void AttentionForward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing, const Matrix& q,
                      const Matrix& k, const Matrix& v, const Matrix& out, float* log_sum_exp, float* scratch) {
  const auto result = reference::AttentionForward(shape, q_packing, k_packing, reference::Table(q),
                                                  reference::Table(k), reference::Table(v));
  Write(result.out, out, false);
  if (log_sum_exp) std::copy(result.log_sum_exp.begin(), result.log_sum_exp.end(), log_sum_exp);
}

void AttentionBackward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                       const Matrix& q, const Matrix& k, const Matrix& v, const Matrix& out, const Matrix& dout,
                       const float* log_sum_exp, const Matrix& dq, const Matrix& dk, const Matrix& dv,
                       bool accumulate, float* scratch) {
  const auto grads =
      reference::AttentionBackward(shape, q_packing, k_packing, reference::Table(q), reference::Table(k),
                                   reference::Table(v), reference::Table(dout));
  Write(grads.dq, dq, accumulate);
  Write(grads.dk, dk, accumulate);
  Write(grads.dv, dv, accumulate);
}

void AttentionWeights(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing, const Matrix& q,
                      const Matrix& k, int64_t sentence, int head, const Matrix& weights) {
  Write(reference::AttentionWeights(shape, q_packing, k_packing, reference::Table(q), reference::Table(k), sentence,
                                    head),
        weights, false);
}

void AttentionStep(int heads, int d_head, const float* q, std::span<const float* const> keys,
                   std::span<const float* const> values, float* out, float* scratch) {
  const float scale = 1.0f / std::sqrt(static_cast<float>(d_head));
  for (int h = 0; h < heads; ++h, q += d_head, out += d_head) {
    float max = -INFINITY, sum = 0;
    for (size_t j = 0; j < keys.size(); ++j) {
      float score = 0;
      for (int c = 0; c < d_head; ++c) score += q[c] * keys[j][h * d_head + c];
      max = std::max(max, scratch[j] = score * scale);
    }
    for (size_t j = 0; j < keys.size(); ++j) sum += scratch[j] = std::exp(scratch[j] - max);
    std::fill_n(out, d_head, 0.0f);
    for (size_t j = 0; j < keys.size(); ++j) {
      for (int c = 0; c < d_head; ++c) out[c] += scratch[j] / sum * values[j][h * d_head + c];
    }
  }
}

}  // namespace dragoman::kernels
