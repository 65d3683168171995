// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kernels/attention.h"
#include "kernels/attention_testing.h"
#include "kernels/reference/attention.h"

namespace dragoman::kernels {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTargetTest, testing::ValuesIn(SupportedTargets()));

std::vector<const float*> Rows(const Matrix& m, int64_t begin, int64_t count) {
  std::vector<const float*> rows;
  for (int64_t r = begin; r < begin + count; ++r) rows.push_back(m.Row(r));
  return rows;
}

TEST_P(AttentionTargetTest, StepMatchesReference) {
  for (const int d_head : {1, 3, 4, 8, 13, 16, 20, 32, 37, 64, 100, 128}) {
    for (const int length : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 70}) {
      for (const int heads : {1, 3, 4}) {
        Problem p{.shape = {heads, d_head, true, {}},
                  .q_lengths = {length},
                  .k_lengths = {length},
                  .has_bias = (length + heads) % 2 == 0};
        const auto keys = Rows(p.k.m, 0, length), values = Rows(p.v.m, 0, length);
        std::vector<float> out(p.width + 1, kUntouched), scratch(heads * length + 1, kUntouched);
        AttentionStep(p.Whole(), p.q.m.Row(length - 1), keys, values, out.data(), scratch.data());
        const std::vector<double> want = reference::AttentionStep(p.Whole(), p.q.m.Row(length - 1), keys, values);
        for (int64_t c = 0; c < p.width; ++c) ASSERT_NEAR(out[c], want[c], 2e-6) << Describe(p);
        ASSERT_EQ(out.back(), kUntouched);
        ASSERT_EQ(scratch.back(), kUntouched);
      }
    }
  }
}

TEST_P(AttentionTargetTest, StepWithoutKeysGivesZeros) {
  std::vector<float> q(32, 1.0f), out(32, kUntouched);
  AttentionStep({2, 16}, q.data(), {}, {}, out.data(), nullptr);
  for (const float x : out) EXPECT_EQ(x, 0.0f);
}

TEST_P(AttentionTargetTest, StepIsStableWithLargeScores) {
  Problem p{.shape = {4, 32, true, {}}, .q_lengths = {20}, .k_lengths = {20}, .magnitude = 1e10f};
  std::vector<float> out(p.width), scratch(4 * 20);
  AttentionStep(p.shape, p.q.m.Row(0), Rows(p.k.m, 0, 20), Rows(p.v.m, 0, 20), out.data(), scratch.data());
  for (const float x : out) ASSERT_LE(std::abs(x), 1.0001f);
}

// The twins agree: a step is the last row of causal attention.
TEST(AttentionReferenceTest, StepIsTheLastCausalRow) {
  Problem p{.shape = {3, 5, true, {}}, .q_lengths = {7}, .k_lengths = {7}, .has_bias = true};
  const reference::Table out =
      reference::AttentionForward(p.Whole(), p.q_packing(), p.k_packing(), reference::Table(p.q.m),
                                  reference::Table(p.k.m), reference::Table(p.v.m))
          .out;
  const std::vector<double> step =
      reference::AttentionStep(p.Whole(), p.q.m.Row(6), Rows(p.k.m, 0, 7), Rows(p.v.m, 0, 7));
  for (int64_t c = 0; c < p.width; ++c) EXPECT_NEAR(step[c], out.At(6, c), 1e-14);
}

}  // namespace
}  // namespace dragoman::kernels
