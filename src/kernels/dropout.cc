// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/dropout.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/dropout-inl.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

void ApplyDropout(const Dropout& dropout, const ConstMatrix& x, const Matrix& y, bool accumulate) {
  const DropoutMask mask(Tag(), dropout);
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* const from = x.Row(r);
    float* const to = y.Row(r);
    const int64_t first = r * x.cols;
    if (accumulate) {
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        lanes.Store(hn::MulAdd(lanes.Load(from + i), mask.Factors(mask.Counters(first + i)), lanes.Load(to + i)),
                    to + i);
      });
    } else {
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        lanes.Store(hn::Mul(lanes.Load(from + i), mask.Factors(mask.Counters(first + i))), to + i);
      });
    }
  }
}

template <bool kBias, bool kDropout>
HWY_INLINE void AddSublayer(const Dropout& dropout, const ConstMatrix& x, const float* bias,
                            const ConstMatrix& residual, const Matrix& y) {
  const DropoutMask mask(Tag(), dropout);
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* const from = x.Row(r);
    const float* const residual_row = residual.Row(r);
    float* const to = y.Row(r);
    const int64_t first = r * x.cols;
    ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      Floats v = lanes.Load(from + i);
      if constexpr (kBias) v = hn::Add(v, lanes.Load(bias + i));
      const Floats kept = lanes.Load(residual_row + i);
      if constexpr (kDropout) {
        v = hn::MulAdd(v, mask.Factors(mask.Counters(first + i)), kept);
      } else {
        v = hn::Add(v, kept);
      }
      lanes.Store(v, to + i);
    });
  }
}

void ResidualDropout(const Dropout& dropout, const ConstMatrix& x, const float* bias, const ConstMatrix& residual,
                     const Matrix& y) {
  if (dropout.active()) {
    bias ? AddSublayer<true, true>(dropout, x, bias, residual, y)
         : AddSublayer<false, true>(dropout, x, bias, residual, y);
  } else {
    bias ? AddSublayer<true, false>(dropout, x, bias, residual, y)
         : AddSublayer<false, false>(dropout, x, bias, residual, y);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(ApplyDropout);
HWY_EXPORT(ResidualDropout);

float DropoutFactor(const Dropout& dropout, uint32_t counter) {
  const auto hash = static_cast<int32_t>(DropoutHash(dropout.key, counter));
  return hash < DropoutThreshold(dropout.rate) ? 0.0f : 1.0f / (1.0f - dropout.rate);
}

void ApplyDropout(const Dropout& dropout, const ConstMatrix& x, const Matrix& y, bool accumulate) {
  HWY_DYNAMIC_DISPATCH(ApplyDropout)(dropout, x, y, accumulate);
}

void ResidualDropout(const Dropout& dropout, const ConstMatrix& x, const float* bias, const ConstMatrix& residual,
                     const Matrix& y) {
  HWY_DYNAMIC_DISPATCH(ResidualDropout)(dropout, x, bias, residual, y);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
