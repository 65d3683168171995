// SPDX-License-Identifier: Apache-2.0
// Inverted dropout whose mask is never stored: element i's fate is a hash of (key, i), so the backward pass, and a
// resumed run, compute the same mask again. Source: Srivastava 2014, §10 (inverted form); Salmon 2011 for
// counter-based generators.
#ifndef DRAGOMAN_KERNELS_DROPOUT_H_
#define DRAGOMAN_KERNELS_DROPOUT_H_

#include <cstdint>

#include "tensor/matrix.h"

namespace dragoman::kernels {

// One mask. Element (row, col) of a matrix with `cols` columns has counter row * cols + col (low 32 bits).
struct Dropout {
  float rate = 0;    // probability of being zeroed, 0 <= rate < 1; 0 turns it off
  uint64_t key = 0;  // which mask; equal keys give equal masks. All 64 bits well mixed (base/hash.h)

  bool active() const { return rate > 0; }
};

// The mask's factor for one counter: 0, or 1 / (1 - rate). The definition (dropout.cc); kernels compute it a vector at
// a time (dropout-inl.h).
float DropoutFactor(const Dropout& dropout, uint32_t counter);

// y = x * mask, or y += x * mask when accumulate. y may be x. With the rate 0: a copy, or an addition.
void ApplyDropout(const Dropout& dropout, const ConstMatrix& x, const Matrix& y, bool accumulate);

// y = residual + (x + bias) * mask: the sub-layer's output bias, dropout and residual connection in one pass
// (Vaswani 2017, §5.4). bias [cols] may be null. y may be x or residual.
void ResidualDropout(const Dropout& dropout, const ConstMatrix& x, const float* bias, const ConstMatrix& residual,
                     const Matrix& y);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_DROPOUT_H_
