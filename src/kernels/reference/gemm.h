// SPDX-License-Identifier: Apache-2.0
// Matrix multiplication written to be read: the twin of kernels/gemm.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_GEMM_H_
#define DRAGOMAN_KERNELS_REFERENCE_GEMM_H_

#include "kernels/gemm.h"

namespace dragoman::kernels::reference {

// The same bits as kernels::Gemm on an instruction set with fused multiply-adds.
void Gemm(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate = false);

// The twin of kernels::GemmBf16, which may round sums in another way.
void GemmBf16(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
              bool accumulate = false);

// The nearest number with 8 bits of mantissa; of two equally near ones, the even one.
float RoundToBf16(float x);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_GEMM_H_
