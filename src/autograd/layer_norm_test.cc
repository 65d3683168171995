// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

TEST(LayerNormTest, Gradients) {
  for (const auto& [width, with_bias] : std::vector<std::pair<int64_t, bool>>{{2, true}, {8, true}, {19, false}}) {
    SCOPED_TRACE(width);
    ParameterStore store;
    const Parameter* gain = store.Declare("gain", {width});
    const Parameter* bias = with_bias ? store.Declare("bias", {width}) : nullptr;
    store.Allocate();
    FillRandom(store, 1);
    TestInput x("x", 4, width, 3);
    // Two elements a row that are nearly equal make the sharpest function there is: keep them apart.
    for (size_t i = 0; i < x.values.size(); i += 2) x.values[i] += 3;
    GradientCheck(store, {x}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, LayerNorm(workspace, in[0], *gain, bias, 1e-5f));
    }).Run();
  }
}

TEST(LayerNormTest, GradientsAddToThoseOfOtherConsumers) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {8, 8});
  const Parameter* gain = store.Declare("gain", {8});
  const Parameter* bias = store.Declare("bias", {8});
  store.Allocate();
  FillRandom(store, 1);
  GradientCheck(store, {{"x", 3, 8, 3}},
                [&](Workspace& workspace, const std::vector<Variable>& in) {  // a pre-norm sub-layer
                  const Variable normed = LayerNorm(workspace, in[0], *gain, bias, 1e-5f);
                  return WeightedSum(workspace, AddResidual(workspace, Linear(workspace, normed, *weight, nullptr),
                                                            nullptr, in[0], 0));
                })
      .Run();
}

TEST(LayerNormTest, EpsilonCountsInValueAndGradient) {
  ParameterStore store;
  const Parameter* gain = store.Declare("gain", {4});
  const Parameter* bias = store.Declare("bias", {4});
  store.Allocate();
  FillRandom(store, 1);
  const auto loss = [&](float epsilon) {
    return [&, epsilon](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, LayerNorm(workspace, in[0], *gain, bias, epsilon));
    };
  };
  GradientCheck(store, {{"x", 3, 4, 3}}, loss(0.5f)).Run();
  const auto value = [&](float epsilon) {
    Workspace workspace;
    std::vector<float> unused(static_cast<size_t>(store.flat_size()));
    const Tape tape(workspace, unused.data(), /*dropout_key=*/0);
    return loss(epsilon)(workspace, {TestInput("x", 3, 4, 3).In(workspace)});
  };
  EXPECT_NE(value(0.5f), value(1e-5f));
}

TEST(LayerNormTest, RefusesAGainOfAnotherWidth) {
  ParameterStore store;
  const Parameter* gain = store.Declare("gain", {4});
  const Parameter* bias = store.Declare("bias", {4});
  store.Allocate();
  Workspace workspace;
  EXPECT_THROW(LayerNorm(workspace, workspace.New(2, 5), *gain, bias, 1e-5f), ShapeError);
}

}  // namespace
}  // namespace dragoman
