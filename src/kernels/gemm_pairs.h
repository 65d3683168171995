// SPDX-License-Identifier: Apache-2.0
// What gemm_bf16.cc does for PackedFactor. To be called only where HasFastBf16().
#ifndef DRAGOMAN_KERNELS_GEMM_PAIRS_H_
#define DRAGOMAN_KERNELS_GEMM_PAIRS_H_

#include <cstdint>

#include "tensor/matrix.h"

namespace dragoman::kernels {

// Floats that op(b) [k, n] takes when packed.
int64_t PairPanelFloats(int64_t k, int64_t n);
void PackPairPanels(const Matrix& b, bool transpose_b, float* to);
void MultiplyByPairPanels(const Matrix& a, bool transpose_a, const float* panels, const Matrix& c, bool accumulate);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_GEMM_PAIRS_H_
