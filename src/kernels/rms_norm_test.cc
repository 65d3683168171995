// SPDX-License-Identifier: Apache-2.0
#include "kernels/rms_norm.h"

#include <gtest/gtest.h>

#include "kernels/kernels_testing.h"
#include "kernels/reference/rms_norm.h"

namespace dragoman::kernels {
namespace {

constexpr float kEpsilon = 1e-6f;

void ExpectForwardOfTwin(int64_t rows, int64_t d, float scale) {
  TestMatrix x(rows, d, 1, scale), y(rows, d), expected(rows, d);
  const std::vector<float> gain = RandomFloats(d, 2);
  std::vector<float> got(rows), want(rows);
  reference::RmsNormForward(x.view(), gain.data(), kEpsilon, expected.view(), want.data());
  RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), got.data());
  ExpectNear(y, expected, 2e-6, "y");
  if (d > 0) ExpectNear(got, want, 2e-6, "inv_rms");
  RmsNormForward(x.view(), gain.data(), kEpsilon, x.view(), nullptr);
  ExpectNear(x, y, 0, "y in place of x, keeping nothing");
}

TEST(RmsNormTest, ForwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) ExpectForwardOfTwin(3, d, 1);
    ExpectForwardOfTwin(0, 16, 1);
  });
}

TEST(RmsNormTest, LargeAndSmallInputsKeepTheirDigits) {
  ForEachTarget([] {
    for (const int64_t d : {17, 64, 1000}) {
      ExpectForwardOfTwin(3, d, 1e6f);
      ExpectForwardOfTwin(3, d, 1e-4f);  // epsilon is much of the sum
    }
  });
}

TEST(RmsNormTest, EqualInputsGiveTheGainWithTheirSign) {
  ForEachTarget([] {
    for (const int64_t d : {1, 7, 33, 512}) {
      TestMatrix x(1, d), y(1, d);
      for (const float value : {1.1f, -3e4f, 1e8f}) {
        std::fill_n(x.Row(0), d, value);
        std::vector<float> gain = RandomFloats(d, 2);
        RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), nullptr);
        if (value < 0) {
          for (float& g : gain) g = -g;
        }
        ExpectNear({y.Row(0), static_cast<size_t>(d)}, gain, 2e-6, "y");
      }
      std::fill_n(x.Row(0), d, 0.0f);
      const std::vector<float> gain = RandomFloats(d, 2);
      RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), nullptr);
      for (int64_t c = 0; c < d; ++c) EXPECT_EQ(y.At(0, c), 0.0f);
    }
  });
}

void ExpectBackwardOfTwin(int64_t rows, int64_t d, bool accumulate) {
  TestMatrix x(rows, d, 1, 2), dy(rows, d, 2), dx(rows, d, 3), want_dx(rows, d, 3), y(rows, d);
  const std::vector<float> gain = RandomFloats(d, 4);
  std::vector<float> dgain = RandomFloats(d, 5), want_dgain = dgain, inv_rms(rows);
  reference::RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), inv_rms.data());
  reference::RmsNormBackward(dy.view(), x.view(), gain.data(), inv_rms.data(), want_dx.view(), accumulate,
                             want_dgain.data());
  RmsNormBackward(dy.view(), x.view(), gain.data(), inv_rms.data(), dx.view(), accumulate, dgain.data());
  double magnitude = 1;  // of g * inv_rms, from which dx is what remains
  for (const float inv : inv_rms) magnitude = std::max(magnitude, double{inv});
  ExpectNear(dx, want_dx, 1e-6, "dx", magnitude);
  ExpectNear(dgain, want_dgain, 1e-6, "dgain");
  if (accumulate) return;
  RmsNormBackward(dy.view(), x.view(), gain.data(), inv_rms.data(), dy.view(), false, dgain.data());
  ExpectNear(dy, dx, 0, "dx in place of dy");
}

TEST(RmsNormTest, BackwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      for (const bool accumulate : {false, true}) ExpectBackwardOfTwin(6, d, accumulate);
    }
    ExpectBackwardOfTwin(0, 16, false);
  });
}

// The twin's formula is itself held to the definition: (L(x + h) - L(x - h)) / 2h, L = sum of dy * y.
TEST(RmsNormTest, TwinIsTheDerivative) {
  const int64_t d = 7;
  TestMatrix x(1, d, 1, 2), dy(1, d, 2), dx(1, d), y(1, d);
  const std::vector<float> gain = RandomFloats(d, 4);
  std::vector<float> dgain(d), inv_rms(1);
  const auto loss = [&] {
    reference::RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), inv_rms.data());
    double sum = 0;
    for (int64_t c = 0; c < d; ++c) sum += double{dy.At(0, c)} * y.At(0, c);
    return sum;
  };
  loss();
  reference::RmsNormBackward(dy.view(), x.view(), gain.data(), inv_rms.data(), dx.view(), false, dgain.data());
  for (int64_t c = 0; c < d; ++c) {
    const float h = 1.0f / 256, before = x.At(0, c);
    x.At(0, c) = before + h;
    const double above = loss();
    x.At(0, c) = before - h;
    const double below = loss();
    x.At(0, c) = before;
    EXPECT_NEAR(dx.At(0, c), (above - below) / (2 * h), 1e-4);
  }
}

TEST(RmsNormTest, NanMakesTheWholeRowNanAndNoOther) {
  ForEachTarget([] {
    const int64_t d = 37;
    TestMatrix x(2, d, 1), y(2, d);
    x.At(1, d - 1) = std::nanf("");
    const std::vector<float> gain = RandomFloats(d, 2);
    RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), nullptr);
    for (int64_t c = 0; c < d; ++c) EXPECT_TRUE(std::isnan(y.At(1, c)) && !std::isnan(y.At(0, c)));
  });
}

TEST(RmsNormTest, ARowDependsOnItselfAlone) {
  ForEachTarget([] {
    for (const int64_t d : {5, 64, 100}) {
      TestMatrix x(9, d, 1), y(9, d), alone(1, d);
      const std::vector<float> gain = RandomFloats(d, 2);
      RmsNormForward(x.view(), gain.data(), kEpsilon, y.view(), nullptr);
      std::vector<float> aligned(x.Row(7), x.Row(7) + d);
      RmsNormForward(Matrix(aligned.data(), 1, d), gain.data(), kEpsilon, alone.view(), nullptr);
      const auto size = static_cast<size_t>(d);
      EXPECT_TRUE(SameBits({alone.Row(0), size}, {y.Row(7), size}));
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
