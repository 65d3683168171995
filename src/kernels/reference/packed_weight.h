// SPDX-License-Identifier: Apache-2.0
// Products by rounded weights written to be read: the twin of kernels/packed_weight.h.
#ifndef DRAGOMAN_KERNELS_REFERENCE_PACKED_WEIGHT_H_
#define DRAGOMAN_KERNELS_REFERENCE_PACKED_WEIGHT_H_

#include "kernels/packed_weight.h"

namespace dragoman::kernels::reference {

// Rounds both factors to 8 bits, rows of x [rows, k] and columns of w [k, n], multiplies, and finishes: the same bits
// as PackWeight and Gemm on an instruction set with fused multiply-adds. row_multiplier: as in PackedWeight.
void GemmInt8(const ConstMatrix& x, const ConstMatrix& w, const Epilogue& epilogue, const Matrix& y,
              float row_multiplier = 0);

// Rounds w, and x when round_rows, to bf16 or f16; sums are in double.
void GemmHalf(PackedFormat format, bool round_rows, const ConstMatrix& x, const ConstMatrix& w,
              const Epilogue& epilogue, const Matrix& y);

}  // namespace dragoman::kernels::reference

#endif  // DRAGOMAN_KERNELS_REFERENCE_PACKED_WEIGHT_H_
