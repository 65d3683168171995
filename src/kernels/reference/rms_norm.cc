// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/rms_norm.h"

#include <cmath>

namespace dragoman::kernels::reference {

void RmsNormForward(const ConstMatrix& x, const float* gain, float epsilon, const Matrix& y, float* inv_rms) {
  const int64_t d = x.cols;
  for (int64_t r = 0; r < x.rows; ++r) {
    double squares = 0;
    for (int64_t c = 0; c < d; ++c) squares += double{x.At(r, c)} * x.At(r, c);
    const double row_inv_rms = 1 / std::sqrt(squares / d + epsilon);
    for (int64_t c = 0; c < d; ++c) y.At(r, c) = static_cast<float>(x.At(r, c) * row_inv_rms * gain[c]);
    inv_rms[r] = static_cast<float>(row_inv_rms);
  }
}

// y = normal * gain, normal = x * inv_rms, where inv_rms depends on all of the row: its derivative with respect to x[c]
// is -inv_rms^3 x[c] / d. So, with g = dL/dnormal = dy * gain:
//   dL/dx = inv_rms * (g - normal * average(g * normal)).
void RmsNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* inv_rms,
                     const Matrix& dx, bool accumulate, float* dgain) {
  const int64_t d = x.cols;
  for (int64_t r = 0; r < x.rows; ++r) {
    const auto normal = [&](int64_t c) { return double{x.At(r, c)} * inv_rms[r]; };
    double g_normal_sum = 0;
    for (int64_t c = 0; c < d; ++c) {
      g_normal_sum += double{dy.At(r, c)} * gain[c] * normal(c);
      dgain[c] += static_cast<float>(dy.At(r, c) * normal(c));
    }
    for (int64_t c = 0; c < d; ++c) {
      const double result = inv_rms[r] * (double{dy.At(r, c)} * gain[c] - normal(c) * g_normal_sum / d);
      dx.At(r, c) = static_cast<float>(result + (accumulate ? dx.At(r, c) : 0));
    }
  }
}

}  // namespace dragoman::kernels::reference
