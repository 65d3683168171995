// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"

namespace dragoman {
namespace {

// Behind what it may stand behind, in whose memory it works: the ops that end a decoder.
TEST(ScaleTest, GradientsBehindANormAndBehindAResidual) {
  ParameterStore store;
  const Parameter* weight = store.Declare("weight", {8, 8});
  const Parameter* gain = store.Declare("gain", {8});
  store.Allocate();
  FillRandom(store, 1);
  for (const bool normed : {false, true}) {
    SCOPED_TRACE(normed);
    GradientCheck(store, {{"x", 3, 8, 3}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      Variable y = AddResidual(workspace, Linear(workspace, in[0], *weight, nullptr), nullptr, in[0], 0);
      y = normed ? RmsNorm(workspace, y, *gain, 1e-6f) : LayerNorm(workspace, y, *gain, nullptr, 1e-5f);
      if (!normed) y = AddResidual(workspace, Linear(workspace, y, *weight, nullptr), nullptr, y, 0);
      return WeightedSum(workspace, Scale(workspace, std::move(y), 0.25f));
    }).Run();
  }
}

TEST(ScaleTest, ValuesAreTimesTheFactorInTheSameMemory) {
  Workspace workspace;
  Variable x = TestInput("x", 3, 5, 1).In(workspace);
  const std::vector<float> before(x.value().data, x.value().data + 15);
  const float* const memory = x.value().data;
  const Variable y = Scale(workspace, std::move(x), 3);
  EXPECT_EQ(y.value().data, memory);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_EQ(y.value().data[i], 3 * before[i]);
}

}  // namespace
}  // namespace dragoman
