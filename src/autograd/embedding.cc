// SPDX-License-Identifier: Apache-2.0
#include "kernels/embedding.h"

#include <string>
#include <utility>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "base/error.h"
#include "kernels/dropout.h"

namespace dragoman {
namespace {

void CheckIds(std::span<const int32_t> ids, const Parameter& table) {
  for (const int32_t id : ids) {
    if (id < -1 || id >= table.rows()) {
      throw ShapeError("Embedding: token id " + std::to_string(id) + " is outside of " + table.name + " with " +
                       std::to_string(table.rows()) + " rows; do the vocabulary and the model belong together?");
    }
  }
}

// The place of each token in its sentence, plus first_position: [tokens].
void FillPositions(const Packing& packing, int64_t first_position, std::span<int32_t> position_of) {
  for (int64_t s = 0; s < packing.sentences(); ++s) {
    for (int64_t i = 0; i < packing.Length(s); ++i) {
      position_of[static_cast<size_t>(packing.Begin(s) + i)] = static_cast<int32_t>(first_position + i);
    }
  }
}

void CheckPositions(std::span<const int32_t> position_of, const ConstMatrix& table) {
  for (const int32_t position : position_of) {
    if (position < table.rows) continue;
    throw ShapeError("Embedding: position " + std::to_string(position) + " is beyond the model's longest sentence, " +
                     std::to_string(table.rows) + " tokens; shorten the input");
  }
}

}  // namespace

Variable Embedding(Workspace& workspace, const PackedTokens& tokens, const Parameter& table, float scale,
                   int64_t first_position, const PositionTable& positions, float dropout_rate) {
  const std::span<const int32_t> ids = tokens.ids;
  CheckIds(ids, table);
  Scratch memory = workspace.NewScratch(static_cast<int64_t>(ids.size()));
  const std::span<int32_t> position_of(reinterpret_cast<int32_t*>(memory.data()), ids.size());
  FillPositions(tokens.packing, first_position, position_of);
  if (positions.table.data != nullptr) CheckPositions(position_of, positions.table);

  Variable out = workspace.New(static_cast<int64_t>(ids.size()), table.cols());  // [tokens, d_model]
  kernels::EmbeddingForward(ids, table.value(), scale, position_of, positions.table, out.writable());
  const kernels::Dropout dropout = NextDropout(workspace, dropout_rate);
  if (dropout.active()) kernels::ApplyDropout(dropout, out.value(), out.writable(), /*accumulate=*/false);

  const Parameter* learned = positions.learned;
  Record(workspace, out,
         [&table, learned, ids, position_of, scale, out, dropout, memory = std::move(memory)](Tape& tape) {
           const Matrix& dout = tape.WritableGradient(out);
           if (dropout.active()) kernels::ApplyDropout(dropout, dout, dout, /*accumulate=*/false);
           kernels::EmbeddingBackward(ids, dout, scale, tape.GradientMatrixOf(table));
           if (learned != nullptr) kernels::EmbeddingBackward(position_of, dout, 1.0f, tape.GradientMatrixOf(*learned));
         });
  return out;
}

}  // namespace dragoman
