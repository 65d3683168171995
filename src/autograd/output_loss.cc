// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "autograd/weight_product.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "tensor/cache_line.h"

namespace dragoman {

using kernels::Gemm;
using kernels::Transpose;

namespace {

// Logits of this many tokens exist at a time: enough rows for the GEMMs to run at full rate, few enough that 8k
// logits each (8 MB) stay in the last-level cache. No fewer for a larger vocabulary: a slice reads and writes the
// weight's whole gradient, d_model numbers for each logit column, which is soon more than the logits themselves.
constexpr int64_t kSliceTokens = 256;

// From row to row of the logits: an odd number of cache lines, so that a column's elements, which the weight's gradient
// reads together, do not fall into the same few places of a cache.
int64_t LogitsStride(int64_t vocab) { return (WholeLines(vocab) / kLineFloats | 1) * kLineFloats; }

}  // namespace

int64_t OutputLossScratchFloats(int64_t vocab) { return kSliceTokens * LogitsStride(vocab); }

kernels::CrossEntropySums OutputLoss(Workspace& workspace, const Variable& hidden, const Parameter& weight,
                                     const Parameter* bias, std::span<const int32_t> targets, float smoothing,
                                     float gradient_scale) {
  const int64_t tokens = hidden.rows();
  const int64_t vocab = weight.rows();
  ExpectShape("OutputLoss", &weight, vocab, hidden.cols());
  ExpectShape("OutputLoss", bias, 1, vocab);
  ExpectShape("OutputLoss", "targets", ConstMatrix(nullptr, static_cast<int64_t>(targets.size()), 1), tokens, 1);
  Tape* const tape = workspace.tape();
  const Scratch scratch = workspace.NewScratch(std::min(tokens, kSliceTokens) * LogitsStride(vocab));
  const auto dhidden = tape != nullptr ? tape->SlotFor(hidden) : Tape::GradientSlot{};

  kernels::CrossEntropySums sums;
  for (int64_t begin = 0; begin < tokens; begin += kSliceTokens) {
    const int64_t count = std::min(kSliceTokens, tokens - begin);
    const ConstMatrix h = hidden.value().Rows(begin, count);                 // [slice, d_model]
    const Matrix logits(scratch.data(), count, vocab, LogitsStride(vocab));  // [slice, vocab]
    MultiplyByWeight(workspace, h, weight, Transpose::kYes, logits);
    if (bias != nullptr) kernels::AddBias(logits, bias->data);
    const auto slice =
        kernels::CrossEntropyRows(logits, targets.subspan(static_cast<size_t>(begin), static_cast<size_t>(count)),
                                  smoothing, tape != nullptr ? gradient_scale : 0.0f);
    sums.loss += slice.loss;
    sums.nll += slice.nll;
    if (tape == nullptr) continue;
    const Matrix& dlogits = logits;  // overwritten by CrossEntropyRows
    MultiplyByWeight(workspace, dlogits, weight, Transpose::kNo, dhidden.matrix.Rows(begin, count), dhidden.accumulate);
    Gemm(workspace.precision(), dlogits, Transpose::kYes, h, Transpose::kNo, tape->GradientMatrixOf(weight),
         /*accumulate=*/true);
    if (bias != nullptr) kernels::AddColumnSums(dlogits, tape->GradientOf(*bias));
  }
  return sums;
}

}  // namespace dragoman
