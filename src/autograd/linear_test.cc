// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

TEST(LinearTest, GradientsWithBias) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {5, 7});
  const Parameter* bias = store.Declare("bias", {7});
  store.Allocate();
  FillRandom(store, 1);
  GradientCheck(store, {{"x", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return WeightedSum(workspace, Linear(workspace, in[0], *weight, bias));
  }).Run();
}

TEST(LinearTest, GradientsWithoutBiasOfOneToken) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {3, 4});
  store.Allocate();
  FillRandom(store, 1);
  GradientCheck(store, {{"x", 1, 3, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return WeightedSum(workspace, Linear(workspace, in[0], *weight, nullptr));
  }).Run();
}

TEST(LinearTest, GradientsAddUpWhereAnInputIsUsedTwice) {
  ParameterStore store;
  const Parameter* first = store.Declare("first", {4, 4});
  const Parameter* second = store.Declare("second", {4, 4});
  store.Allocate();
  FillRandom(store, 1);
  // A weight twice (first), a variable twice (x, by all three products and as the residual).
  GradientCheck(store, {{"x", 3, 4, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    const Variable y = AddResidual(workspace, Linear(workspace, in[0], *first, nullptr), nullptr, in[0], 0);
    const Variable z = AddResidual(workspace, Linear(workspace, in[0], *second, nullptr), nullptr, y, 0);
    return WeightedSum(workspace, AddResidual(workspace, Linear(workspace, in[0], *first, nullptr), nullptr, z, 0));
  }).Run();
}

TEST(LinearTest, ComputesTheProduct) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {2, 3});
  const Parameter* bias = store.Declare("bias", {3});
  store.Allocate();
  for (int i = 0; i < 6; ++i)
    store.Writable(*weight)[static_cast<size_t>(i)] = static_cast<float>(i + 1);  // 1 2 3 / 4 5 6
  for (int i = 0; i < 3; ++i) store.Writable(*bias)[static_cast<size_t>(i)] = static_cast<float>(100 * (i + 1));
  TestInput x("x", 1, 2, 1);
  x.values = {10, 1};
  Workspace workspace;
  const Variable y = Linear(workspace, x.In(workspace), *weight, bias);
  const std::vector<float> values(y.value().data, y.value().data + y.value().size());
  EXPECT_THAT(values, testing::ElementsAre(114, 225, 336));
}

TEST(LinearTest, NamesTheParameterThatDoesNotFit) {
  ParameterStore store;
  const Parameter* weight = store.Declare("ffn.weight", {5, 7});
  const Parameter* bias = store.Declare("ffn.bias", {6});
  store.Allocate();
  Workspace workspace;
  const auto message = [&](int64_t width, const Parameter* b) -> std::string {
    try {
      Linear(workspace, workspace.New(2, width), *weight, b);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_THAT(message(4, nullptr), testing::AllOf(testing::HasSubstr("ffn.weight is [5, 7], expected [4, 7]")));
  EXPECT_THAT(message(5, bias), testing::HasSubstr("ffn.bias is [1, 6], expected [1, 7]"));
}

}  // namespace
}  // namespace dragoman
