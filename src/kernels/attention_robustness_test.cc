// SPDX-License-Identifier: Apache-2.0
// What a row of attention does not depend on, and what becomes of large and broken numbers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "kernels/attention.h"
#include "kernels/attention_testing.h"

namespace dragoman::kernels {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTargetTest, testing::ValuesIn(SupportedTargets()));

// Bit for bit: the sentence in the middle of others and by itself, at another alignment and stride.
TEST_P(AttentionTargetTest, SentenceDoesNotDependOnItsNeighbours) {
  for (const bool causal : {true, false}) {
    for (const int d_head : {5, 16, 32, 64}) {
      for (const int length : {1, 7, 14, 16, 32, 40, 70}) {
        const AttentionShape shape{2, d_head, causal, {}};
        Problem all{.shape = shape, .q_lengths = {3, length, 20, 0}, .k_lengths = {3, length, 20, 0}};
        Problem one{.shape = shape, .q_lengths = {length}, .k_lengths = {length}, .gap = 5, .shift = 1};
        for (auto [from, to] :
             {std::pair(&all.q, &one.q), {&all.k, &one.k}, {&all.v, &one.v}, {&all.dout, &one.dout}}) {
          for (int64_t r = 0; r < length; ++r) std::copy_n(from->m.Row(3 + r), all.width, to->m.Row(r));
        }
        for (Problem* p : {&all, &one}) p->Forward(), p->Backward();
        for (auto [a, b] :
             {std::pair(&all.out, &one.out), {&all.dq, &one.dq}, {&all.dk, &one.dk}, {&all.dv, &one.dv}}) {
          for (int64_t r = 0; r < length; ++r) {
            ASSERT_EQ(std::memcmp(a->m.Row(3 + r), b->m.Row(r), all.width * sizeof(float)), 0)
                << Describe(one) << " row " << r;
          }
        }
      }
    }
  }
}

// Bit for bit, whatever the later tokens are: other numbers, or none at all.
TEST_P(AttentionTargetTest, CausalRowDoesNotDependOnLaterTokens) {
  const int length = 75;
  for (const int d_head : {7, 32, 64}) {
    const AttentionShape shape{2, d_head, true, {}};
    Problem before{.shape = shape, .q_lengths = {length}, .k_lengths = {length}};
    before.Forward();
    for (const int kept : {1, 2, 8, 13, 15, 16, 20, 31, 32, 33, 50, 64, 74}) {
      for (const float value :
           {-3.0f, 1e30f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        Problem after{.shape = shape, .q_lengths = {length}, .k_lengths = {length}};
        for (Values* changed : {&after.q, &after.k, &after.v}) {
          for (int64_t r = kept; r < length; ++r) std::fill_n(changed->m.Row(r), after.width, value);
        }
        after.Forward();
        for (int64_t r = 0; r < kept; ++r) {
          ASSERT_EQ(std::memcmp(before.out.m.Row(r), after.out.m.Row(r), after.width * sizeof(float)), 0)
              << Describe(after) << ", row " << r << " of " << kept << " kept, later tokens " << value;
        }
      }
      Problem shorter{.shape = shape, .q_lengths = {kept}, .k_lengths = {kept}};
      for (auto [from, to] : {std::pair(&before.q, &shorter.q), {&before.k, &shorter.k}, {&before.v, &shorter.v}}) {
        for (int64_t r = 0; r < kept; ++r) std::copy_n(from->m.Row(r), before.width, to->m.Row(r));
      }
      shorter.Forward();
      for (int64_t r = 0; r < kept; ++r) {
        ASSERT_EQ(std::memcmp(before.out.m.Row(r), shorter.out.m.Row(r), shorter.width * sizeof(float)), 0)
            << Describe(shorter) << " row " << r;
      }
    }
  }
}

TEST_P(AttentionTargetTest, LargeScoresAreStable) {
  for (const float magnitude : {30.0f, 1e4f, 1e12f}) {
    Problem p{.shape = {2, 16, false, {}}, .q_lengths = {9, 40}, .k_lengths = {9, 40}, .magnitude = magnitude};
    p.Forward();
    p.Backward();
    for (const Values* values : {&p.out, &p.dq, &p.dk, &p.dv}) {
      for (int64_t i = 0; i < values->m.rows; ++i) {
        for (int64_t c = 0; c < p.width; ++c) {
          ASSERT_TRUE(std::isfinite(values->m.At(i, c))) << magnitude;
          // An output is an average of values, which are at most 1.
          if (values == &p.out) {
            ASSERT_LE(std::abs(values->m.At(i, c)), 1.0001f);
          }
        }
      }
    }
  }
}

// Broken numbers come out as broken numbers, where they belong, and stay within their sentence and head.
TEST_P(AttentionTargetTest, NanAndInfinityStayInTheirSentence) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    Problem p{.shape = {2, 8, false, {}}, .q_lengths = {4, 6, 5}, .k_lengths = {4, 6, 5}};
    p.k.m.At(5, 9) = bad;  // sentence 1, head 1
    p.Forward();
    p.Backward();
    for (int64_t r = 0; r < 15; ++r) {
      for (int64_t c = 0; c < 16; ++c) {
        const bool touched = r >= 4 && r < 10 && c >= 8;
        if (!touched) {
          ASSERT_TRUE(std::isfinite(p.out.m.At(r, c)) && std::isfinite(p.dk.m.At(r, c)));
        }
        if (touched && std::isnan(bad)) {
          ASSERT_TRUE(std::isnan(p.out.m.At(r, c)));
        }
      }
    }
  }
}

}  // namespace
}  // namespace dragoman::kernels
