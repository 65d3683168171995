// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

class ResidualTest : public testing::TestWithParam<float> {};  // the dropout rate

TEST_P(ResidualTest, GradientsWithBias) {
  ParameterStore store;
  const Parameter* bias = store.Declare("bias", {9});
  store.Allocate();
  FillRandom(store, 1);
  GradientCheck(store, {{"x", 4, 9, 2}, {"residual", 4, 9, 3}},
                [&](Workspace& workspace, const std::vector<Variable>& in) {
                  return WeightedSum(workspace, AddResidual(workspace, in[0], bias, in[1], GetParam()));
                })
      .Run();
}

TEST_P(ResidualTest, GradientsWithoutBiasWhenTheResidualHasOtherConsumers) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {6, 6});
  store.Allocate();
  FillRandom(store, 1);
  GradientCheck(store, {{"x", 4, 6, 2}, {"residual", 4, 6, 3}},
                [&](Workspace& workspace, const std::vector<Variable>& in) {
                  const Variable sum = AddResidual(workspace, in[0], nullptr, in[1], GetParam());
                  const Variable again =
                      AddResidual(workspace, Linear(workspace, sum, *weight, nullptr), nullptr, sum, GetParam());
                  return WeightedSum(workspace, AddResidual(workspace, Linear(workspace, in[1], *weight, nullptr),
                                                            nullptr, again, GetParam()));
                })
      .Run();
}

INSTANTIATE_TEST_SUITE_P(Dropout, ResidualTest, testing::Values(0.0f, 0.3f));

TEST(ResidualShapeTest, RefusesAResidualOfAnotherShape) {
  Workspace workspace;
  EXPECT_THROW(AddResidual(workspace, workspace.New(2, 3), nullptr, workspace.New(3, 3), 0), ShapeError);
}

}  // namespace
}  // namespace dragoman
