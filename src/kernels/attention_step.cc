// SPDX-License-Identifier: Apache-2.0
// One decoding step of attention. Rows come in groups of kRowsAtOnce: their loads are independent of one another, and
// each row is read from its first head to its last, as it lies in memory.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "kernels/attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_step.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/attention_layout.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int64_t kRowsAtOnce = 4;

// to[i] = sum of the lanes of x_i, for four vectors of 4 lanes or more.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void StoreLaneSums(D d, V x0, V x1, V x2, V x3, float* to) {
  if constexpr (hn::MaxLanes(D()) == 1) {
    to[0] = hn::GetLane(x0), to[1] = hn::GetLane(x1), to[2] = hn::GetLane(x2), to[3] = hn::GetLane(x3);
  } else {
#if HWY_TARGET != HWY_SCALAR
    if constexpr (hn::MaxLanes(D()) > 4) {
      const hn::Half<D> half;
      StoreLaneSums(half, hn::Add(hn::LowerHalf(half, x0), hn::UpperHalf(half, x0)),
                    hn::Add(hn::LowerHalf(half, x1), hn::UpperHalf(half, x1)),
                    hn::Add(hn::LowerHalf(half, x2), hn::UpperHalf(half, x2)),
                    hn::Add(hn::LowerHalf(half, x3), hn::UpperHalf(half, x3)), to);
    } else {
      const hn::RepartitionToWide<D> pairs;
      const V sum01 = hn::Add(hn::InterleaveLower(d, x0, x1), hn::InterleaveUpper(d, x0, x1));
      const V sum23 = hn::Add(hn::InterleaveLower(d, x2, x3), hn::InterleaveUpper(d, x2, x3));
      const auto low = hn::InterleaveLower(pairs, hn::BitCast(pairs, sum01), hn::BitCast(pairs, sum23));
      const auto high = hn::InterleaveUpper(pairs, hn::BitCast(pairs, sum01), hn::BitCast(pairs, sum23));
      hn::StoreU(hn::Add(hn::BitCast(d, low), hn::BitCast(d, high)), d, to);
    }
#endif
  }
}

// scores [heads, keys] = q k^T, not yet scaled. d_head is made of whole vectors.
template <class D>
void StepScores(D d, int64_t heads, int64_t d_head, const float* q, std::span<const float* const> keys, float* scores) {
  const int64_t key_count = keys.size();
  for (int64_t j = 0; j < key_count; j += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, key_count - j);
    // The last group's missing rows repeat its last one.
    const float* const k0 = keys[j];
    const float* const k1 = keys[j + std::min<int64_t>(1, rows - 1)];
    const float* const k2 = keys[j + std::min<int64_t>(2, rows - 1)];
    const float* const k3 = keys[j + std::min<int64_t>(3, rows - 1)];
    for (int64_t h = 0, c = 0; h < heads; ++h) {
      auto sum0 = hn::Zero(d), sum1 = hn::Zero(d), sum2 = hn::Zero(d), sum3 = hn::Zero(d);
      for (const int64_t end = c + d_head; c < end; c += hn::Lanes(d)) {
        const auto query = hn::LoadU(d, q + c);
        sum0 = hn::MulAdd(query, hn::LoadU(d, k0 + c), sum0);
        sum1 = hn::MulAdd(query, hn::LoadU(d, k1 + c), sum1);
        sum2 = hn::MulAdd(query, hn::LoadU(d, k2 + c), sum2);
        sum3 = hn::MulAdd(query, hn::LoadU(d, k3 + c), sum3);
      }
      float* const to = scores + h * key_count + j;
      if (rows == kRowsAtOnce) {
        StoreLaneSums(d, sum0, sum1, sum2, sum3, to);
      } else {
        float group[kRowsAtOnce];
        StoreLaneSums(d, sum0, sum1, sum2, sum3, group);
        std::copy_n(group, rows, to);
      }
    }
  }
}

// row = softmax(scale * row), row [count].
HWY_INLINE void StepSoftmax(float* row, int64_t count, float scale) {
  const Tag d;
  constexpr float kHidden = -std::numeric_limits<float>::infinity();
  Floats max = hn::Set(d, kHidden);
  ForEachVector(count,
                [&](int64_t j, auto lanes) DRAGOMAN_LANES { max = hn::Max(max, lanes.LoadOr(row + j, kHidden)); });
  max = hn::MaxOfLanes(d, max);
  const Floats factor = hn::Set(d, scale);
  Floats sum = hn::Zero(d);
  ForEachVector(count, [&](int64_t j, auto lanes) DRAGOMAN_LANES {
    const Floats weight = ExpOrNan(hn::Mul(hn::Sub(lanes.LoadOr(row + j, kHidden), max), factor));
    lanes.Store(weight, row + j);
    sum = hn::Add(sum, weight);
  });
  const Floats inverse = hn::Div(hn::Set(d, 1.0f), hn::SumOfLanes(d, sum));
  ForEachVector(count, [&](int64_t j, auto lanes)
                           DRAGOMAN_LANES { lanes.Store(hn::Mul(lanes.Load(row + j), inverse), row + j); });
}

// out (+)= weights[j..j + kRows) times those rows of values.
template <int kRows, class D>
HWY_INLINE void AddValues(D d, int64_t heads, int64_t d_head, const float* weights, int64_t key_count,
                          const float* const* values, bool accumulate, float* out) {
  for (int64_t h = 0, c = 0; h < heads; ++h) {
    hn::Vec<D> weight[kRows];
    for (int r = 0; r < kRows; ++r) weight[r] = hn::Set(d, weights[h * key_count + r]);
    for (const int64_t end = c + d_head; c < end; c += hn::Lanes(d)) {
      auto sum = accumulate ? hn::LoadU(d, out + c) : hn::Zero(d);
      for (int r = 0; r < kRows; ++r) sum = hn::MulAdd(weight[r], hn::LoadU(d, values[r] + c), sum);
      hn::StoreU(sum, d, out + c);
    }
  }
}

// row = scale * row + the bias of each key's distance from the last one.
HWY_INLINE void ScaleAndAddBias(float* row, int64_t count, float scale, const float* bias) {
  for (int64_t j = 0; j < count; ++j) row[j] = scale * row[j] + bias[count - 1 - j];
}

template <class D>
void StepWith(D d, const AttentionShape& shape, const float* q, std::span<const float* const> keys,
              std::span<const float* const> values, float* out, float* scratch) {
  const int64_t heads = shape.heads, d_head = shape.d_head;
  const int64_t key_count = keys.size();
  const float scale = shape.Scale();
  StepScores(d, heads, d_head, q, keys, scratch);
  for (int64_t h = 0; h < heads; ++h) {
    float* const scores = scratch + h * key_count;
    const float* const bias = BiasOfHead(shape.bias, h);
    if (bias != nullptr) ScaleAndAddBias(scores, key_count, scale, bias);
    StepSoftmax(scores, key_count, bias != nullptr ? 1.0f : scale);
  }
  int64_t j = 0;
  for (; j + kRowsAtOnce <= key_count; j += kRowsAtOnce) {
    AddValues<kRowsAtOnce>(d, heads, d_head, scratch + j, key_count, &values[j], j > 0, out);
  }
  for (; j < key_count; ++j) AddValues<1>(d, heads, d_head, scratch + j, key_count, &values[j], j > 0, out);
}

// With the longest vectors that d_head is made of.
void Step(const AttentionShape& shape, const float* q, std::span<const float* const> keys,
          std::span<const float* const> values, float* out, float* scratch) {
  if (shape.d_head % 16 == 0) {  // NOLINT(bugprone-branch-clone): the same only where a vector has one lane
    StepWith(hn::CappedTag<float, 16>(), shape, q, keys, values, out, scratch);
  } else if (shape.d_head % 8 == 0) {
    StepWith(hn::CappedTag<float, 8>(), shape, q, keys, values, out, scratch);
  } else if (shape.d_head % 4 == 0) {
    StepWith(hn::CappedTag<float, 4>(), shape, q, keys, values, out, scratch);
  } else {
    StepWith(hn::CappedTag<float, 1>(), shape, q, keys, values, out, scratch);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(Step);

void AttentionStep(const AttentionShape& shape, const float* q, std::span<const float* const> keys,
                   std::span<const float* const> values, float* out, float* scratch) {
  if (keys.empty()) {
    std::fill_n(out, int64_t{shape.heads} * shape.d_head, 0.0f);
    return;
  }
  HWY_DYNAMIC_DISPATCH(Step)(shape, q, keys, values, out, scratch);
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
