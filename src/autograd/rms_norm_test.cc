// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

TEST(RmsNormTest, Gradients) {
  for (const int64_t width : {2, 8, 19}) {
    SCOPED_TRACE(width);
    ParameterStore store;
    const Parameter* gain = store.Declare("gain", {width});
    store.Allocate();
    FillRandom(store, 1);
    TestInput x("x", 4, width, 3);
    // A row that is nearly 0 makes the sharpest function there is: keep away from it.
    for (size_t i = 0; i < x.values.size(); i += 2) x.values[i] += x.values[i] < 0 ? -1.0f : 1.0f;
    GradientCheck(store, {x}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, RmsNorm(workspace, in[0], *gain, 1e-6f));
    }).Run();
  }
}

TEST(RmsNormTest, GradientsAddToThoseOfOtherConsumers) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {8, 8});
  const Parameter* gain = store.Declare("gain", {8});
  store.Allocate();
  FillRandom(store, 1);
  GradientCheck(store, {{"x", 3, 8, 3}},
                [&](Workspace& workspace, const std::vector<Variable>& in) {  // a pre-norm sub-layer
                  const Variable normed = RmsNorm(workspace, in[0], *gain, 1e-6f);
                  return WeightedSum(workspace, AddResidual(workspace, Linear(workspace, normed, *weight, nullptr),
                                                            nullptr, in[0], 0));
                })
      .Run();
}

TEST(RmsNormTest, EpsilonCountsInValueAndGradient) {
  ParameterStore store;
  const Parameter* gain = store.Declare("gain", {4});
  store.Allocate();
  FillRandom(store, 1);
  const auto loss = [&](float epsilon) {
    return [&, epsilon](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, RmsNorm(workspace, in[0], *gain, epsilon));
    };
  };
  GradientCheck(store, {{"x", 3, 4, 3}}, loss(0.5f)).Run();
  const auto value = [&](float epsilon) {
    Workspace workspace;
    std::vector<float> unused(static_cast<size_t>(store.flat_size()));
    const Tape tape(workspace, unused.data(), /*dropout_key=*/0);
    return loss(epsilon)(workspace, {TestInput("x", 3, 4, 3).In(workspace)});
  };
  EXPECT_NE(value(0.5f), value(1e-6f));
}

TEST(RmsNormTest, RefusesAGainOfAnotherWidth) {
  ParameterStore store;
  const Parameter* gain = store.Declare("gain", {4});
  store.Allocate();
  Workspace workspace;
  EXPECT_THROW(RmsNorm(workspace, workspace.New(2, 5), *gain, 1e-6f), ShapeError);
}

}  // namespace
}  // namespace dragoman
