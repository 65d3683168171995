// SPDX-License-Identifier: Apache-2.0
// General matrix multiplication on the calling thread.
#ifndef DRAGOMAN_KERNELS_GEMM_H_
#define DRAGOMAN_KERNELS_GEMM_H_

#include <cstdint>

#include "tensor/flat_buffer.h"
#include "tensor/matrix.h"

namespace dragoman {

// Of the factors of matrix products. Everything else is always f32.
enum class Precision { kF32, kBf16 };

}  // namespace dragoman

namespace dragoman::kernels {

enum class Transpose { kNo, kYes };

// c = op(a) op(b), or c += op(a) op(b) when accumulate; op transposes where asked.
//   op(a) [m, k], op(b) [k, n], c [m, n]; c must not overlap a or b. k may be 0 (c becomes 0, or stays).
// An element of c depends on its row of op(a) and its column of op(b) alone, bit for bit, whatever m and n are: its
// products are added in rising order of k, by fused multiply-adds, in blocks of 512, whose sums are added in turn. This
// is what makes a sentence's translation independent of its neighbours (GemmTest.RowDoesNotDependOnItsNeighbours).
// Every instruction set with fused multiply-adds gives the same bits.
void Gemm(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
          bool accumulate = false);

// The same with both factors rounded to bfloat16 (8 bits of mantissa, to nearest even) and the products added in f32,
// two at a time, in blocks of 1,024: about twice as fast, where HasFastBf16(); not to be called elsewhere.
void GemmBf16(const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b, const Matrix& c,
              bool accumulate = false);

// Whether the processor multiplies bfloat16 (AVX512_BF16), and the instruction set in use (target.h) lets it.
bool HasFastBf16();

// One or the other.
void Gemm(Precision precision, const ConstMatrix& a, Transpose transpose_a, const ConstMatrix& b, Transpose transpose_b,
          const Matrix& c, bool accumulate = false);

// The right factor of many products, laid out once (and rounded, for bf16) as each of them would do it again.
class PackedFactor {
 public:
  // op(b) [k, n]. Packing again takes no new memory where the old is large enough. To be packed and multiplied by under
  // one instruction set (target.h). kBf16 only where HasFastBf16().
  void Pack(Precision precision, const ConstMatrix& b, Transpose transpose_b);

 private:
  friend void Gemm(const ConstMatrix& a, Transpose transpose_a, const PackedFactor& b, const Matrix& c,
                   bool accumulate);

  Precision precision_ = Precision::kF32;
  int64_t k_ = 0, n_ = 0;
  FlatBuffer panels_;
};

// c = op(a) op(b), or c += op(a) op(b), in the precision that b was packed for: the bits of Gemm(precision, ...).
void Gemm(const ConstMatrix& a, Transpose transpose_a, const PackedFactor& b, const Matrix& c, bool accumulate = false);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_GEMM_H_
