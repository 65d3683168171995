// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm.h"

#include <gtest/gtest.h>

#include "kernels/kernels_testing.h"
#include "kernels/reference/layer_norm.h"

namespace dragoman::kernels {
namespace {

constexpr float kEpsilon = 1e-5f;

struct Statistics {
  std::vector<float> mean, inv_std;
  explicit Statistics(int64_t rows) : mean(rows), inv_std(rows) {}
};

void ExpectForwardOfTwin(int64_t rows, int64_t d, float scale, float offset, bool with_bias, double tolerance) {
  TestMatrix x(rows, d, 1, scale), y(rows, d), expected(rows, d);
  for (int64_t i = 0; i < rows * d; ++i) x.At(i / d, i % d) += offset;
  const std::vector<float> gain = RandomFloats(d, 2), bias = RandomFloats(d, 3);
  const float* const bias_or_null = with_bias ? bias.data() : nullptr;
  Statistics got(rows), want(rows);
  reference::LayerNormForward(x.view(), gain.data(), bias_or_null, kEpsilon, expected.view(), want.mean.data(),
                              want.inv_std.data());
  LayerNormForward(x.view(), gain.data(), bias_or_null, kEpsilon, y.view(), got.mean.data(), got.inv_std.data());
  ExpectNear(y, expected, tolerance, "y");
  if (d > 0) ExpectNear(got.mean, want.mean, 1e-6, "mean");
  if (d > 0) ExpectNear(got.inv_std, want.inv_std, tolerance, "inv_std");
  // In place.
  LayerNormForward(x.view(), gain.data(), bias_or_null, kEpsilon, x.view(), got.mean.data(), got.inv_std.data());
  ExpectNear(x, expected, tolerance, "y in place of x");
}

TEST(LayerNormTest, ForwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      for (const bool with_bias : {false, true}) ExpectForwardOfTwin(3, d, 1, 0, with_bias, 2e-6);
    }
    ExpectForwardOfTwin(0, 16, 1, 0, true, 0);
  });
}

TEST(LayerNormTest, LargeInputsAndMeansFarFromZeroKeepTheirDigits) {
  ForEachTarget([] {
    for (const int64_t d : {17, 64, 1000}) {
      ExpectForwardOfTwin(3, d, 1e6f, 0, true, 2e-6);
      ExpectForwardOfTwin(3, d, 1, 1024, true, 1e-4);  // the mean itself has only 1e-4 left of a deviation's digits
    }
  });
}

TEST(LayerNormTest, EqualInputsGiveTheBias) {
  ForEachTarget([] {
    for (const int64_t d : {1, 7, 33, 512}) {
      TestMatrix x(1, d), y(1, d);
      for (const float value : {0.0f, 1.1f, -3e4f, 1e8f}) {
        std::fill_n(x.Row(0), d, value);
        const std::vector<float> gain = RandomFloats(d, 2), bias = RandomFloats(d, 3);
        Statistics got(1);
        LayerNormForward(x.view(), gain.data(), bias.data(), kEpsilon, y.view(), got.mean.data(), got.inv_std.data());
        ExpectNear({y.Row(0), static_cast<size_t>(d)}, bias, 1e-5, "y");
      }
    }
  });
}

void ExpectBackwardOfTwin(int64_t rows, int64_t d, bool accumulate, bool with_bias) {
  TestMatrix x(rows, d, 1, 2), dy(rows, d, 2), dx(rows, d, 3), want_dx(rows, d, 3);
  const std::vector<float> gain = RandomFloats(d, 4);
  std::vector<float> dgain = RandomFloats(d, 5), dbias = RandomFloats(d, 6), want_dgain = dgain, want_dbias = dbias;
  Statistics stats(rows);
  TestMatrix y(rows, d);
  reference::LayerNormForward(x.view(), gain.data(), nullptr, kEpsilon, y.view(), stats.mean.data(),
                              stats.inv_std.data());
  reference::LayerNormBackward(dy.view(), x.view(), gain.data(), stats.mean.data(), stats.inv_std.data(),
                               want_dx.view(), accumulate, want_dgain.data(), with_bias ? want_dbias.data() : nullptr);
  LayerNormBackward(dy.view(), x.view(), gain.data(), stats.mean.data(), stats.inv_std.data(), dx.view(), accumulate,
                    dgain.data(), with_bias ? dbias.data() : nullptr);
  double magnitude = 1;  // of g * inv_std, from which dx is what remains
  for (const float inv_std : stats.inv_std) magnitude = std::max(magnitude, double{inv_std});
  ExpectNear(dx, want_dx, 1e-6, "dx", magnitude);
  ExpectNear(dgain, want_dgain, 1e-6, "dgain");
  ExpectNear(dbias, want_dbias, 1e-6, "dbias");
  if (accumulate) return;
  LayerNormBackward(dy.view(), x.view(), gain.data(), stats.mean.data(), stats.inv_std.data(), dy.view(), false,
                    dgain.data(), nullptr);
  ExpectNear(dy, dx, 0, "dx in place of dy");
}

TEST(LayerNormTest, BackwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      for (const bool accumulate : {false, true}) {
        for (const bool with_bias : {false, true}) ExpectBackwardOfTwin(6, d, accumulate, with_bias);
      }
    }
    ExpectBackwardOfTwin(0, 16, false, true);
  });
}

// The twin's formula is itself held to the definition: (L(x + h) - L(x - h)) / 2h, L = sum of dy * y.
TEST(LayerNormTest, TwinIsTheDerivative) {
  const int64_t d = 7;
  TestMatrix x(1, d, 1, 2), dy(1, d, 2), dx(1, d), y(1, d);
  const std::vector<float> gain = RandomFloats(d, 4), bias = RandomFloats(d, 5);
  std::vector<float> dgain(d), dbias(d);
  Statistics stats(1);
  const auto loss = [&] {
    reference::LayerNormForward(x.view(), gain.data(), bias.data(), kEpsilon, y.view(), stats.mean.data(),
                                stats.inv_std.data());
    double sum = 0;
    for (int64_t c = 0; c < d; ++c) sum += double{dy.At(0, c)} * y.At(0, c);
    return sum;
  };
  loss();
  reference::LayerNormBackward(dy.view(), x.view(), gain.data(), stats.mean.data(), stats.inv_std.data(), dx.view(),
                               false, dgain.data(), dbias.data());
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

TEST(LayerNormTest, NanMakesTheWholeRowNanAndNoOther) {
  ForEachTarget([] {
    const int64_t d = 37;
    TestMatrix x(2, d, 1), y(2, d);
    x.At(1, d - 1) = std::nanf("");
    const std::vector<float> gain = RandomFloats(d, 2);
    Statistics got(2);
    LayerNormForward(x.view(), gain.data(), nullptr, kEpsilon, y.view(), got.mean.data(), got.inv_std.data());
    for (int64_t c = 0; c < d; ++c) EXPECT_TRUE(std::isnan(y.At(1, c)) && !std::isnan(y.At(0, c)));
  });
}

TEST(LayerNormTest, ARowDependsOnItselfAlone) {
  ForEachTarget([] {
    for (const int64_t d : {5, 64, 100}) {
      TestMatrix x(9, d, 1), y(9, d), alone(1, d);
      const std::vector<float> gain = RandomFloats(d, 2), bias = RandomFloats(d, 3);
      Statistics got(9);
      LayerNormForward(x.view(), gain.data(), bias.data(), kEpsilon, y.view(), got.mean.data(), got.inv_std.data());
      std::vector<float> aligned(x.Row(7), x.Row(7) + d);
      LayerNormForward(Matrix(aligned.data(), 1, d), gain.data(), bias.data(), kEpsilon, alone.view(), got.mean.data(),
                       got.inv_std.data());
      const auto size = static_cast<size_t>(d);
      EXPECT_TRUE(SameBits({alone.Row(0), size}, {y.Row(7), size}));
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
