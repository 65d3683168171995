// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.h"

#include <algorithm>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

int64_t LongestSentence(const Packing& packing) {
  int64_t longest = 0;
  for (int64_t s = 0; s < packing.sentences(); ++s) longest = std::max(longest, packing.Length(s));
  return longest;
}

}  // namespace

Variable Attention(Workspace& workspace, const Variable& q, const Variable& k, const Variable& v,
                   const Packing& q_packing, const Packing& k_packing, const kernels::AttentionShape& shape_in,
                   float dropout_rate) {
  const int64_t width = int64_t{shape_in.heads} * shape_in.d_head;
  ExpectShape("Attention", "q", q.value(), q_packing.tokens(), width);
  ExpectShape("Attention", "k", k.value(), k_packing.tokens(), width);
  ExpectShape("Attention", "v", v.value(), k_packing.tokens(), width);
  if (q_packing.sentences() != k_packing.sentences()) {
    throw ShapeError("Attention: " + std::to_string(q_packing.sentences()) + " sentences of queries, but " +
                     std::to_string(k_packing.sentences()) + " of keys");
  }
  kernels::AttentionShape shape = shape_in;
  shape.dropout = NextDropout(workspace, dropout_rate);
  const int64_t scratch_floats =
      kernels::AttentionScratchFloats(shape, LongestSentence(q_packing), LongestSentence(k_packing));
  Variable out = workspace.New(q.rows(), width);                                      // [q_tokens, heads * d_head]
  Variable log_sum_exp = workspace.New(shape.heads, std::max<int64_t>(1, q.rows()));  // [heads, q_tokens]
  kernels::AttentionForward(shape, q_packing, k_packing, {q.value(), k.value(), v.value()}, out.writable(),
                            log_sum_exp.writable().data, workspace.NewScratch(scratch_floats).data());

  Record(workspace, out, [shape, q_packing, k_packing, q, k, v, out, log_sum_exp, scratch_floats](Tape& tape) {
    const auto dq = tape.SlotFor(q), dk = tape.SlotFor(k), dv = tape.SlotFor(v);
    DRAGOMAN_CHECK(!dq.accumulate && !dk.accumulate && !dv.accumulate);
    kernels::AttentionBackward(shape, q_packing, k_packing, {q.value(), k.value(), v.value()}, tape.Gradient(out),
                               log_sum_exp.value().data, {dq.matrix, dk.matrix, dv.matrix},
                               tape.workspace().NewScratch(scratch_floats).data());
  });
  return out;
}

}  // namespace dragoman
