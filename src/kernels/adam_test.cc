// SPDX-License-Identifier: Apache-2.0
#include "kernels/adam.h"

#include <gtest/gtest.h>

#include "kernels/kernels_testing.h"
#include "kernels/reference/adam.h"

namespace dragoman::kernels {
namespace {

AdamStep StepOf(int t) {
  AdamStep step;
  step.learning_rate = 0.01f;
  step.weight_decay = 0.1f;
  step.gradient_scale = 0.5f;
  step.bias_correction1 = static_cast<float>(1 - std::pow(0.9, t));
  step.bias_correction2 = static_cast<float>(1 - std::pow(0.98, t));
  return step;
}

struct State {
  std::vector<float> gradient, m, v, w;
  explicit State(int64_t n)
      : gradient(RandomFloats(n, 1)), m(RandomFloats(n, 2)), v(RandomFloats(n, 3)), w(RandomFloats(n, 4)) {
    for (float& x : v) x = std::abs(x);
  }
};

TEST(AdamTest, MatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      State state(n), want(n);
      for (int t = 1; t <= 5; ++t) {
        AdamUpdate(StepOf(t), state.gradient, state.m, state.v, state.w);
        reference::AdamUpdate(StepOf(t), want.gradient, want.m, want.v, want.w);
      }
      ExpectNear(state.m, want.m, 1e-6, "m");
      ExpectNear(state.v, want.v, 1e-6, "v");
      ExpectNear(state.w, want.w, 1e-6, "w");
    }
  });
}

// Kingma 2015, §2.1: the first step is about learning_rate long, whatever the gradient's size.
TEST(AdamTest, FirstStepIsOneLearningRate) {
  ForEachTarget([] {
    for (const float g : {1e-6f, 1.0f, 1e6f, -1e6f}) {
      AdamStep step;
      step.learning_rate = 0.01f;
      step.bias_correction1 = 1 - step.beta1;
      step.bias_correction2 = 1 - step.beta2;
      float m = 0, v = 0, w = 0;
      AdamUpdate(step, {&g, 1}, {&m, 1}, {&v, 1}, {&w, 1});
      EXPECT_NEAR(w, g > 0 ? -0.01 : 0.01, 2e-5);
    }
  });
}

TEST(AdamTest, NoGradientAndNoMomentsLeaveTheWeight) {
  ForEachTarget([] {
    const float g = 0;
    float m = 0, v = 0, w = 3;
    AdamUpdate(AdamStep{.learning_rate = 0.01f}, {&g, 1}, {&m, 1}, {&v, 1}, {&w, 1});
    EXPECT_EQ(w, 3);
  });
}

TEST(AdamTest, AnySplitGivesTheSameBits) {
  ForEachTarget([] {
    const size_t n = 203;
    State whole(n);
    AdamUpdate(StepOf(3), whole.gradient, whole.m, whole.v, whole.w);
    for (size_t split = 0; split <= n; ++split) {
      State parts(n);
      const auto update = [&](size_t begin, size_t count) {
        AdamUpdate(StepOf(3), std::span(parts.gradient).subspan(begin, count), std::span(parts.m).subspan(begin, count),
                   std::span(parts.v).subspan(begin, count), std::span(parts.w).subspan(begin, count));
      };
      update(0, split);
      update(split, n - split);
      EXPECT_TRUE(SameBits(parts.m, whole.m) && SameBits(parts.v, whole.v) && SameBits(parts.w, whole.w)) << split;
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
