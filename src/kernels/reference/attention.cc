// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace dragoman::kernels::reference {
namespace {

// Where one sentence and head lie in the packed matrices.
struct Part {
  int64_t q_begin, q_len, k_begin, k_len, first_col;
  int head;
};

Part PartOf(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing, int64_t s, int head) {
  return {q_packing.Begin(s),  q_packing.Length(s),          k_packing.Begin(s),
          k_packing.Length(s), int64_t{head} * shape.d_head, head};
}

int64_t VisibleKeys(const AttentionShape& shape, const Part& part, int64_t i) {
  return shape.causal ? std::min(i + 1, part.k_len) : part.k_len;
}

double Score(const AttentionShape& shape, const Part& part, const Table& q, const Table& k, int64_t i, int64_t j) {
  double sum = 0;
  for (int64_t c = part.first_col; c < part.first_col + shape.d_head; ++c) {
    sum += q.At(part.q_begin + i, c) * k.At(part.k_begin + j, c);
  }
  const double bias = shape.bias.at == nullptr ? 0 : shape.bias.at[part.head * shape.bias.stride + i - j];
  return shape.Scale() * sum + bias;
}

double LogSumExp(const AttentionShape& shape, const Part& part, const Table& q, const Table& k, int64_t i) {
  const int64_t visible = VisibleKeys(shape, part, i);
  double max = -std::numeric_limits<double>::infinity();
  for (int64_t j = 0; j < visible; ++j) max = std::max(max, Score(shape, part, q, k, i, j));
  double sum = 0;
  for (int64_t j = 0; j < visible; ++j) sum += std::exp(Score(shape, part, q, k, i, j) - max);
  return max + std::log(sum);
}

// weights [q_len, k_len], zero where the key is hidden.
Table Weights(const AttentionShape& shape, const Part& part, const Table& q, const Table& k) {
  Table weights(part.q_len, part.k_len);
  for (int64_t i = 0; i < part.q_len; ++i) {
    const double log_sum_exp = LogSumExp(shape, part, q, k, i);
    for (int64_t j = 0; j < VisibleKeys(shape, part, i); ++j) {
      weights.At(i, j) = std::exp(Score(shape, part, q, k, i, j) - log_sum_exp);
    }
  }
  return weights;
}

int64_t Longest(const Packing& packing) {
  int64_t longest = 0;
  for (int64_t s = 0; s < packing.sentences(); ++s) longest = std::max(longest, packing.Length(s));
  return longest;
}

double Mask(const AttentionShape& shape, const Part& part, const Packing& q_packing, int64_t i, int64_t j) {
  if (!shape.dropout.active()) return 1;
  const int64_t row = part.head * q_packing.tokens() + part.q_begin + i;
  return DropoutFactor(shape.dropout, static_cast<uint32_t>(row * 4096 + j));
}

}  // namespace

Table::Table(const ConstMatrix& m) : Table(m.rows, m.cols) {
  for (int64_t r = 0; r < rows; ++r) std::copy_n(m.Row(r), cols, data.begin() + r * cols);
}

AttentionOutput AttentionForward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                                 const Table& q, const Table& k, const Table& v) {
  AttentionOutput result{Table(q.rows, q.cols), std::vector<double>(shape.heads * q.rows)};
  for (int64_t s = 0; s < q_packing.sentences(); ++s) {
    for (int head = 0; head < shape.heads; ++head) {
      const Part part = PartOf(shape, q_packing, k_packing, s, head);
      const Table weights = Weights(shape, part, q, k);
      for (int64_t i = 0; i < part.q_len; ++i) {
        result.log_sum_exp[head * q.rows + part.q_begin + i] = LogSumExp(shape, part, q, k, i);
        for (int64_t j = 0; j < part.k_len; ++j) {
          const double weight = weights.At(i, j) * Mask(shape, part, q_packing, i, j);
          for (int64_t c = part.first_col; c < part.first_col + shape.d_head; ++c) {
            result.out.At(part.q_begin + i, c) += weight * v.At(part.k_begin + j, c);
          }
        }
      }
    }
  }
  return result;
}

AttentionGradients AttentionBackward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                                     const Table& q, const Table& k, const Table& v, const Table& dout) {
  AttentionGradients grads{Table(q.rows, q.cols), Table(k.rows, k.cols), Table(v.rows, v.cols), {}};
  const int64_t longest_k = Longest(k_packing);
  if (shape.bias.at != nullptr) grads.dbias = Table(shape.heads, Longest(q_packing) + longest_k - 1);
  for (int64_t s = 0; s < q_packing.sentences(); ++s) {
    for (int head = 0; head < shape.heads; ++head) {
      const Part part = PartOf(shape, q_packing, k_packing, s, head);
      const Table weights = Weights(shape, part, q, k);
      for (int64_t i = 0; i < part.q_len; ++i) {
        const int64_t row = part.q_begin + i;
        std::vector<double> dweights(part.k_len);  // by the weight after the softmax, before dropout
        double mean = 0;                           // of dweights, under the weights
        for (int64_t j = 0; j < part.k_len; ++j) {
          const double mask = Mask(shape, part, q_packing, i, j);
          for (int64_t c = part.first_col; c < part.first_col + shape.d_head; ++c) {
            dweights[j] += mask * dout.At(row, c) * v.At(part.k_begin + j, c);
            grads.dv.At(part.k_begin + j, c) += mask * weights.At(i, j) * dout.At(row, c);
          }
          mean += weights.At(i, j) * dweights[j];
        }
        for (int64_t j = 0; j < part.k_len; ++j) {
          const double dscore = weights.At(i, j) * (dweights[j] - mean);
          if (shape.bias.at != nullptr) grads.dbias.At(head, i - j + longest_k - 1) += dscore;
          for (int64_t c = part.first_col; c < part.first_col + shape.d_head; ++c) {
            grads.dq.At(row, c) += shape.Scale() * dscore * k.At(part.k_begin + j, c);
            grads.dk.At(part.k_begin + j, c) += shape.Scale() * dscore * q.At(row, c);
          }
        }
      }
    }
  }
  return grads;
}

Table AttentionWeights(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing, const Table& q,
                       const Table& k, int64_t sentence, int head) {
  return Weights(shape, PartOf(shape, q_packing, k_packing, sentence, head), q, k);
}

std::vector<double> AttentionStep(const AttentionShape& shape, const float* q, std::span<const float* const> keys,
                                  std::span<const float* const> values) {
  const int d_head = shape.d_head, width = shape.heads * d_head;
  std::vector<double> out(width);
  for (int first_col = 0; first_col < width; first_col += d_head) {
    std::vector<double> scores(keys.size());
    for (size_t j = 0; j < keys.size(); ++j) {
      for (int c = first_col; c < first_col + d_head; ++c) scores[j] += double{q[c]} * keys[j][c];
      scores[j] *= shape.Scale();
      if (shape.bias.at != nullptr) {
        scores[j] += shape.bias.at[first_col / d_head * shape.bias.stride + static_cast<int64_t>(keys.size() - 1 - j)];
      }
    }
    double max = -std::numeric_limits<double>::infinity(), sum = 0;
    for (const double score : scores) max = std::max(max, score);
    for (const double score : scores) sum += std::exp(score - max);
    for (size_t j = 0; j < keys.size(); ++j) {
      for (int c = first_col; c < first_col + d_head; ++c) out[c] += std::exp(scores[j] - max) / sum * values[j][c];
    }
  }
  return out;
}

}  // namespace dragoman::kernels::reference
