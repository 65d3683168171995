// SPDX-License-Identifier: Apache-2.0
#include "kernels/adam.h"

#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adam.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// What bounds this is memory: 28 bytes read or written per weight.
void AdamUpdate(const AdamStep& step, int64_t n, const float* gradient, float* m, float* v, float* w) {
  const Tag d;
  const Floats gradient_scale = hn::Set(d, step.gradient_scale);
  const Floats beta1 = hn::Set(d, step.beta1), beta2 = hn::Set(d, step.beta2);
  const Floats rest1 = hn::Set(d, 1.0f - step.beta1), rest2 = hn::Set(d, 1.0f - step.beta2);
  const Floats correct1 = hn::Set(d, 1.0f / step.bias_correction1);
  const Floats correct2 = hn::Set(d, 1.0f / step.bias_correction2);
  const Floats epsilon = hn::Set(d, step.epsilon), weight_decay = hn::Set(d, step.weight_decay);
  const Floats learning_rate = hn::Set(d, step.learning_rate);
  ForEachVector(n, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    const Floats g = hn::Mul(gradient_scale, lanes.Load(gradient + i));
    const Floats new_m = hn::MulAdd(beta1, lanes.Load(m + i), hn::Mul(rest1, g));
    const Floats new_v = hn::MulAdd(beta2, lanes.Load(v + i), hn::Mul(hn::Mul(rest2, g), g));
    const Floats old_w = lanes.Load(w + i);
    const Floats divisor = hn::Add(hn::Sqrt(hn::Mul(new_v, correct2)), epsilon);
    const Floats direction = hn::MulAdd(weight_decay, old_w, hn::Div(hn::Mul(new_m, correct1), divisor));
    lanes.Store(new_m, m + i);
    lanes.Store(new_v, v + i);
    lanes.Store(hn::NegMulAdd(learning_rate, direction, old_w), w + i);
  });
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(AdamUpdate);

void AdamUpdate(const AdamStep& step, std::span<const float> gradient, std::span<float> m, std::span<float> v,
                std::span<float> w) {
  HWY_DYNAMIC_DISPATCH(AdamUpdate)
  (step, static_cast<int64_t>(w.size()), gradient.data(), m.data(), v.data(), w.data());
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
