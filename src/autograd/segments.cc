// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "base/error.h"
#include "kernels/dropout.h"
#include "kernels/elementwise.h"
#include "kernels/segment_sum.h"

namespace dragoman {
namespace {

std::span<const float> RowOf(const ConstMatrix& m, int64_t row) { return {m.Row(row), static_cast<size_t>(m.cols)}; }
std::span<float> RowOf(const Matrix& m, int64_t row) { return {m.Row(row), static_cast<size_t>(m.cols)}; }

// visit(row, place in its sentence)
template <class Visit>
void ForEachPlace(const Packing& sentences, Visit visit) {
  for (int64_t s = 0; s < sentences.sentences(); ++s) {
    for (int64_t i = 0; i < sentences.Length(s); ++i) visit(sentences.Begin(s) + i, i);
  }
}

}  // namespace

Variable SumSegments(Workspace& workspace, const Variable& x, const Parameter& places, const Packing& segments,
                     const Packing& sentences, const PositionTable& positions, float dropout_rate) {
  ExpectShape("SumSegments", "x", x.value(), segments.tokens(), places.cols());
  if (sentences.tokens() != segments.sentences()) {
    throw ShapeError(
        fmt::format("SumSegments: {} segments, but the sentences have {}", segments.sentences(), sentences.tokens()));
  }
  if (positions.table.data != nullptr && sentences.Longest() > positions.table.rows) {
    throw ShapeError(fmt::format("SumSegments: a sentence of {} segments, but positions for {}; shorten the input",
                                 sentences.Longest(), positions.table.rows));
  }
  Variable out = workspace.New(segments.sentences(), x.cols());  // [segments, d]
  kernels::SegmentSumForward(x.value(), places.value(), segments, out.writable());
  if (positions.table.data != nullptr) {
    ForEachPlace(sentences, [&](int64_t row, int64_t place) {
      kernels::AddTo(RowOf(positions.table, place), RowOf(out.writable(), row));
    });
  }
  const kernels::Dropout dropout = NextDropout(workspace, dropout_rate);
  if (dropout.active()) kernels::ApplyDropout(dropout, out.value(), out.writable(), /*accumulate=*/false);

  const Parameter* learned = positions.learned;
  Record(workspace, out, [&places, learned, x, segments, sentences, out, dropout](Tape& tape) {
    const Matrix& dout = tape.WritableGradient(out);
    if (dropout.active()) kernels::ApplyDropout(dropout, dout, dout, /*accumulate=*/false);
    const auto dx = tape.SlotFor(x);
    kernels::SegmentSumBackward(x.value(), places.value(), segments, dout, dx.matrix, dx.accumulate,
                                tape.GradientMatrixOf(places));
    if (learned == nullptr) return;
    const Matrix dpositions = tape.GradientMatrixOf(*learned);
    ForEachPlace(sentences, [&](int64_t row, int64_t place) {
      kernels::AddTo(RowOf(ConstMatrix(dout), row), RowOf(dpositions, place));
    });
  });
  return out;
}

}  // namespace dragoman
