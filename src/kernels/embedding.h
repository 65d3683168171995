// SPDX-License-Identifier: Apache-2.0
// Token embedding: rows of a table, scaled, plus a position's vector. Source: Vaswani 2017, §3.4 and §3.5.
#ifndef DRAGOMAN_KERNELS_EMBEDDING_H_
#define DRAGOMAN_KERNELS_EMBEDDING_H_

#include <cstdint>
#include <span>

#include "kernels/packed_weight.h"
#include "tensor/matrix.h"

namespace dragoman::kernels {

// out[i] = table[ids[i]] * scale + positions[position_of[i]].
//   table [vocab, d]; out [ids.size(), d]. positions [max_positions, d], or positions.data null for none.
//   An id of -1 stands for a zero vector (a decoder that starts from nothing). The caller has checked all ids.
void EmbeddingForward(std::span<const int32_t> ids, const ConstMatrix& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out);

// The same of a packed table [d, vocab], whose columns are the tokens'.
void EmbeddingForward(std::span<const int32_t> ids, const PackedWeight& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out);

// dtable[rows[i]] += dout[i] * scale, in the order of i; a row of -1 is skipped. Serves the table (rows = ids) and
// learned positions (rows = position_of, scale = 1).
void EmbeddingBackward(std::span<const int32_t> rows, const ConstMatrix& dout, float scale, const Matrix& dtable);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_EMBEDDING_H_
