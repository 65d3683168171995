// SPDX-License-Identifier: Apache-2.0
// Keys and values come in groups of kRowsAtOnce: their loads are independent of one another, and each row is read from
// its first head to its last, as it lies in memory.
#include "kernels/cached_attention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/cached_attention.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/attention_layout.h"
#include "kernels/cached_attention-inl.h"
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

// The products of a vector's columns, added to those of the columns before: lane by lane, so that all instruction sets
// find the same sums. vec: which vector of kSumLanes columns it is.
template <class Lanes>
HWY_INLINE void AddProducts(Lanes lanes, const float* q, const float* const (&k)[kRowsAtOnce], int64_t vec,
                            Floats (&sums)[kRowsAtOnce][kSumVecs]) {
  const int64_t c = vec * kLanes;
  const Floats query = lanes.Load(q + c);
  HWY_UNROLL(4)
  for (int r = 0; r < kRowsAtOnce; ++r) sums[r][vec] = hn::MulAdd(query, lanes.Load(k[r] + c), sums[r][vec]);
}

// Dot products of one head of a query with four keys.
HWY_INLINE void DotProducts(const float* q, const float* const (&rows)[kRowsAtOnce], int64_t d_head, float* to) {
  const Tag d;
  Floats sums[kRowsAtOnce][kSumVecs];
  HWY_UNROLL(4)
  for (auto& row : sums) {
    for (Floats& sum : row) sum = hn::Zero(d);
  }
  int64_t c = 0;
  for (; c + kSumLanes <= d_head; c += kSumLanes) {
    const float* const k[kRowsAtOnce] = {rows[0] + c, rows[1] + c, rows[2] + c, rows[3] + c};
    HWY_UNROLL(16)
    for (int v = 0; v < kSumVecs; ++v) AddProducts(WholeLanes(), q + c, k, v, sums);
  }
  if (c < d_head) {
    const float* const k[kRowsAtOnce] = {rows[0] + c, rows[1] + c, rows[2] + c, rows[3] + c};
    HWY_UNROLL(16)
    for (int v = 0; v < kSumVecs; ++v) {
      const int64_t left = d_head - c - v * kLanes;
      if (left > 0) AddProducts(FirstLanes{std::min(left, kLanes)}, q + c, k, v, sums);
    }
  }
  HWY_UNROLL(4)
  for (auto& row : sums) {
    for (int half = kSumVecs / 2; half > 0; half /= 2) {
      for (int v = 0; v < half; ++v) row[v] = hn::Add(row[v], row[v + half]);
    }
  }
  StoreLaneSums(d, sums[0][0], sums[1][0], sums[2][0], sums[3][0], to);
}

// scores [heads, keys] = q k^T, not yet scaled.
HWY_INLINE void StepScores(int64_t heads, int64_t d_head, const float* q, std::span<const float* const> keys,
                           float* scores) {
  const int64_t key_count = keys.size();
  for (int64_t j = 0; j < key_count; j += kRowsAtOnce) {
    const int64_t rows = std::min(kRowsAtOnce, key_count - j);
    const float* key[kRowsAtOnce];
    for (int64_t r = 0; r < kRowsAtOnce; ++r) key[r] = keys[j + std::min(r, rows - 1)];  // missing ones repeat the last
    for (int64_t h = 0, c = 0; h < heads; ++h, c += d_head) {
      const float* const of_head[kRowsAtOnce] = {key[0] + c, key[1] + c, key[2] + c, key[3] + c};
      float* const to = scores + h * key_count + j;
      if (rows == kRowsAtOnce) {
        DotProducts(q + c, of_head, d_head, to);
      } else {
        float group[kRowsAtOnce];
        DotProducts(q + c, of_head, d_head, group);
        std::copy_n(group, rows, to);
      }
    }
  }
}

// row = scale * row + the bias of each key's distance from the last one.
HWY_INLINE void ScaleAndAddBias(float* row, int64_t count, float scale, const float* bias) {
  for (int64_t j = 0; j < count; ++j) row[j] = scale * row[j] + bias[count - 1 - j];
}

// One query. keys, values: where their rows begin. scratch: heads * keys floats.
void AttendToKeys(const AttentionShape& shape, const float* q, std::span<const float* const> keys,
                  std::span<const float* const> values, float* out, float* scratch) {
  const int64_t heads = shape.heads, d_head = shape.d_head;
  const int64_t key_count = keys.size();
  const float scale = shape.Scale();
  StepScores(heads, d_head, q, keys, scratch);
  for (int64_t h = 0; h < heads; ++h) {
    float* const scores = scratch + h * key_count;
    const float* const bias = BiasOfHead(shape.bias, h);
    if (bias != nullptr) ScaleAndAddBias(scores, key_count, scale, bias);
    StepSoftmax(scores, key_count, bias != nullptr ? 1.0f : scale);
  }
  for (int64_t h = 0; h < heads; ++h) {
    const auto row_of = [&](int64_t j) DRAGOMAN_LANES { return values[j] + h * d_head; };
    AddValuesOfHead(d_head, scratch + h * key_count, key_count, row_of, out + h * d_head);
  }
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {
namespace {

// Scratch: pointers to the rows of keys and of values, then the scores.
constexpr int64_t kFloatsPerPointer = sizeof(const float*) / sizeof(float);

struct RowPointers {
  const float** keys;
  const float** values;
  float* scores;

  RowPointers(float* scratch, int64_t longest)
      : keys(reinterpret_cast<const float**>(scratch)),
        values(keys + longest),
        scores(scratch + 2 * longest * kFloatsPerPointer) {}
};

}  // namespace

HWY_EXPORT(AttendToKeys);

int64_t CachedAttentionScratchFloats(const AttentionShape& shape, int64_t longest) {
  return longest * (2 * kFloatsPerPointer + shape.heads);
}

void KeepRows(const ConstMatrix& rows, std::span<const int32_t> numbers, const RowStore& store) {
  for (int64_t i = 0; i < rows.rows; ++i) std::copy_n(rows.Row(i), rows.cols, store.Row(numbers[i]));
}

void AttendToRows(const AttentionShape& shape, const ConstMatrix& q, const PackedTokens& lists, const RowStore& keys,
                  const RowStore& values, const Matrix& out, float* scratch) {
  const RowPointers pointers(scratch, lists.packing.Longest());
  for (int64_t i = 0; i < q.rows; ++i) {
    const auto count = static_cast<size_t>(lists.packing.Length(i));
    const auto list = lists.ids.subspan(static_cast<size_t>(lists.packing.Begin(i)), count);
    for (size_t j = 0; j < count; ++j) {
      pointers.keys[j] = keys.Row(list[j]);
      pointers.values[j] = values.Row(list[j]);
    }
    HWY_DYNAMIC_DISPATCH(AttendToKeys)
    (shape, q.Row(i), {pointers.keys, count}, {pointers.values, count}, out.Row(i), pointers.scores);
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
