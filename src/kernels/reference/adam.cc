// SPDX-License-Identifier: Apache-2.0
#include "kernels/reference/adam.h"

#include <cmath>

namespace dragoman::kernels::reference {

void AdamUpdate(const AdamStep& step, std::span<const float> gradient, std::span<float> m, std::span<float> v,
                std::span<float> w) {
  const double beta1 = step.beta1, beta2 = step.beta2;
  for (size_t i = 0; i < w.size(); ++i) {
    const double g = double{step.gradient_scale} * gradient[i];
    const double new_m = beta1 * m[i] + (1 - beta1) * g;
    const double new_v = beta2 * v[i] + (1 - beta2) * g * g;
    const double m_hat = new_m / step.bias_correction1;
    const double v_hat = new_v / step.bias_correction2;
    const double direction = m_hat / (std::sqrt(v_hat) + step.epsilon) + double{step.weight_decay} * w[i];
    m[i] = static_cast<float>(new_m);
    v[i] = static_cast<float>(new_v);
    w[i] = static_cast<float>(w[i] - step.learning_rate * direction);
  }
}

}  // namespace dragoman::kernels::reference
