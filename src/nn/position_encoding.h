// SPDX-License-Identifier: Apache-2.0
// Sinusoidal position vectors. Source: Vaswani 2017, §3.5:
//   PE(pos, 2i) = sin(pos / 10000^(2i / d_model)),   PE(pos, 2i + 1) = cos(same)
#ifndef DRAGOMAN_NN_POSITION_ENCODING_H_
#define DRAGOMAN_NN_POSITION_ENCODING_H_

#include <cstdint>

#include "tensor/matrix.h"

namespace dragoman {

enum class SinusoidLayout { kInterleaved, kHalves };  // sin, cos, sin, cos ...; or all sin, then all cos
enum class SinusoidExponent {
  kPaper,         // 10000^(-2i / d_model), Vaswani 2017, §3.5
  kTensor2Tensor  // 10000^(-i / (d_model / 2 - 1)), as the authors' code (and Marian, fairseq) has it
};

// Fills table [positions, d_model], row 0 being that of the position `first`. d_model is even.
void FillSinusoids(SinusoidLayout layout, SinusoidExponent exponent, int64_t first, const Matrix& table);

}  // namespace dragoman

#endif  // DRAGOMAN_NN_POSITION_ENCODING_H_
