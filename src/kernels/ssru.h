// SPDX-License-Identifier: Apache-2.0
// The simpler simple recurrent unit, which stands in for self-attention in fast decoders. Source: Kim 2019, §3.1:
//   f_t = sigmoid(forget_t),   c_t = f_t * c_{t-1} + (1 - f_t) * x_t,   h_t = max(0, c_t)
// element by element, with c = 0 before a sentence's first token.
#ifndef DRAGOMAN_KERNELS_SSRU_H_
#define DRAGOMAN_KERNELS_SSRU_H_

#include <cstdint>
#include <span>

#include "tensor/matrix.h"
#include "tensor/packed.h"

namespace dragoman::kernels {

// Whole sentences.   forget, x, cells (c), h [tokens, d]
void SsruForward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const Matrix& cells,
                 const Matrix& h);

// dforget and dx [tokens, d] are overwritten.
void SsruBackward(const Packing& packing, const ConstMatrix& forget, const ConstMatrix& x, const ConstMatrix& cells,
                  const ConstMatrix& dh, const Matrix& dforget, const Matrix& dx);

// One token of each of many sentences: row r goes on from row parents[r] of `before`, or begins, with -1.
//   forget, x, cells, h [rows, d]; before [rows of the step before, d]. h may be x.
void SsruStep(std::span<const int32_t> parents, const ConstMatrix& forget, const ConstMatrix& x,
              const ConstMatrix& before, const Matrix& cells, const Matrix& h);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_SSRU_H_
