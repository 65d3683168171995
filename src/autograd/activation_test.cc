// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

using kernels::Activation;

constexpr Activation kAll[] = {Activation::kRelu, Activation::kGelu, Activation::kGeluTanh, Activation::kSilu,
                               Activation::kGeluSigmoid};

// ReLU has no derivative at 0: elements lie at least 0.3 from it, and biases and steps move them by less.
TestInput AwayFromZero(const char* name, int64_t rows, int64_t cols, uint64_t seed) {
  TestInput x(name, rows, cols, seed);
  for (float& v : x.values) v += v < 0 ? -0.3f : 0.3f;
  return x;
}

class ActivationTest : public testing::TestWithParam<float> {};  // the dropout rate

TEST_P(ActivationTest, GradientsWithBias) {
  for (const Activation activation : kAll) {
    SCOPED_TRACE(static_cast<int>(activation));
    ParameterStore store;
    const Parameter* bias = store.Declare("bias", {7});
    store.Allocate();
    FillRandom(store, 1, 0.03);
    GradientCheck(store, {AwayFromZero("x", 5, 7, 2)}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, Activate(workspace, in[0], bias, activation, GetParam()));
    }).Run();
  }
}

TEST_P(ActivationTest, GradientsWithoutBias) {
  for (const Activation activation : kAll) {
    SCOPED_TRACE(static_cast<int>(activation));
    ParameterStore store;
    store.Allocate();
    GradientCheck(store, {AwayFromZero("x", 5, 7, 2)}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, Activate(workspace, in[0], nullptr, activation, GetParam()));
    }).Run();
  }
}

TEST_P(ActivationTest, GradientsOfGatedForms) {
  for (const Activation activation : kAll) {
    SCOPED_TRACE(static_cast<int>(activation));
    ParameterStore store;
    store.Allocate();
    GradientCheck(store, {AwayFromZero("gate", 5, 7, 2), {"x", 5, 7, 3}},
                  [&](Workspace& workspace, const std::vector<Variable>& in) {
                    return WeightedSum(workspace, ActivateGated(workspace, in[0], in[1], activation, GetParam()));
                  })
        .Run();
  }
}

// As in a feed-forward layer: the products before and after must see the right gradients through memory reused.
TEST_P(ActivationTest, GradientsBetweenLinears) {
  for (const Activation activation :
       {Activation::kGelu, Activation::kGeluTanh, Activation::kSilu, Activation::kGeluSigmoid}) {
    SCOPED_TRACE(static_cast<int>(activation));
    ParameterStore store;
    const Parameter* in_weight = store.Declare("in_weight", {4, 6});
    const Parameter* in_bias = store.Declare("in_bias", {6});
    const Parameter* out_weight = store.Declare("out_weight", {6, 4});
    store.Allocate();
    FillRandom(store, 1);
    GradientCheck(store, {{"x", 3, 4, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      const Variable hidden =
          Activate(workspace, Linear(workspace, in[0], *in_weight, nullptr), in_bias, activation, GetParam());
      return WeightedSum(workspace, Linear(workspace, hidden, *out_weight, nullptr));
    }).Run();
  }
}

INSTANTIATE_TEST_SUITE_P(Dropout, ActivationTest, testing::Values(0.0f, 0.4f));

TEST(ActivationDropoutTest, DropsTheStatedShareAndKeepsTheMean) {
  Workspace workspace;
  std::vector<float> unused;
  const Tape tape(workspace, unused.data(), /*dropout_key=*/3);
  Variable x = workspace.New(100, 100);
  std::fill_n(x.writable().data, x.value().size(), 1.0f);
  const Variable y = Activate(workspace, x, nullptr, Activation::kRelu, 0.25f);
  double dropped = 0, sum = 0;
  for (int64_t i = 0; i < y.value().size(); ++i) {
    dropped += y.value().data[i] == 0;
    sum += double{y.value().data[i]};
  }
  EXPECT_NEAR(dropped / 1e4, 0.25, 0.02);  // four standard deviations are 0.017
  EXPECT_NEAR(sum / 1e4, 1.0, 0.025);
}

TEST(ActivationDropoutTest, IsOffWhereNothingIsRecorded) {
  Workspace workspace;
  Variable x = workspace.New(10, 10);
  std::fill_n(x.writable().data, x.value().size(), 1.0f);
  const Variable y = Activate(workspace, x, nullptr, Activation::kRelu, 0.9f);
  for (int64_t i = 0; i < y.value().size(); ++i) EXPECT_EQ(y.value().data[i], 1.0f);
}

TEST(ActivationShapeTest, RefusesGatesOfAnotherShape) {
  Workspace workspace;
  EXPECT_THROW(ActivateGated(workspace, workspace.New(2, 3), workspace.New(2, 4), Activation::kSilu, 0), ShapeError);
}

}  // namespace
}  // namespace dragoman
