// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/layer_norm.h"

#include <cmath>

namespace dragoman::kernels::reference {

void LayerNormForward(const ConstMatrix& x, const float* gain, const float* bias, float epsilon, const Matrix& y,
                      float* mean, float* inv_std) {
  const int64_t d = x.cols;
  for (int64_t r = 0; r < x.rows; ++r) {
    double sum = 0, squares = 0;
    for (int64_t c = 0; c < d; ++c) sum += x.At(r, c);
    const double row_mean = sum / d;
    for (int64_t c = 0; c < d; ++c) squares += (x.At(r, c) - row_mean) * (x.At(r, c) - row_mean);
    const double row_inv_std = 1 / std::sqrt(squares / d + epsilon);
    for (int64_t c = 0; c < d; ++c) {
      const double normal = (x.At(r, c) - row_mean) * row_inv_std;
      y.At(r, c) = static_cast<float>(normal * gain[c] + (bias ? bias[c] : 0));
    }
    mean[r] = static_cast<float>(row_mean);
    inv_std[r] = static_cast<float>(row_inv_std);
  }
}

// y = normal * gain + bias, normal = (x - mean) * inv_std, where mean and inv_std depend on all of the row. So, with
// g = dL/dnormal = dy * gain:  dL/dx = inv_std * (g - average(g) - normal * average(g * normal)).
void LayerNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* mean,
                       const float* inv_std, const Matrix& dx, bool accumulate, float* dgain, float* dbias) {
  const int64_t d = x.cols;
  for (int64_t r = 0; r < x.rows; ++r) {
    const auto normal = [&](int64_t c) { return (double{x.At(r, c)} - mean[r]) * inv_std[r]; };
    double g_sum = 0, g_normal_sum = 0;
    for (int64_t c = 0; c < d; ++c) {
      const double g = double{dy.At(r, c)} * gain[c];
      g_sum += g;
      g_normal_sum += g * normal(c);
      dgain[c] += static_cast<float>(dy.At(r, c) * normal(c));
      if (dbias) dbias[c] += dy.At(r, c);
    }
    for (int64_t c = 0; c < d; ++c) {
      const double g = double{dy.At(r, c)} * gain[c];
      const double result = inv_std[r] * (g - g_sum / d - normal(c) * g_normal_sum / d);
      dx.At(r, c) = static_cast<float>(result + (accumulate ? dx.At(r, c) : 0));
    }
  }
}

}  // namespace dragoman::kernels::reference
