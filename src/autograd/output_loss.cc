// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "autograd/weight_product.h"
#include "base/check.h"
#include "base/error.h"
#include "kernels/copy_logits.h"
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

// What all slices share: each is projected to logits, and its gradient taken back.
class Slices {
 public:
  Slices(Workspace& workspace, const Variable& hidden, const Parameter& weight, const Parameter* bias,
         const CopySource* copies)
      : workspace_(workspace),
        tape_(workspace.tape()),
        hidden_(hidden),
        weight_(weight),
        bias_(bias),
        copies_(copies),
        dhidden_(tape_ != nullptr ? tape_->SlotFor(hidden) : Tape::GradientSlot{}) {
    if (copies_ == nullptr) return;
    sentence_of_ = copies_->targets.SentenceOfRows();
    if (tape_ == nullptr) return;
    dscores_ = tape_->SlotFor(copies_->scores);
    kept_ = workspace.NewScratch(kSliceTokens * KeptStride());
  }

  // Of the rows [begin, begin + logits.rows): logits [slice, vocab], the `first`-th of the rows at hand.
  void Project(int64_t begin, int64_t first, const Matrix& logits) const {
    MultiplyByWeight(workspace_, hidden_.value().Rows(begin, logits.rows), weight_, Transpose::kYes, logits);
    if (bias_ != nullptr) kernels::AddBias(logits, bias_->data);
    if (copies_ == nullptr) return;
    for (int64_t r = 0; r < logits.rows; ++r) {
      kernels::AddCopies(IdsFor(begin + r), copies_->scores.value().Row(begin + r), copies_->scale, logits.Row(r),
                         Kept(first + r));
    }
  }

  void Backpropagate(int64_t begin, int64_t first, const Matrix& dlogits) const {
    if (copies_ != nullptr) {
      for (int64_t r = 0; r < dlogits.rows; ++r) {
        kernels::AddCopiesBackward(IdsFor(begin + r), copies_->scores.value().Row(begin + r), copies_->scale,
                                   Kept(first + r), dlogits.Row(r), dscores_.matrix.Row(begin + r));
      }
    }
    MultiplyByWeight(workspace_, dlogits, weight_, Transpose::kNo, dhidden_.matrix.Rows(begin, dlogits.rows),
                     dhidden_.accumulate);
    Gemm(workspace_.precision(), dlogits, Transpose::kYes, hidden_.value().Rows(begin, dlogits.rows), Transpose::kNo,
         tape_->GradientMatrixOf(weight_), /*accumulate=*/true);
    if (bias_ != nullptr) kernels::AddColumnSums(dlogits, tape_->GradientOf(*bias_));
  }

 private:
  std::span<const int32_t> IdsFor(int64_t row) const {
    const int64_t s = sentence_of_[static_cast<size_t>(row)];
    const Packing& source = copies_->source.packing;
    return copies_->source.ids.subspan(static_cast<size_t>(source.Begin(s)), static_cast<size_t>(source.Length(s)));
  }
  int64_t KeptStride() const { return 2 * copies_->scores.cols(); }
  float* Kept(int64_t row) const { return tape_ != nullptr ? kept_.data() + row * KeptStride() : nullptr; }

  Workspace& workspace_;
  Tape* const tape_;
  const Variable& hidden_;
  const Parameter& weight_;
  const Parameter* const bias_;
  const CopySource* const copies_;
  const Tape::GradientSlot dhidden_;
  Tape::GradientSlot dscores_;
  std::vector<int32_t> sentence_of_;  // [tokens]
  Scratch kept_;                      // a row for each token at hand: what AddCopies keeps
};

void CheckCopies(const CopySource& copies, int64_t tokens) {
  ExpectShape("OutputLoss", "copy scores", copies.scores.value(), tokens, copies.source.packing.Longest());
  if (copies.targets.sentences() == copies.source.packing.sentences()) return;
  throw ShapeError(fmt::format("OutputLoss: {} sentences of targets, but {} to copy from", copies.targets.sentences(),
                               copies.source.packing.sentences()));
}

}  // namespace

int64_t OutputLossScratchFloats(int64_t vocab, int64_t longest_copied) {
  return kSliceTokens * (LogitsStride(vocab) + 2 * longest_copied);
}

kernels::CrossEntropySums OutputLoss(Workspace& workspace, const Variable& hidden, const Parameter& weight,
                                     const Parameter* bias, std::span<const int32_t> targets,
                                     const OutputLossOptions& options, const CopySource* copies) {
  const int64_t tokens = hidden.rows(), vocab = weight.rows();
  ExpectShape("OutputLoss", &weight, vocab, hidden.cols());
  ExpectShape("OutputLoss", bias, 1, vocab);
  ExpectShape("OutputLoss", "targets", ConstMatrix(nullptr, static_cast<int64_t>(targets.size()), 1), tokens, 1);
  if (copies != nullptr) CheckCopies(*copies, tokens);
  const bool is_training = workspace.tape() != nullptr;
  const float gradient_scale = is_training ? options.gradient_scale : 0.0f;
  const Scratch scratch = workspace.NewScratch(std::min(tokens, kSliceTokens) * LogitsStride(vocab));
  const auto logits_at = [&](int64_t first, int64_t count) {  // [count, vocab]
    return Matrix(scratch.data() + first * LogitsStride(vocab), count, vocab, LogitsStride(vocab));
  };
  const auto targets_of = [&](int64_t begin, int64_t count) {
    return targets.subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
  };
  const Slices slices(workspace, hidden, weight, bias, copies);
  kernels::CrossEntropySums sums;
  if (options.consistency == 0) {
    for (int64_t begin = 0; begin < tokens; begin += kSliceTokens) {
      const int64_t count = std::min(kSliceTokens, tokens - begin);
      const Matrix logits = logits_at(0, count);
      slices.Project(begin, 0, logits);
      sums += kernels::CrossEntropyRows(logits, targets_of(begin, count), options.smoothing, gradient_scale);
      if (is_training) slices.Backpropagate(begin, 0, logits);  // now their gradient
    }
    return sums;
  }
  // Row i beside row i + half: what two dropout masks make of one token.
  const int64_t half = tokens / 2;
  DRAGOMAN_CHECK(2 * half == tokens);
  for (int64_t begin = 0; begin < half; begin += kSliceTokens / 2) {
    const int64_t count = std::min(kSliceTokens / 2, half - begin);
    const Matrix first = logits_at(0, count), second = logits_at(count, count);
    slices.Project(begin, 0, first);
    slices.Project(half + begin, count, second);
    sums += kernels::ConsistentCrossEntropyRows(first, second, targets_of(begin, count), options.smoothing,
                                                options.consistency, gradient_scale);
    if (!is_training) continue;
    slices.Backpropagate(begin, 0, first);
    slices.Backpropagate(half + begin, count, second);
  }
  return sums;
}

}  // namespace dragoman
