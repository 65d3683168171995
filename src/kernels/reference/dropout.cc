// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/dropout.h"

namespace dragoman::kernels::reference {
namespace {

float Mask(const Dropout& dropout, const ConstMatrix& m, int64_t r, int64_t c) {
  return DropoutFactor(dropout, static_cast<uint32_t>(r * m.cols + c));
}

}  // namespace

void ApplyDropout(const Dropout& dropout, const ConstMatrix& x, const Matrix& y, bool accumulate) {
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) {
      const float kept = x.At(r, c) * Mask(dropout, x, r, c);
      y.At(r, c) = accumulate ? y.At(r, c) + kept : kept;
    }
  }
}

void ResidualDropout(const Dropout& dropout, const ConstMatrix& x, const float* bias, const ConstMatrix& residual,
                     const Matrix& y) {
  for (int64_t r = 0; r < x.rows; ++r) {
    for (int64_t c = 0; c < x.cols; ++c) {
      const float sublayer = x.At(r, c) + (bias ? bias[c] : 0);
      y.At(r, c) = residual.At(r, c) + sublayer * Mask(dropout, x, r, c);
    }
  }
}

}  // namespace dragoman::kernels::reference
