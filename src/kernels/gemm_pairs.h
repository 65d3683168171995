// SPDX-License-Identifier: Apache-2.0
// What gemm_bf16.cc does for PackedFactor. To be called only where HasFastBf16().
#ifndef DRAGOMAN_KERNELS_GEMM_PAIRS_H_
#define DRAGOMAN_KERNELS_GEMM_PAIRS_H_

#include <cstdint>

#include "tensor/matrix.h"

namespace dragoman::kernels {

// Floats that op(b) [k, n] takes when packed.
int64_t PairPanelFloats(int64_t k, int64_t n);

// Packs op(b) there.
void PackPairPanels(const ConstMatrix& b, bool transpose_b, float* to);

// c = op(a) op(b), or c += op(a) op(b) when accumulate, op(b) being in `panels`.
void MultiplyByPairPanels(const ConstMatrix& a, bool transpose_a, const float* panels, const Matrix& c,
                          bool accumulate);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_GEMM_PAIRS_H_
