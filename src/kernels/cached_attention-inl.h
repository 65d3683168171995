// SPDX-License-Identifier: Apache-2.0
// What both kinds of a decoding step's attention do with one head's scores.
// Included once per instruction set (Highway's foreach_target).
#if defined(DRAGOMAN_KERNELS_CACHED_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef DRAGOMAN_KERNELS_CACHED_ATTENTION_INL_H_
#undef DRAGOMAN_KERNELS_CACHED_ATTENTION_INL_H_
#else
#define DRAGOMAN_KERNELS_CACHED_ATTENTION_INL_H_
#endif

#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// row = softmax(scale * row), row [count].
HWY_INLINE void StepSoftmax(float* row, int64_t count, float scale) {
  const Tag d;
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  Largest largest(kHidden);
  ForEachVectorInParts(count, [&](int64_t j, auto lanes, int part) DRAGOMAN_LANES {
    largest.part[part] = hn::Max(largest.part[part], lanes.LoadOr(row + j, kHidden));
  });
  const Floats max = hn::Set(d, largest.Total());
  const Floats factor = hn::Set(d, scale);
  Sums sums;
  ForEachVectorInParts(count, [&](int64_t j, auto lanes, int part) DRAGOMAN_LANES {
    const Floats weight = Exp(hn::Mul(hn::Sub(lanes.LoadOr(row + j, kHidden), max), factor));
    lanes.Store(weight, row + j);
    sums.part[part] = hn::Add(sums.part[part], weight);
  });
  const Floats inverse = hn::Set(d, 1.0f / sums.Total());
  ForEachVector(count, [&](int64_t j, auto lanes)
                           DRAGOMAN_LANES { lanes.Store(hn::Mul(lanes.Load(row + j), inverse), row + j); });
}

// out = weights [count] times the rows of values, kVecs vectors of these.
template <int kVecs, class Lanes, class RowOf>
HWY_INLINE void AddValues(Lanes lanes, const float* weights, int64_t count, const RowOf& row_of, float* out) {
  Floats sums[kVecs];
  for (Floats& sum : sums) sum = hn::Zero(Tag());
  for (int64_t j = 0; j < count; ++j) {
    const Floats weight = hn::Set(Tag(), weights[j]);
    const float* const row = row_of(j);
    HWY_UNROLL(4)
    for (int v = 0; v < kVecs; ++v) sums[v] = hn::MulAdd(weight, lanes.Load(row + v * kLanes), sums[v]);
  }
  for (int v = 0; v < kVecs; ++v) lanes.Store(sums[v], out + v * kLanes);
}

// The same of a whole head. row_of(j): where the head's part of row j begins.
template <class RowOf>
HWY_INLINE void AddValuesOfHead(int64_t d_head, const float* weights, int64_t count, const RowOf& row_of, float* out) {
  int64_t i = 0;
  const auto from_i = [&](int64_t j) DRAGOMAN_LANES { return row_of(j) + i; };
  for (; i + 4 * kLanes <= d_head; i += 4 * kLanes) AddValues<4>(WholeLanes(), weights, count, from_i, out + i);
  for (; i + 2 * kLanes <= d_head; i += 2 * kLanes) AddValues<2>(WholeLanes(), weights, count, from_i, out + i);
  for (; i + kLanes <= d_head; i += kLanes) AddValues<1>(WholeLanes(), weights, count, from_i, out + i);
  if (i < d_head) AddValues<1>(FirstLanes{d_head - i}, weights, count, from_i, out + i);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#endif  // DRAGOMAN_KERNELS_CACHED_ATTENTION_INL_H_
