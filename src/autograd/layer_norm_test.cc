// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

TEST(LayerNormTest, Gradients) {
  for (const int64_t width : {2, 8, 19}) {
    SCOPED_TRACE(width);
    ParameterStore store;
    const Parameter* gain = store.Declare("gain", {width});
    const Parameter* bias = store.Declare("bias", {width});
    store.Allocate();
    FillRandom(store, 1);
    TestInput x("x", 4, width, 3);
    // Two elements a row that are nearly equal make the sharpest function there is: keep them apart.
    for (size_t i = 0; i < x.values.size(); i += 2) x.values[i] += 3;
    GradientCheck(store, {x}, [&](Tape& tape, const std::vector<Variable>& in) {
      return WeightedSum(tape, LayerNorm(tape, in[0], *gain, *bias, 1e-5f));
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
                [&](Tape& tape, const std::vector<Variable>& in) {  // a pre-norm sub-layer
                  const Variable normed = LayerNorm(tape, in[0], *gain, *bias, 1e-5f);
                  return WeightedSum(tape,
                                     AddResidual(tape, Linear(tape, normed, *weight, nullptr), nullptr, in[0], 0));
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
    return [&, epsilon](Tape& tape, const std::vector<Variable>& in) {
      return WeightedSum(tape, LayerNorm(tape, in[0], *gain, *bias, epsilon));
    };
  };
  GradientCheck(store, {{"x", 3, 4, 3}}, loss(0.5f)).Run();
  Tape tape;
  const TestInput x("x", 3, 4, 3);
  EXPECT_NE(loss(0.5f)(tape, {x.OnTape(tape)}), loss(1e-5f)(tape, {x.OnTape(tape)}));
}

TEST(LayerNormTest, RefusesAGainOfAnotherWidth) {
  ParameterStore store;
  const Parameter* gain = store.Declare("gain", {4});
  const Parameter* bias = store.Declare("bias", {4});
  store.Allocate();
  Tape tape;
  EXPECT_THROW(LayerNorm(tape, tape.New(2, 5), *gain, *bias, 1e-5f), ShapeError);
}

}  // namespace
}  // namespace dragoman
