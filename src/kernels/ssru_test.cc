// SPDX-License-Identifier: Apache-2.0
#include "kernels/ssru.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/kernels_testing.h"
#include "kernels/reference/ssru.h"

namespace dragoman::kernels {
namespace {

constexpr int64_t kTokens = 12;
const std::vector<int32_t> kOffsets = {0, 5, 5, 6, 12};  // sentences of 5, 0, 1 and 6 tokens

TEST(SsruTest, MatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      SCOPED_TRACE(d);
      TestMatrix forget(kTokens, d, 1, 4), x(kTokens, d, 2), cells(kTokens, d), h(kTokens, d);
      TestMatrix want_cells(kTokens, d), want_h(kTokens, d);
      SsruForward({kOffsets}, forget.view(), x.view(), cells.view(), h.view());
      reference::SsruForward({kOffsets}, forget.view(), x.view(), want_cells.view(), want_h.view());
      ExpectNear(cells, want_cells, 1e-6, "cells", 1);
      ExpectNear(h, want_h, 1e-6, "h", 1);
      TestMatrix dh(kTokens, d, 3), dforget(kTokens, d), dx(kTokens, d), want_dforget(kTokens, d), want_dx(kTokens, d);
      SsruBackward({kOffsets}, forget.view(), x.view(), want_cells.view(), dh.view(), dforget.view(), dx.view());
      reference::SsruBackward({kOffsets}, forget.view(), x.view(), want_cells.view(), dh.view(), want_dforget.view(),
                              want_dx.view());
      ExpectNear(dforget, want_dforget, 1e-6, "dforget", 1);
      ExpectNear(dx, want_dx, 1e-6, "dx", 1);
    }
  });
}

// Token by token, each with those of other sentences, it is the same to the last bit.
TEST(SsruTest, StepsAreTheWhole) {
  ForEachTarget([] {
    constexpr int64_t kWidth = 37;
    TestMatrix forget(kTokens, kWidth, 1, 4), x(kTokens, kWidth, 2), cells(kTokens, kWidth), h(kTokens, kWidth);
    SsruForward({kOffsets}, forget.view(), x.view(), cells.view(), h.view());
    std::vector<int64_t> rows;  // of the step before: tokens
    TestMatrix before(3, kWidth), now(3, kWidth), step_h(3, kWidth), step_forget(3, kWidth), step_x(3, kWidth);
    for (int64_t t = 0; t < 6; ++t) {
      std::vector<int64_t> tokens;
      std::vector<int32_t> parents;
      for (const size_t s : {3, 0, 2}) {  // in another order
        if (kOffsets[s] + t >= kOffsets[s + 1]) continue;
        tokens.push_back(kOffsets[s] + t);
        const auto parent = std::ranges::find(rows, tokens.back() - 1);
        parents.push_back(t == 0 ? -1 : static_cast<int32_t>(parent - rows.begin()));
      }
      const auto count = static_cast<int64_t>(tokens.size());
      for (int64_t r = 0; r < count; ++r) {
        std::copy_n(forget.Row(tokens[static_cast<size_t>(r)]), kWidth, step_forget.Row(r));
        std::copy_n(x.Row(tokens[static_cast<size_t>(r)]), kWidth, step_x.Row(r));
      }
      SsruStep(parents, step_forget.view().Rows(0, count), step_x.view().Rows(0, count), before.view(),
               now.view().Rows(0, count), step_h.view().Rows(0, count));
      for (int64_t r = 0; r < count; ++r) {
        const int64_t token = tokens[static_cast<size_t>(r)];
        EXPECT_TRUE(SameBits({step_h.Row(r), kWidth}, {h.Row(token), kWidth})) << token;
        std::copy_n(now.Row(r), kWidth, before.Row(r));
      }
      rows = tokens;
    }
  });
}

TEST(SsruTest, NotANumberStaysNone) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  ForEachTarget([] {
    for (const bool in_x : {false, true}) {
      TestMatrix forget(kTokens, 20, 1), x(kTokens, 20, 2), cells(kTokens, 20), h(kTokens, 20);
      (in_x ? x : forget).At(7, 3) = kNan;
      SsruForward({kOffsets}, forget.view(), x.view(), cells.view(), h.view());
      for (int64_t t = 0; t < kTokens; ++t) EXPECT_EQ(std::isnan(h.At(t, 3)), t >= 7) << t;
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
