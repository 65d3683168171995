// SPDX-License-Identifier: Apache-2.0
#include "kernels/rms_norm.h"

#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rms_norm.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

HWY_INLINE float MeanSquare(const float* x, int64_t d) {
  Sums squares;
  ForEachVectorInParts(d, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    const Floats value = lanes.Load(x + i);
    squares.part[part] = hn::MulAdd(value, value, squares.part[part]);
  });
  return squares.Total() / static_cast<float>(d);
}

void RmsNormForward(const ConstMatrix& x, const float* gain, float epsilon, const Matrix& y, float* inv_rms) {
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* const from = x.Row(r);
    float* const to = y.Row(r);
    const float row_inv_rms = 1.0f / std::sqrt(MeanSquare(from, x.cols) + epsilon);
    if (inv_rms != nullptr) inv_rms[r] = row_inv_rms;
    const Floats scale = hn::Set(Tag(), row_inv_rms);
    ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
      lanes.Store(hn::Mul(hn::Mul(lanes.Load(from + i), scale), lanes.Load(gain + i)), to + i);
    });
  }
}

// With normal = x * inv_rms and g = dy * gain, both of one row:
//   dx = inv_rms * (g - normal * average(g * normal))
//   dgain += dy * normal
template <bool kAccumulate>
HWY_INLINE void RmsNormRowBackward(int64_t d, const float* dy, const float* x, const float* gain, float inv_rms,
                                   float* dx, float* dgain) {
  const Tag tag;
  const Floats scale = hn::Set(tag, inv_rms);
  Sums g_normal_sums;
  ForEachVectorInParts(d, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    const Floats up = lanes.Load(dy + i);
    const Floats normal = hn::Mul(lanes.Load(x + i), scale);
    g_normal_sums.part[part] = hn::MulAdd(hn::Mul(up, lanes.Load(gain + i)), normal, g_normal_sums.part[part]);
    lanes.Store(hn::MulAdd(up, normal, lanes.Load(dgain + i)), dgain + i);
  });
  const Floats g_normal_average = hn::Set(tag, g_normal_sums.Total() / static_cast<float>(d));
  ForEachVector(d, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    const Floats normal = hn::Mul(lanes.Load(x + i), scale);
    const Floats g = hn::Mul(lanes.Load(dy + i), lanes.Load(gain + i));
    const Floats rest = hn::NegMulAdd(normal, g_normal_average, g);
    if constexpr (kAccumulate) {
      lanes.Store(hn::MulAdd(rest, scale, lanes.Load(dx + i)), dx + i);
    } else {
      lanes.Store(hn::Mul(rest, scale), dx + i);
    }
  });
}

void RmsNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* inv_rms,
                     const Matrix& dx, bool accumulate, float* dgain) {
  const auto row_backward = accumulate ? RmsNormRowBackward<true> : RmsNormRowBackward<false>;
  for (int64_t r = 0; r < x.rows; ++r) {
    row_backward(x.cols, dy.Row(r), x.Row(r), gain, inv_rms[r], dx.Row(r), dgain);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(RmsNormForward);
HWY_EXPORT(RmsNormBackward);

void RmsNormForward(const ConstMatrix& x, const float* gain, float epsilon, const Matrix& y, float* inv_rms) {
  HWY_DYNAMIC_DISPATCH(RmsNormForward)(x, gain, epsilon, y, inv_rms);
}

void RmsNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* inv_rms,
                     const Matrix& dx, bool accumulate, float* dgain) {
  HWY_DYNAMIC_DISPATCH(RmsNormBackward)(dy, x, gain, inv_rms, dx, accumulate, dgain);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
