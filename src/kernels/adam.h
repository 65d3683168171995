// SPDX-License-Identifier: Apache-2.0
// One fused pass of Adam over flat parameters. Source: Kingma 2015, Algorithm 1; Loshchilov 2019, Algorithm 2 (AdamW).
#ifndef DRAGOMAN_KERNELS_ADAM_H_
#define DRAGOMAN_KERNELS_ADAM_H_

#include <span>

namespace dragoman::kernels {

struct AdamStep {
  float learning_rate = 0;
  float beta1 = 0.9f;
  float beta2 = 0.98f;
  float epsilon = 1e-9f;
  float weight_decay = 0;      // decoupled: w -= learning_rate * weight_decay * w
  float bias_correction1 = 1;  // 1 - beta1^t
  float bias_correction2 = 1;  // 1 - beta2^t
  float gradient_scale = 1;    // multiplies the gradient first (clipping)
};

//   g = gradient_scale * gradient;  m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2
//   w -= learning_rate * (m / bias_correction1 / (sqrt(v / bias_correction2) + epsilon) + weight_decay * w)
// All spans have one length. Elements are independent: any split of the range gives the same bits.
void AdamUpdate(const AdamStep& step, std::span<const float> gradient, std::span<float> m, std::span<float> v,
                std::span<float> w);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_ADAM_H_
