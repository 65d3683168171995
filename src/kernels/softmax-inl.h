// SPDX-License-Identifier: Apache-2.0
// What a row of logits is normalised by. Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_SOFTMAX_INL_H_
#undef DRAGOMAN_KERNELS_SOFTMAX_INL_H_
#else
#define DRAGOMAN_KERNELS_SOFTMAX_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/normalizer.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

// The lanes are added up in double.
HWY_INLINE double DoubleTotal(const Sums& sums) {
  Floats vecs[kSumVecs];
  sums.AddChains(vecs);
  HWY_ALIGN float lanes[kSumLanes];
  for (int v = 0; v < kSumVecs; ++v) hn::Store(vecs[v], Tag(), lanes + v * kLanes);
  double total = 0;
  for (const float lane : lanes) total += double{lane};
  return total;
}

HWY_INLINE float RowMax(const float* x, int64_t n) {
  Largest largest(kMinusInfinity);
  ForEachVectorInParts(n, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    largest.part[part] = hn::Max(largest.part[part], lanes.LoadOr(x + i, kMinusInfinity));
  });
  return largest.Total();
}

// Calls visit(i, lanes, part, z, e^z), z = x[i] - max, and returns the sum of e^z. NaN in x makes the sum NaN.
template <class Visit>
HWY_INLINE double SumOfExp(const float* x, int64_t n, float max, const Visit& visit) {
  const Floats shift = hn::Set(Tag(), max);
  Sums sums;
  ForEachVectorInParts(n, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    const Floats z = hn::Sub(lanes.LoadOr(x + i, kMinusInfinity), shift);
    const Floats e = Exp(z);
    sums.part[part] = hn::Add(sums.part[part], e);
    visit(i, lanes, part, z, e);
  });
  return DoubleTotal(sums);
}

HWY_INLINE Normalizer NormalizerOf(const float* logits, int64_t n) {
  const float max = RowMax(logits, n);
  const double sum = SumOfExp(logits, n, max, [](int64_t, auto, int, Floats, Floats) DRAGOMAN_LANES {});
  return {max, static_cast<float>(std::log(sum))};
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_SOFTMAX_INL_H_
