// SPDX-License-Identifier: Apache-2.0
// What queries attend to is the same for all rows of a sentence and never changes, so its keys lie in columns: the
// scores of as many keys as a vector has lanes are its products with one element of the query after another, and no
// lanes have to be added up.
#include <algorithm>
#include <cstdint>
#include <span>

#include "kernels/cached_attention.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/memory_attention.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/cached_attention-inl.h"
#include "kernels/lanes-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr int kHeadsAtOnce = 4;  // sums that do not wait for one another; what they read stays in the L1 cache

// scores [kHeads, keys.cols], of one vector of keys [kHeads * d_head, count] from `j` on.
template <int kHeads, class Lanes>
HWY_INLINE void ScoreKeys(Lanes lanes, int64_t d_head, const float* q, const ConstMatrix& keys, int64_t j,
                          float* scores) {
  Floats sums[kHeads];
  for (Floats& sum : sums) sum = hn::Zero(Tag());
  for (int64_t c = 0; c < d_head; ++c) {
    HWY_UNROLL(4)
    for (int h = 0; h < kHeads; ++h) {
      const int64_t row = h * d_head + c;
      sums[h] = hn::MulAdd(hn::Set(Tag(), q[row]), lanes.Load(keys.Row(row) + j), sums[h]);
    }
  }
  for (int h = 0; h < kHeads; ++h) lanes.Store(sums[h], scores + h * keys.cols + j);
}

// q, out [rows, kHeads * d_head], keys [kHeads * d_head, count], values [count, kHeads * d_head].
template <int kHeads>
void AttendWithHeads(int64_t d_head, float scale, const ConstMatrix& q, const ConstMatrix& keys,
                     const ConstMatrix& values, const Matrix& out, float* scratch) {
  const int64_t count = keys.cols;
  for (int64_t r = 0; r < q.rows; ++r) {
    ForEachVector(count, [&](int64_t j, auto lanes)
                             DRAGOMAN_LANES { ScoreKeys<kHeads>(lanes, d_head, q.Row(r), keys, j, scratch); });
    for (int h = 0; h < kHeads; ++h) StepSoftmax(scratch + h * count, count, scale);
    for (int h = 0; h < kHeads; ++h) {
      const float* const weights = scratch + h * count;
      const auto row_of = [&](int64_t j) DRAGOMAN_LANES { return values.Row(j) + h * d_head; };
      AddValuesOfHead(d_head, weights, count, row_of, out.Row(r) + h * d_head);
    }
  }
}

// Rows of one sentence. scratch: kHeadsAtOnce * count floats.
void AttendToMemory(const AttentionShape& shape, const ConstMatrix& q, const KeysAndValues& memory, const Matrix& out,
                    float* scratch) {
  const auto of_heads = [&](int64_t h, int64_t heads, auto attend) DRAGOMAN_LANES {
    const int64_t column = h * shape.d_head, width = heads * shape.d_head;
    attend(shape.d_head, shape.Scale(), q.Cols(column, width), memory.keys.Rows(column, width),
           memory.values.Cols(column, width), out.Cols(column, width), scratch);
  };
  int64_t h = 0;
  for (; h + kHeadsAtOnce <= shape.heads; h += kHeadsAtOnce) {
    of_heads(h, kHeadsAtOnce, AttendWithHeads<kHeadsAtOnce>);
  }
  for (; h < shape.heads; ++h) of_heads(h, 1, AttendWithHeads<1>);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(AttendToMemory);

void AttendToMemories(const AttentionShape& shape, const ConstMatrix& q, std::span<const int32_t> memory_of,
                      std::span<const KeysAndValues> memories, const Matrix& out, float* scratch) {
  for (int64_t begin = 0, end = 0; begin < q.rows; begin = end) {
    while (end < q.rows && memory_of[end] == memory_of[begin]) ++end;
    const KeysAndValues& memory = memories[memory_of[begin]];
    const Matrix to = out.Rows(begin, end - begin);
    if (memory.keys.cols == 0) {
      for (int64_t r = 0; r < to.rows; ++r) std::fill_n(to.Row(r), to.cols, 0.0f);
    } else {
      HWY_DYNAMIC_DISPATCH(AttendToMemory)(shape, q.Rows(begin, end - begin), memory, to, scratch);
    }
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
