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

// Where its gradient is to be added: what layers share has several that do.
kernels::ByDistance<float> BiasGradient(Tape& tape, const Variable& distance_bias) {
  const auto slot = tape.SlotFor(distance_bias);
  if (!slot.accumulate) std::fill_n(slot.matrix.data, slot.matrix.size(), 0.0f);
  const kernels::ByDistance<const float> bias = ByDistanceOf(distance_bias);
  return {slot.matrix.data + (bias.at - distance_bias.value().data), bias.stride};
}

}  // namespace

Variable Attention(Workspace& workspace, const Variable& q, const Variable& k, const Variable& v,
                   const Packing& q_packing, const Packing& k_packing, const kernels::AttentionShape& shape_in,
                   float dropout_rate, const Variable& distance_bias) {
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
  shape.bias = ByDistanceOf(distance_bias);
  const int64_t scratch_floats = kernels::AttentionScratchFloats(shape, q_packing.Longest(), k_packing.Longest());
  Variable out = workspace.New(q.rows(), width);                                      // [q_tokens, heads * d_head]
  Variable log_sum_exp = workspace.New(shape.heads, std::max<int64_t>(1, q.rows()));  // [heads, q_tokens]
  kernels::AttentionForward(shape, q_packing, k_packing, {q.value(), k.value(), v.value()}, out.writable(),
                            log_sum_exp.writable().data, workspace.NewScratch(scratch_floats).data());

  Record(workspace, out, [=](Tape& tape) {
    const auto dq = tape.SlotFor(q), dk = tape.SlotFor(k), dv = tape.SlotFor(v);
    DRAGOMAN_CHECK(!dq.accumulate && !dk.accumulate && !dv.accumulate);
    kernels::AttentionGradients gradients{dq.matrix, dk.matrix, dv.matrix};
    if (distance_bias) gradients.bias = BiasGradient(tape, distance_bias);
    kernels::AttentionBackward(shape, q_packing, k_packing, {q.value(), k.value(), v.value()}, tape.Gradient(out),
                               log_sum_exp.value().data, gradients, tape.workspace().NewScratch(scratch_floats).data());
  });
  return out;
}

}  // namespace dragoman
