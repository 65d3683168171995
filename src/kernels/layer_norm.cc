// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/layer_norm.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

struct Moments {
  float mean;
  float variance;
};

// Two passes, so that a mean far from zero does not cancel the variance away. The second also sums the deviations
// themselves, which would be 0 were the first mean exact: they correct what it lost to rounding.
HWY_INLINE Moments RowMoments(const float* x, int64_t d) {
  const Tag tag;
  Sums sums;
  ForEachVectorInParts(d, [&](int64_t i, auto lanes, int part)
                              DRAGOMAN_LANES { sums.part[part] = hn::Add(sums.part[part], lanes.Load(x + i)); });
  const float rough_mean = sums.Total() / static_cast<float>(d);
  const Floats center = hn::Set(tag, rough_mean);
  Sums deviations, squares;
  ForEachVectorInParts(d, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    const Floats deviation = hn::Sub(lanes.LoadOr(x + i, rough_mean), center);
    deviations.part[part] = hn::Add(deviations.part[part], deviation);
    squares.part[part] = hn::MulAdd(deviation, deviation, squares.part[part]);
  });
  const float correction = deviations.Total() / static_cast<float>(d);
  const float variance = squares.Total() / static_cast<float>(d) - correction * correction;
  return {rough_mean + correction, variance < 0 ? 0.0f : variance};
}

void LayerNormForward(const ConstMatrix& x, const float* gain, const float* bias, float epsilon, const Matrix& y,
                      float* mean, float* inv_std) {
  const Tag tag;
  for (int64_t r = 0; r < x.rows; ++r) {
    const float* const from = x.Row(r);
    float* const to = y.Row(r);
    const Moments moments = RowMoments(from, x.cols);
    const float row_inv_std = 1.0f / std::sqrt(moments.variance + epsilon);
    if (mean != nullptr) {
      mean[r] = moments.mean;
      inv_std[r] = row_inv_std;
    }
    const Floats center = hn::Set(tag, moments.mean), scale = hn::Set(tag, row_inv_std);
    if (bias) {
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        const Floats normal = hn::Mul(hn::Sub(lanes.Load(from + i), center), scale);
        lanes.Store(hn::MulAdd(normal, lanes.Load(gain + i), lanes.Load(bias + i)), to + i);
      });
    } else {
      ForEachVector(x.cols, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
        const Floats normal = hn::Mul(hn::Sub(lanes.Load(from + i), center), scale);
        lanes.Store(hn::Mul(normal, lanes.Load(gain + i)), to + i);
      });
    }
  }
}

// With normal = (x - mean) * inv_std and g = dy * gain, both of one row:
//   dx = inv_std * (g - average(g) - normal * average(g * normal))
//   dgain += dy * normal;  dbias += dy
template <bool kBias, bool kAccumulate>
HWY_INLINE void LayerNormRowBackward(int64_t d, const float* dy, const float* x, const float* gain, float mean,
                                     float inv_std, float* dx, float* dgain, float* dbias) {
  const Tag tag;
  const Floats center = hn::Set(tag, mean), scale = hn::Set(tag, inv_std);
  Sums g_sums, g_normal_sums;
  ForEachVectorInParts(d, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    const Floats up = lanes.Load(dy + i);
    const Floats normal = hn::Mul(hn::Sub(lanes.Load(x + i), center), scale);
    const Floats g = hn::Mul(up, lanes.Load(gain + i));
    g_sums.part[part] = hn::Add(g_sums.part[part], g);
    g_normal_sums.part[part] = hn::MulAdd(g, normal, g_normal_sums.part[part]);
    lanes.Store(hn::MulAdd(up, normal, lanes.Load(dgain + i)), dgain + i);
    if constexpr (kBias) lanes.Store(hn::Add(lanes.Load(dbias + i), up), dbias + i);
  });
  const Floats g_average = hn::Set(tag, g_sums.Total() / static_cast<float>(d));
  const Floats g_normal_average = hn::Set(tag, g_normal_sums.Total() / static_cast<float>(d));
  ForEachVector(d, [=](int64_t i, auto lanes) DRAGOMAN_LANES {
    const Floats normal = hn::Mul(hn::Sub(lanes.Load(x + i), center), scale);
    const Floats g = hn::Mul(lanes.Load(dy + i), lanes.Load(gain + i));
    const Floats centered = hn::NegMulAdd(normal, g_normal_average, hn::Sub(g, g_average));
    if constexpr (kAccumulate) {
      lanes.Store(hn::MulAdd(centered, scale, lanes.Load(dx + i)), dx + i);
    } else {
      lanes.Store(hn::Mul(centered, scale), dx + i);
    }
  });
}

void LayerNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* mean,
                       const float* inv_std, const Matrix& dx, bool accumulate, float* dgain, float* dbias) {
  const auto row_backward = dbias
                                ? (accumulate ? LayerNormRowBackward<true, true> : LayerNormRowBackward<true, false>)
                                : (accumulate ? LayerNormRowBackward<false, true> : LayerNormRowBackward<false, false>);
  for (int64_t r = 0; r < x.rows; ++r) {
    row_backward(x.cols, dy.Row(r), x.Row(r), gain, mean[r], inv_std[r], dx.Row(r), dgain, dbias);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(LayerNormForward);
HWY_EXPORT(LayerNormBackward);

void LayerNormForward(const ConstMatrix& x, const float* gain, const float* bias, float epsilon, const Matrix& y,
                      float* mean, float* inv_std) {
  HWY_DYNAMIC_DISPATCH(LayerNormForward)(x, gain, bias, epsilon, y, mean, inv_std);
}

void LayerNormBackward(const ConstMatrix& dy, const ConstMatrix& x, const float* gain, const float* mean,
                       const float* inv_std, const Matrix& dx, bool accumulate, float* dgain, float* dbias) {
  HWY_DYNAMIC_DISPATCH(LayerNormBackward)(dy, x, gain, mean, inv_std, dx, accumulate, dgain, dbias);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
