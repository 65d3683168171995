// SPDX-License-Identifier: Apache-2.0
// Matrix multiplication written to be read: the twin of kernels/gemm.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_GEMM_H_
#define DRAGOMAN_KERNELS_REFERENCE_GEMM_H_

#include "kernels/gemm.h"

namespace dragoman::kernels::reference {

// The same bits as kernels::Gemm on an instruction set with fused multiply-adds.
void Gemm(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate = false);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_GEMM_H_
