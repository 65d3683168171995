// SPDX-License-Identifier: Apache-2.0
// Embedding written to be read: the twins of kernels/embedding.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_EMBEDDING_H_
#define DRAGOMAN_KERNELS_REFERENCE_EMBEDDING_H_

#include "kernels/embedding.h"

namespace dragoman::kernels::reference {

void EmbeddingForward(std::span<const int32_t> ids, const ConstMatrix& table, float scale,
                      std::span<const int32_t> position_of, const ConstMatrix& positions, const Matrix& out);

void EmbeddingBackward(std::span<const int32_t> rows, const ConstMatrix& dout, float scale, const Matrix& dtable);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_EMBEDDING_H_
