// SPDX-License-Identifier: Apache-2.0
#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "kernels/gemm.h"

namespace dragoman {

using kernels::Gemm;
using kernels::Transpose;

namespace {

// The scores of sentence s: [q_len, k_len].
template <class AnyMatrix>
AnyMatrix OfSentence(const AnyMatrix& scores, const Packing& q, const Packing& k, int64_t s) {
  return AnyMatrix(scores.Row(q.Begin(s)), q.Length(s), k.Length(s), scores.stride);
}

}  // namespace

Variable CopyScores(Workspace& workspace, const Variable& q, const Variable& k, const Packing& q_packing,
                    const Packing& k_packing) {
  ExpectShape("CopyScores", "q", q.value(), q_packing.tokens(), k.cols());
  ExpectShape("CopyScores", "k", k.value(), k_packing.tokens(), k.cols());
  Variable scores = workspace.New(q.rows(), k_packing.Longest());  // [q_tokens, longest of k]
  for (int64_t s = 0; s < q_packing.sentences(); ++s) {
    Gemm(q.value().Rows(q_packing.Begin(s), q_packing.Length(s)), Transpose::kNo,
         k.value().Rows(k_packing.Begin(s), k_packing.Length(s)), Transpose::kYes,
         OfSentence(scores.writable(), q_packing, k_packing, s));
  }
  Record(workspace, scores, [=](Tape& tape) {
    const auto dq = tape.SlotFor(q), dk = tape.SlotFor(k);
    for (int64_t s = 0; s < q_packing.sentences(); ++s) {
      const int64_t q_begin = q_packing.Begin(s), q_len = q_packing.Length(s);
      const int64_t k_begin = k_packing.Begin(s), k_len = k_packing.Length(s);
      const ConstMatrix dscores = OfSentence(tape.Gradient(scores), q_packing, k_packing, s);  // [q_len, k_len]
      Gemm(dscores, Transpose::kNo, k.value().Rows(k_begin, k_len), Transpose::kNo, dq.matrix.Rows(q_begin, q_len),
           dq.accumulate);
      Gemm(dscores, Transpose::kYes, q.value().Rows(q_begin, q_len), Transpose::kNo, dk.matrix.Rows(k_begin, k_len),
           dk.accumulate);
    }
  });
  return scores;
}

}  // namespace dragoman
