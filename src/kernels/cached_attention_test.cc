// SPDX-License-Identifier: Apache-2.0
#include "kernels/cached_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "kernels/attention_testing.h"
#include "kernels/elementwise.h"
#include "kernels/reference/attention.h"

namespace dragoman::kernels {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTargetTest, testing::ValuesIn(SupportedTargets()));

std::vector<const float*> Rows(const Matrix& m, const std::vector<int32_t>& numbers) {
  std::vector<const float*> rows;
  for (const int32_t r : numbers) rows.push_back(m.Row(r));
  return rows;
}

// A store in chunks of a few rows, each behind some floats of something else, that holds the rows of m.
struct Store {
  static constexpr int64_t kChunkRows = 3, kOffset = 5;

  explicit Store(const Matrix& m) : stride(m.cols + 2) {
    const int64_t count = (m.rows + kChunkRows - 1) / kChunkRows;
    for (int64_t c = 0; c < count; ++c) memory.emplace_back(kOffset + kChunkRows * stride, kUntouched);
    for (auto& chunk : memory) chunks.push_back(chunk.data());
    std::vector<int32_t> numbers(static_cast<size_t>(m.rows));
    std::iota(numbers.begin(), numbers.end(), 0);
    KeepRows(m, numbers, view());
  }
  RowStore view() { return {chunks.data(), kChunkRows, kOffset, stride}; }

  int64_t stride;
  std::vector<std::vector<float>> memory;
  std::vector<float*> chunks;
};

// Two queries: one attends to all rows, backwards, the other to the last one alone.
TEST_P(AttentionTargetTest, RowsMatchReference) {
  for (const int d_head : {1, 3, 4, 8, 13, 16, 20, 32, 37, 64, 100, 128}) {
    for (const int length : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 70}) {
      for (const int heads : {1, 3, 4}) {
        Problem p{.shape = {heads, d_head, true, {}},
                  .q_lengths = {length},
                  .k_lengths = {length},
                  .has_bias = (length + heads) % 2 == 0};
        Store keys(p.k.m), values(p.v.m);
        std::vector<int32_t> ids, offsets = {0, length, length + 1};
        for (int32_t j = length - 1; j >= 0; --j) ids.push_back(j);
        ids.push_back(length - 1);
        Values q(2, p.width, /*seed=*/7), out(2, p.width, /*seed=*/8);
        std::vector<float> scratch(static_cast<size_t>(CachedAttentionScratchFloats(p.Whole(), length) + 1),
                                   kUntouched);
        AttendToRows(p.Whole(), q.m, {ids, {offsets}}, keys.view(), values.view(), out.m, scratch.data());
        const std::vector<int32_t> all(ids.begin(), ids.end() - 1), last = {length - 1};
        for (int64_t i = 0; i < 2; ++i) {
          const auto& list = i == 0 ? all : last;
          const std::vector<double> want =
              reference::AttentionStep(p.Whole(), q.m.Row(i), Rows(p.k.m, list), Rows(p.v.m, list));
          for (int64_t c = 0; c < p.width; ++c) ASSERT_NEAR(out.m.At(i, c), want[c], 2e-6) << Describe(p);
        }
        ASSERT_TRUE(out.GapsUntouched());
        ASSERT_EQ(scratch.back(), kUntouched);
      }
    }
  }
}

Values Transposed(const Matrix& m) {
  Values columns(m.cols, m.rows, /*seed=*/0);
  CopyTransposed(m, columns.m);
  return columns;
}

// Queries of a memory, one of an empty one, and the first again.
TEST_P(AttentionTargetTest, MemoriesMatchReference) {
  for (const int d_head : {1, 3, 8, 16, 20, 37, 64, 100, 128}) {
    for (const int length : {4, 5, 8, 15, 16, 17, 31, 32, 33, 70}) {
      for (const int heads : {1, 3, 4, 9}) {
        Problem p{.shape = {heads, d_head, false, {}}, .q_lengths = {length}, .k_lengths = {length}};
        const Values keys = Transposed(p.k.m);
        const std::vector<KeysAndValues> memories = {{keys.m.Cols(0, 0), p.v.m.Rows(0, 0)}, {keys.m, p.v.m}};
        const std::vector<int32_t> memory_of = {1, 1, 0, 1};
        Values out(4, p.width, /*seed=*/8);
        std::vector<float> scratch(static_cast<size_t>(CachedAttentionScratchFloats(p.shape, length) + 1), kUntouched);
        AttendToMemories(p.shape, p.q.m.Rows(0, 4), memory_of, memories, out.m, scratch.data());
        std::vector<int32_t> all(static_cast<size_t>(length));
        std::iota(all.begin(), all.end(), 0);
        for (int64_t i = 0; i < 4; ++i) {
          const std::vector<double> want =
              i == 2 ? std::vector<double>(static_cast<size_t>(p.width), 0.0)
                     : reference::AttentionStep(p.shape, p.q.m.Row(i), Rows(p.k.m, all), Rows(p.v.m, all));
          for (int64_t c = 0; c < p.width; ++c) ASSERT_NEAR(out.m.At(i, c), want[c], 2e-6) << Describe(p);
        }
        ASSERT_TRUE(out.GapsUntouched());
        ASSERT_EQ(scratch.back(), kUntouched);
      }
    }
  }
}

TEST_P(AttentionTargetTest, LargeScoresDoNoHarm) {
  Problem p{.shape = {4, 32, true, {}}, .q_lengths = {20}, .k_lengths = {20}, .magnitude = 1e10f};
  const Values keys = Transposed(p.k.m);
  const std::vector<KeysAndValues> memories = {{keys.m, p.v.m}};
  Values out(1, p.width, /*seed=*/8);
  std::vector<float> scratch(static_cast<size_t>(CachedAttentionScratchFloats(p.shape, 20)));
  AttendToMemories(p.shape, p.q.m.Rows(0, 1), std::vector<int32_t>{0}, memories, out.m, scratch.data());
  for (int64_t c = 0; c < p.width; ++c) ASSERT_LE(std::abs(out.m.At(0, c)), 1.0001f);
}

// The twins agree: a step is the last row of causal attention.
TEST(AttentionReferenceTest, StepIsTheLastCausalRow) {
  Problem p{.shape = {3, 5, true, {}}, .q_lengths = {7}, .k_lengths = {7}, .has_bias = true};
  const reference::Table out =
      reference::AttentionForward(p.Whole(), p.q_packing(), p.k_packing(), reference::Table(p.q.m),
                                  reference::Table(p.k.m), reference::Table(p.v.m))
          .out;
  const std::vector<double> step = reference::AttentionStep(p.Whole(), p.q.m.Row(6), Rows(p.k.m, {0, 1, 2, 3, 4, 5, 6}),
                                                            Rows(p.v.m, {0, 1, 2, 3, 4, 5, 6}));
  for (int64_t c = 0; c < p.width; ++c) EXPECT_NEAR(step[c], out.At(6, c), 1e-14);
}

}  // namespace
}  // namespace dragoman::kernels
