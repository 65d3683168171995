// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.h"

#include <gtest/gtest.h>

#include <limits>

#include "kernels/kernels_testing.h"
#include "kernels/reference/activation.h"

namespace dragoman::kernels {
namespace {

constexpr Activation kAll[] = {Activation::kRelu, Activation::kGelu, Activation::kGeluTanh, Activation::kSilu,
                               Activation::kGeluSigmoid};
constexpr double kTolerance = 5e-7;

std::string Name(Activation activation) {
  constexpr const char* kNames[] = {"ReLU", "GELU", "GELU (tanh)", "SiLU", "GELU (sigmoid)"};
  return kNames[static_cast<int>(activation)];
}

void TestForward(Activation activation, int64_t rows, int64_t cols, bool with_bias) {
  const std::vector<float> bias = RandomFloats(cols, 9);
  const float* const bias_or_null = with_bias ? bias.data() : nullptr;
  TestMatrix x(rows, cols, 1, 6), want_x(rows, cols, 1, 6), y(rows, cols), want_y(rows, cols);
  reference::ActivationForward(activation, want_x.view(), bias_or_null, want_y.view());
  ActivationForward(activation, x.view(), bias_or_null, y.view());
  ExpectNear(x, want_x, 0, Name(activation) + ": x + bias");
  ExpectNear(y, want_y, kTolerance, Name(activation));
  TestMatrix in_place(rows, cols, 1, 6);
  ActivationForward(activation, in_place.view(), bias_or_null, in_place.view());
  ExpectNear(in_place, y, 0, Name(activation) + " in place");
}

TEST(ActivationTest, ForwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const Activation activation : kAll) {
      for (const int64_t n : TestLengths()) {
        for (const bool with_bias : {false, true}) ASSERT_NO_FATAL_FAILURE(TestForward(activation, 3, n, with_bias));
      }
      ASSERT_NO_FATAL_FAILURE(TestForward(activation, 0, 5, true));
    }
  });
}

TEST(ActivationTest, BackwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const Activation activation : kAll) {
      for (const int64_t n : TestLengths()) {
        TestMatrix dy(3, n, 1), x(3, n, 2, 6), dx(3, n), want(3, n);
        reference::ActivationBackward(activation, dy.view(), x.view(), want.view());
        ActivationBackward(activation, dy.view(), x.view(), dx.view());
        ExpectNear(dx, want, kTolerance, Name(activation), /*magnitude=*/1);
        ActivationBackward(activation, dy.view(), x.view(), dy.view());
        ExpectNear(dy, dx, 0, Name(activation) + " in place");
      }
    }
  });
}

TEST(ActivationTest, ReluGradientFromItsOutput) {
  TestMatrix x(2, 50, 1), y(2, 50), dy(2, 50, 2), from_input(2, 50), from_output(2, 50);
  ActivationForward(Activation::kRelu, x.view(), nullptr, y.view());
  ActivationBackward(Activation::kRelu, dy.view(), x.view(), from_input.view());
  ActivationBackward(Activation::kRelu, dy.view(), y.view(), from_output.view());
  ExpectNear(from_output, from_input, 0, "dx");
}

TEST(ActivationTest, GatedMatchesItsTwin) {
  ForEachTarget([] {
    for (const Activation activation : kAll) {
      for (const int64_t n : TestLengths()) {
        TestMatrix gate(2, n, 1, 6), x(2, n, 2), y(2, n), want_y(2, n);
        reference::GatedForward(activation, gate.view(), x.view(), want_y.view());
        GatedForward(activation, gate.view(), x.view(), y.view());
        ExpectNear(y, want_y, kTolerance, Name(activation));

        TestMatrix dy(2, n, 3), dgate(2, n), dx(2, n), want_dgate(2, n), want_dx(2, n), same_dy(2, n, 3);
        reference::GatedBackward(activation, dy.view(), gate.view(), x.view(), want_dgate.view(), want_dx.view());
        GatedBackward(activation, dy.view(), gate.view(), x.view(), dgate.view(), dx.view());
        ExpectNear(dgate, want_dgate, kTolerance, Name(activation) + ": dgate", 1);
        ExpectNear(dx, want_dx, kTolerance, Name(activation) + ": dx", 1);
        GatedBackward(activation, dy.view(), gate.view(), x.view(), dgate.view(), dy.view());
        ExpectNear(dy, dx, 0, Name(activation) + ": dx in place of dy");
        GatedBackward(activation, same_dy.view(), gate.view(), x.view(), same_dy.view(), dx.view());
        ExpectNear(same_dy, dgate, 0, Name(activation) + ": dgate in place of dy");
      }
    }
  });
}

// Point by point, so that small values far out count as much as large ones.
TEST(ActivationTest, SmallAndLargeInputsAreAccurate) {
  ForEachTarget([] {
    for (const Activation activation : kAll) {
      for (float v = -12; v < 12; v += 0.01f) {
        float x = v, y = 0, dx = 1;
        ActivationForward(activation, Matrix(&x, 1, 1), nullptr, Matrix(&y, 1, 1));
        ActivationBackward(activation, Matrix(&dx, 1, 1), Matrix(&x, 1, 1), Matrix(&dx, 1, 1));
        const double want = reference::Activate(activation, v), slope = reference::ActivationSlope(activation, v);
        ASSERT_NEAR(y, want, 2e-5 * std::abs(want) + 1e-15) << Name(activation) << " of " << v;
        ASSERT_NEAR(y, want, 2e-7 * (1 + std::abs(want))) << Name(activation) << " of " << v;
        ASSERT_NEAR(dx, slope, 6e-7) << Name(activation) << "' of " << v;
      }
      for (const float v : {-3e38f, -1e10f, -1000.0f, -100.0f, 100.0f, 1000.0f, 1e10f}) {
        float x = v, y = 1, dx = 1;
        ActivationForward(activation, Matrix(&x, 1, 1), nullptr, Matrix(&y, 1, 1));
        ActivationBackward(activation, Matrix(&dx, 1, 1), Matrix(&x, 1, 1), Matrix(&dx, 1, 1));
        EXPECT_NEAR(y, v > 0 ? v : 0, 1e-40) << Name(activation) << " of " << v;
        EXPECT_NEAR(dx, v > 0 ? 1 : 0, 1e-40) << Name(activation) << "' of " << v;
      }
    }
  });
}

TEST(ActivationTest, NanStaysNan) {
  ForEachTarget([] {
    for (const Activation activation : kAll) {
      TestMatrix x(1, 40, 1), dy(1, 40, 2), y(1, 40), dx(1, 40);
      x.At(0, 3) = x.At(0, 39) = std::numeric_limits<float>::quiet_NaN();
      ActivationForward(activation, x.view(), nullptr, y.view());
      ActivationBackward(activation, dy.view(), x.view(), dx.view());
      for (const int64_t c : {3, 39}) EXPECT_TRUE(std::isnan(y.At(0, c))) << Name(activation);
      for (const int64_t c : {3, 39}) EXPECT_TRUE(std::isnan(dx.At(0, c))) << Name(activation);
      EXPECT_FALSE(std::isnan(y.At(0, 4)));
    }
  });
}

TEST(ActivationTest, TwinSlopesAreTheDerivatives) {
  for (const Activation activation : kAll) {
    for (double x = -4.05; x < 4; x += 0.1) {
      const double h = 1e-5;
      const double slope = (reference::Activate(activation, x + h) - reference::Activate(activation, x - h)) / (2 * h);
      EXPECT_NEAR(reference::ActivationSlope(activation, x), slope, 1e-8) << Name(activation) << " at " << x;
    }
  }
}

}  // namespace
}  // namespace dragoman::kernels
