// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/embedding.h"

namespace dragoman::kernels::reference {

void EmbeddingForward(std::span<const int32_t> ids, const ConstMatrix& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out) {
  for (size_t i = 0; i < ids.size(); ++i) {
    for (int64_t c = 0; c < out.cols; ++c) {
      const float token = ids[i] < 0 ? 0 : table.At(ids[i], c) * scale;
      const float position = positions.data ? positions.At(position_of[i], c) : 0;
      out.At(static_cast<int64_t>(i), c) = token + position;
    }
  }
}

void EmbeddingBackward(std::span<const int32_t> rows, const ConstMatrix& dout, float scale, const Matrix& dtable) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (rows[i] < 0) continue;
    for (int64_t c = 0; c < dout.cols; ++c) dtable.At(rows[i], c) += dout.At(static_cast<int64_t>(i), c) * scale;
  }
}

}  // namespace dragoman::kernels::reference
