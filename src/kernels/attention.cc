// SPDX-License-Identifier: Apache-2.0
// The forward pass. How scores lie in scratch, and why: see attention-inl.h.
#include "kernels/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/contrib/math/math-inl.h"
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/lanes-inl.h"
#include "kernels/small_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// Scores [keys, lanes] become softmax weights, lane by lane, 0 for hidden keys, and then go through dropout. Returns
// log sum exp of the scores.
template <bool kDropout>
HWY_INLINE Floats SoftmaxLanes(QueryLanes queries, int64_t keys, const DropoutLanes& dropout, float* scores) {
  const Tag d;
  const Floats hidden = hn::Set(d, -std::numeric_limits<float>::infinity());
  const int64_t all_visible = queries.AllVisible(keys);
  Floats max = hidden;
  for (int64_t j = 0; j < all_visible; ++j) max = hn::Max(max, hn::Load(d, scores + j * kQueryBlock));
  for (int64_t j = all_visible; j < keys; ++j) {
    float* const at = scores + j * kQueryBlock;
    const Floats score = hn::IfThenElse(queries.KeyIsVisible(j), hn::Load(d, at), hidden);
    hn::Store(score, d, at);
    max = hn::Max(max, score);
  }
  Floats sum = hn::Zero(d), other_sum = hn::Zero(d);  // in turns: an addition need not wait for the one before
  for (int64_t j = 0; j < keys; ++j) {
    float* const at = scores + j * kQueryBlock;
    const Floats weight = Exp(hn::Sub(hn::Load(d, at), max));
    hn::Store(weight, d, at);
    const Floats added = hn::Add(sum, weight);
    sum = other_sum;
    other_sum = added;
  }
  sum = hn::Add(sum, other_sum);
  const Floats factor = hn::Div(hn::Set(d, 1.0f), sum);
  for (int64_t j = 0; j < keys; ++j) {
    float* const at = scores + j * kQueryBlock;
    Floats weight = hn::Mul(hn::Load(d, at), factor);
    if constexpr (kDropout) weight = hn::Mul(weight, dropout.Factors(j));
    hn::Store(weight, d, at);
  }
  return hn::Add(max, hn::Log(d, sum));
}

// The matrices of one sentence and head.
struct ForwardMatrices {
  ConstMatrix q, k, v;  // [q_len, d_head], [k_len, d_head] twice
  Matrix out;           // [q_len, d_head]
};

// bias: of this head, by distance; or null. first_row: the row of log_sum_exp [heads * q_tokens] that belongs to the
// first query.
void ForwardHead(const AttentionShape& shape, const ForwardMatrices& m, const float* bias, int64_t first_row,
                 float* log_sum_exp, ScratchTaker scratch) {
  const Tag d;
  const int64_t width = PaddedHead(shape.d_head);
  float* const q_transposed = scratch.Take(width * kQueryBlock);
  float* const weights = scratch.Take(m.k.rows * kQueryBlock);
  float* const block_log_sum_exp = scratch.Take(kQueryBlock);
  const HeadRows<const float> k_rows = WholeRows(m.k, scratch), v_rows = WholeRows(m.v, scratch);
  for (int64_t begin = 0; begin < m.q.rows; begin += kQueryBlock) {
    const int64_t queries = std::min(kQueryBlock, m.q.rows - begin);
    const int64_t keys = shape.causal ? begin + queries : m.k.rows;
    ScratchTaker block_scratch = scratch;
    const Matrix out_block = m.out.Rows(begin, queries);
    const HeadRows<float> out_rows = WholeRows(out_block, block_scratch);
    TransposeQueries(WholeRows(m.q.Rows(begin, queries), block_scratch), queries, width, shape.Scale(), q_transposed);
    SmallGemm<Steps::kAll>(d, keys, VecsFor(queries), k_rows.AsLeft(), {q_transposed, kQueryBlock}, width, 0,
                           {weights, kQueryBlock, false});
    if (bias != nullptr) AddDistanceBias(bias, begin, queries, keys, weights);
    for (int64_t lane = 0; lane < queries; lane += kLanes) {
      const QueryLanes lanes = {begin + lane, shape.causal};
      const DropoutLanes dropout(shape.dropout, first_row + begin + lane);
      const Floats lane_log_sum_exp = shape.dropout.active()
                                          ? SoftmaxLanes<true>(lanes, keys, dropout, weights + lane)
                                          : SoftmaxLanes<false>(lanes, keys, dropout, weights + lane);
      hn::Store(lane_log_sum_exp, d, block_log_sum_exp + lane);
    }
    if (log_sum_exp) std::copy_n(block_log_sum_exp, queries, log_sum_exp + first_row + begin);
    const Product product = {out_rows.data, out_rows.stride, false};
    if (shape.causal) {
      SmallGemm<Steps::kLowerTriangle>(d, queries, width / kLanes, QueryRows{weights, {}, {}}, v_rows.AsRight(), begin,
                                       0, product);
    } else {
      SmallGemm<Steps::kAll>(d, queries, width / kLanes, QueryRows{weights, {}, {}}, v_rows.AsRight(), keys, 0,
                             product);
    }
    WriteBack(out_rows, out_block);
  }
}

void Forward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
             const AttentionOperands& operands, const Matrix& out, float* log_sum_exp, float* scratch) {
  for (int64_t s = 0; s < q_packing.sentences(); ++s) {
    const int64_t q_begin = q_packing.Begin(s), q_len = q_packing.Length(s);
    const int64_t k_begin = k_packing.Begin(s), k_len = k_packing.Length(s);
    for (int64_t h = 0; h < shape.heads; ++h) {
      const Matrix out_head = HeadOf(out, q_begin, q_len, h, shape.d_head);
      const int64_t first_row = h * q_packing.tokens() + q_begin;
      if (k_len == 0) {  // nothing to attend to: an empty sum
        for (int64_t i = 0; i < q_len; ++i) std::fill_n(out_head.Row(i), shape.d_head, 0.0f);
        if (log_sum_exp) std::fill_n(log_sum_exp + first_row, q_len, -std::numeric_limits<float>::infinity());
        continue;
      }
      const ForwardMatrices m = {HeadOf(operands.q, q_begin, q_len, h, shape.d_head),
                                 HeadOf(operands.k, k_begin, k_len, h, shape.d_head),
                                 HeadOf(operands.v, k_begin, k_len, h, shape.d_head), out_head};
      if (h + 1 < shape.heads) {
        for (const ConstMatrix& matrix : {m.q, m.k, m.v, ConstMatrix(m.out)}) PrefetchNextHead(matrix);
      }
      ForwardHead(shape, m, BiasOfHead(shape.bias, h), first_row, log_sum_exp, {scratch});
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(Forward);

int64_t AttentionScratchFloats(const AttentionShape& shape, int64_t max_q_len, int64_t max_k_len) {
  // What the backward pass takes (the forward pass takes less): two transposed blocks and three of [keys, queries],
  const int64_t width = WholeLines(shape.d_head);
  int64_t floats = kQueryBlock * (2 * width + 3 * max_k_len + 1);
  // and, where a head is not made of whole vectors, copies of q, dout and dq by block and of k, v, dk and dv.
  if (shape.d_head % kMaxLanes != 0) floats += (3 * kQueryBlock + 4 * max_k_len) * width;
  return floats;
}

void AttentionForward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                      const AttentionOperands& operands, const Matrix& out, float* log_sum_exp, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Forward)(shape, q_packing, k_packing, operands, out, log_sum_exp, scratch);
}

// Not made for speed: it is looked at by people.
void AttentionWeights(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                      const ConstMatrix& q, const ConstMatrix& k, int64_t sentence, int head, const Matrix& weights) {
  const int64_t first_col = int64_t{head} * shape.d_head;
  const float* const bias = BiasOfHead(shape.bias, head);
  const ConstMatrix q_head = q.Rows(q_packing.Begin(sentence), weights.rows).Cols(first_col, shape.d_head);
  const ConstMatrix k_head = k.Rows(k_packing.Begin(sentence), weights.cols).Cols(first_col, shape.d_head);
  for (int64_t i = 0; i < weights.rows; ++i) {
    const int64_t visible = shape.causal ? std::min(i + 1, weights.cols) : weights.cols;
    float* const row = weights.Row(i);
    std::fill(row + visible, row + weights.cols, 0.0f);
    float max = -std::numeric_limits<float>::infinity();
    for (int64_t j = 0; j < visible; ++j) {
      float score = 0;
      for (int64_t c = 0; c < shape.d_head; ++c) score += q_head.At(i, c) * k_head.At(j, c);
      row[j] = score * shape.Scale() + (bias != nullptr ? bias[i - j] : 0.0f);
      max = std::max(max, row[j]);
    }
    float sum = 0;
    for (int64_t j = 0; j < visible; ++j) sum += row[j] = std::exp(row[j] - max);
    for (int64_t j = 0; j < visible; ++j) row[j] /= sum;
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
