// SPDX-License-Identifier: Apache-2.0
// General matrix multiplication, f32, through oneDNN, on the calling thread.
#ifndef DRAGOMAN_KERNELS_GEMM_H_
#define DRAGOMAN_KERNELS_GEMM_H_

#include "tensor/matrix.h"

namespace dragoman::kernels {

enum class Transpose { kNo, kYes };

// c = op(a) op(b), or c += op(a) op(b) when accumulate; op transposes where asked.
//   op(a) [m, k], op(b) [k, n], c [m, n]; c must not overlap a or b. k may be 0 (c becomes 0, or stays).
// A row of c depends on its own row of op(a) and on b alone, bit for bit, whatever m is, when b is not transposed:
// this is what makes a sentence's translation independent of its neighbours (GemmTest.RowDoesNotDependOnItsNeighbours).
void Gemm(const Matrix& a, Transpose transpose_a, const Matrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate = false);

// oneDNN takes its thread count from an OpenMP setting of the calling thread. Every thread that calls Gemm calls
// this once first: our threads are one per core, each on its own sentences.
void UseOneGemmThread();

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_GEMM_H_
