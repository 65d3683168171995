// SPDX-License-Identifier: Apache-2.0
// The backward pass: the weights are computed again from q, k and log sum exp, then for each query and head
//   dscores = weights * (dweights - sum_j weights[j] * dweights[j]),   dweights = mask * (dout v^T).
// How scores lie in scratch, and why: see attention-inl.h.
#include <algorithm>
#include <cmath>

#include "kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_backward.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/lanes-inl.h"
#include "kernels/small_gemm-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// For a vector of queries, scores [keys, lanes] become weights, and dweights [keys, lanes], which come as dout v^T,
// become scale * dscores. With dropout, dropped [keys, lanes] receives weights * mask.
template <bool kDropout>
HWY_INLINE void SoftmaxBackwardLanes(QueryLanes queries, int64_t keys, Floats log_sum_exp, float scale,
                                     const DropoutLanes& dropout, float* scores, float* dweights, float* dropped) {
  const Tag d;
  const int64_t all_visible = queries.AllVisible(keys);
  Floats mean = hn::Zero(d);  // of dweights, under the weights; the same number as dot(dout, out), for less
  for (int64_t j = 0; j < keys; ++j) {
    const int64_t at = j * kQueryBlock;
    Floats weight = Exp(hn::Sub(hn::Load(d, scores + at), log_sum_exp));
    if (j >= all_visible) weight = hn::IfThenElseZero(queries.KeyIsVisible(j), weight);
    hn::Store(weight, d, scores + at);
    Floats dweight = hn::Load(d, dweights + at);
    if constexpr (kDropout) {
      const Floats mask = dropout.Factors(j);
      hn::Store(hn::Mul(weight, mask), d, dropped + at);
      dweight = hn::Mul(dweight, mask);
      hn::Store(dweight, d, dweights + at);
    }
    mean = hn::MulAdd(weight, dweight, mean);
  }
  const Floats factor = hn::Set(d, scale);
  for (int64_t j = 0; j < keys; ++j) {
    const int64_t at = j * kQueryBlock;
    const Floats weight = hn::Mul(hn::Load(d, scores + at), factor);
    Floats dscore = hn::Mul(weight, hn::Sub(hn::Load(d, dweights + at), mean));
    if (j >= all_visible) dscore = hn::IfThenElseZero(queries.KeyIsVisible(j), dscore);
    hn::Store(dscore, d, dweights + at);
  }
}

// The matrices of one sentence and head, [q_len, d_head] or [k_len, d_head].
struct BackwardMatrices {
  ConstMatrix q, k, v, dout;
  Matrix dq, dk, dv;
};

HWY_INLINE void PrefetchNextHead(const BackwardMatrices& m) {
  for (const ConstMatrix& matrix : {m.q, m.k, m.v, m.dout}) PrefetchNextHead(matrix);
  for (const Matrix& matrix : {m.dq, m.dk, m.dv}) PrefetchNextHead(matrix);
}

// Scratch for a block of queries.
struct BackwardScratch {
  float *q_transposed, *dout_transposed;  // [padded d_head, kQueryBlock]
  float *scores, *dscores, *dropped;      // [keys, kQueryBlock]; dropped is scores when nothing is dropped
  float* log_sum_exp;                     // [kQueryBlock]
};

HWY_INLINE BackwardScratch TakeBackwardScratch(const AttentionShape& shape, int64_t keys, ScratchTaker& scratch) {
  BackwardScratch taken;
  taken.q_transposed = scratch.Take(PaddedHead(shape.d_head) * kQueryBlock);
  taken.dout_transposed = scratch.Take(PaddedHead(shape.d_head) * kQueryBlock);
  taken.scores = scratch.Take(keys * kQueryBlock);
  taken.dscores = scratch.Take(keys * kQueryBlock);
  taken.dropped = shape.dropout.active() ? scratch.Take(keys * kQueryBlock) : taken.scores;
  taken.log_sum_exp = scratch.Take(kQueryBlock);
  return taken;
}

// Scores become weights, and dscores, which come as dout v^T, the scores' gradient. begin: the block's first query in
// its sentence; first_row: its row of the packed matrix, counted on from the rows of the heads before.
HWY_INLINE void SoftmaxBackwardBlock(const AttentionShape& shape, int64_t begin, int64_t queries, int64_t keys,
                                     int64_t first_row, const BackwardScratch& at) {
  for (int64_t lane = 0; lane < queries; lane += kLanes) {
    const QueryLanes lanes = {begin + lane, shape.causal};
    const DropoutLanes dropout(shape.dropout, first_row + lane);
    const Floats log_sum_exp = hn::Load(Tag(), at.log_sum_exp + lane);
    if (shape.dropout.active()) {
      SoftmaxBackwardLanes<true>(lanes, keys, log_sum_exp, shape.Scale(), dropout, at.scores + lane, at.dscores + lane,
                                 at.dropped + lane);
    } else {
      SoftmaxBackwardLanes<false>(lanes, keys, log_sum_exp, shape.Scale(), dropout, at.scores + lane, at.dscores + lane,
                                  nullptr);
    }
  }
}

// dv (+)= dropped^T dout, dk (+)= dscores^T q, dq (+)= dscores k, of a block of queries that begins at `begin`.
HWY_INLINE void BlockGradients(bool causal, int64_t begin, int64_t queries, int64_t keys, int64_t width_vecs,
                               const BackwardScratch& at, HeadRows<const float> q, HeadRows<const float> k,
                               HeadRows<const float> dout, Product dq, Product dk, Product dv) {
  const Tag d;
  const KeyRows dropped_by_key{at.dropped, {}, {}}, dscores_by_key{at.dscores, {}, {}};
  const QueryRows dscores_by_query{at.dscores, {}, {}};
  if (causal) {
    SmallGemm<Steps::kUpperTriangle>(d, keys, width_vecs, dropped_by_key, dout.AsRight(), queries, begin, dv);
    SmallGemm<Steps::kUpperTriangle>(d, keys, width_vecs, dscores_by_key, q.AsRight(), queries, begin, dk);
    SmallGemm<Steps::kLowerTriangle>(d, queries, width_vecs, dscores_by_query, k.AsRight(), begin, 0, dq);
  } else {
    SmallGemm<Steps::kAll>(d, keys, width_vecs, dropped_by_key, dout.AsRight(), queries, 0, dv);
    SmallGemm<Steps::kAll>(d, keys, width_vecs, dscores_by_key, q.AsRight(), queries, 0, dk);
    SmallGemm<Steps::kAll>(d, queries, width_vecs, dscores_by_query, k.AsRight(), keys, 0, dq);
  }
}

// dbias[i - j] += inverse_scale * dscores, of a block of queries that begins at `begin`: what AddDistanceBias adds,
// back.
HWY_INLINE void AddBiasGradient(int64_t begin, int64_t queries, int64_t keys, float inverse_scale, const float* dscores,
                                float* dbias) {
  const Tag d;
  const Floats factor = hn::Set(d, inverse_scale);
  for (int64_t lane = 0; lane < queries; lane += kLanes) {
    const auto is_query = hn::FirstN(d, static_cast<size_t>(queries - lane));  // the lanes behind repeat the last one
    for (int64_t j = 0; j < keys; ++j) {
      float* const to = dbias + begin + lane - j;
      const Floats dscore = hn::IfThenElseZero(is_query, hn::Load(d, dscores + j * kQueryBlock + lane));
      hn::StoreU(hn::MulAdd(dscore, factor, hn::LoadU(d, to)), d, to);
    }
  }
}

// A head's bias by distance and its gradient; null where there is none.
struct HeadBias {
  const float* values;
  float* gradient;
};

// Writes dq, writes dk and dv or adds to them. first_row: the row of log_sum_exp that belongs to the first query.
void BackwardHead(const AttentionShape& shape, const BackwardMatrices& m, HeadBias bias, const float* log_sum_exp,
                  int64_t first_row, bool accumulate, ScratchTaker scratch) {
  const Tag d;
  const int64_t width = PaddedHead(shape.d_head);
  const BackwardScratch at = TakeBackwardScratch(shape, m.k.rows, scratch);
  const HeadRows<const float> k = WholeRows(m.k, scratch), v = WholeRows(m.v, scratch);
  const HeadRows<float> dk = WholeRows(m.dk, scratch), dv = WholeRows(m.dv, scratch);
  for (int64_t begin = 0; begin < m.q.rows; begin += kQueryBlock) {
    const int64_t queries = std::min(kQueryBlock, m.q.rows - begin), vecs = VecsFor(queries);
    const int64_t keys = shape.causal ? begin + queries : m.k.rows;
    ScratchTaker block_scratch = scratch;
    const Matrix dq_block = m.dq.Rows(begin, queries);
    const HeadRows<const float> q = WholeRows(m.q.Rows(begin, queries), block_scratch);
    const HeadRows<const float> dout = WholeRows(m.dout.Rows(begin, queries), block_scratch);
    const HeadRows<float> dq = WholeRows(dq_block, block_scratch);

    TransposeQueries(q, queries, width, shape.Scale(), at.q_transposed);
    TransposeQueries(dout, queries, width, 1.0f, at.dout_transposed);
    SmallGemm<Steps::kAll>(d, keys, vecs, k.AsLeft(), {at.q_transposed, kQueryBlock}, width, 0,
                           {at.scores, kQueryBlock, false});
    if (bias.values != nullptr) AddDistanceBias(bias.values, begin, queries, keys, at.scores);
    SmallGemm<Steps::kAll>(d, keys, vecs, v.AsLeft(), {at.dout_transposed, kQueryBlock}, width, 0,
                           {at.dscores, kQueryBlock, false});
    for (int64_t i = 0; i < vecs * kLanes; ++i) {
      at.log_sum_exp[i] = log_sum_exp[first_row + begin + std::min(i, queries - 1)];
    }
    SoftmaxBackwardBlock(shape, begin, queries, keys, first_row + begin, at);
    if (bias.gradient != nullptr) {
      AddBiasGradient(begin, queries, keys, 1.0f / shape.Scale(), at.dscores, bias.gradient);
    }
    BlockGradients(shape.causal, begin, queries, keys, width / kLanes, at, q, k, dout,
                   {dq.data, dq.stride, /*accumulate=*/false}, {dk.data, dk.stride, accumulate},
                   {dv.data, dv.stride, accumulate});
    WriteBack(dq, dq_block);
  }
  WriteBack(dk, m.dk);
  WriteBack(dv, m.dv);
}

HWY_INLINE void Clear(const Matrix& m) {
  for (int64_t r = 0; r < m.rows; ++r) std::fill_n(m.Row(r), m.cols, 0.0f);
}

void Backward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
              const AttentionOperands& operands, const ConstMatrix& dout, const float* log_sum_exp,
              const AttentionGradients& gradients, float* scratch) {
  for (int64_t s = 0; s < q_packing.sentences(); ++s) {
    const int64_t q_begin = q_packing.Begin(s), q_len = q_packing.Length(s);
    const int64_t k_begin = k_packing.Begin(s), k_len = k_packing.Length(s);
    for (int64_t h = 0; h < shape.heads; ++h) {
      const auto of_queries = [&](const auto& m) HWY_ATTR { return HeadOf(m, q_begin, q_len, h, shape.d_head); };
      const auto of_keys = [&](const auto& m) HWY_ATTR { return HeadOf(m, k_begin, k_len, h, shape.d_head); };
      const BackwardMatrices matrices = {of_queries(operands.q), of_keys(operands.k),     of_keys(operands.v),
                                         of_queries(dout),       of_queries(gradients.q), of_keys(gradients.k),
                                         of_keys(gradients.v)};
      if (h + 1 < shape.heads) PrefetchNextHead(matrices);
      // Several blocks of queries add up in dk and dv, and no block at all leaves them zero.
      const bool one_block = q_len > 0 && q_len <= kQueryBlock;
      if (!one_block) Clear(matrices.dk), Clear(matrices.dv);
      if (k_len == 0) Clear(matrices.dq);
      if (q_len == 0 || k_len == 0) continue;
      const HeadBias bias = {BiasOfHead(shape.bias, h), BiasOfHead(gradients.bias, h)};
      BackwardHead(shape, matrices, bias, log_sum_exp, h * q_packing.tokens() + q_begin, /*accumulate=*/!one_block,
                   {scratch});
    }
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(Backward);

void AttentionBackward(const AttentionShape& shape, const Packing& q_packing, const Packing& k_packing,
                       const AttentionOperands& operands, const ConstMatrix& dout, const float* log_sum_exp,
                       const AttentionGradients& gradients, float* scratch) {
  HWY_DYNAMIC_DISPATCH(Backward)(shape, q_packing, k_packing, operands, dout, log_sum_exp, gradients, scratch);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
