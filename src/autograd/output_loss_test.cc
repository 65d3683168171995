// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cmath>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

struct OutputLossTest : testing::Test {
  OutputLossTest() : weight(store.Declare("weight", {9, 5})), bias(store.Declare("bias", {9})) {
    store.Allocate();
    FillRandom(store, 1);
  }
  ParameterStore store;
  const Parameter* weight;
  const Parameter* bias;
  std::vector<int32_t> targets = {0, 8, 3, 3, 7, 1};
};

TEST_F(OutputLossTest, Gradients) {
  for (const float smoothing : {0.0f, 0.1f}) {
    for (const Parameter* b : {bias, static_cast<const Parameter*>(nullptr)}) {
      SCOPED_TRACE(testing::Message() << "smoothing " << smoothing << ", bias " << (b != nullptr));
      GradientCheck(store, {{"hidden", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
        return OutputLoss(workspace, in[0], *weight, b, targets, smoothing, /*gradient_scale=*/1).loss;
      }).Run();
    }
  }
}

TEST_F(OutputLossTest, GradientsAreScaled) {
  GradientCheck(store, {{"hidden", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return 0.25 * OutputLoss(workspace, in[0], *weight, bias, targets, 0.1f, /*gradient_scale=*/0.25f).loss;
  }).Run();
}

// 600 tokens are three slices; the loss is that of the slices computed alone.
TEST_F(OutputLossTest, SlicesDoNotShow) {
  const TestInput hidden("hidden", 600, 5, 4);
  std::vector<int32_t> many;
  for (int32_t i = 0; i < 600; ++i) many.push_back(i % 9);
  const auto gradients_by = [&](int64_t slice, double& loss) {
    std::vector<float> gradients(static_cast<size_t>(store.flat_size()), 0.0f);
    loss = 0;
    for (int64_t begin = 0; begin < 600; begin += slice) {
      TestInput part("part", slice, 5, 1);
      std::copy_n(hidden.values.begin() + begin * 5, slice * 5, part.values.begin());
      Workspace workspace;
      Tape tape(workspace, gradients.data(), 1);
      const auto wanted = std::span(many).subspan(static_cast<size_t>(begin), static_cast<size_t>(slice));
      loss += OutputLoss(workspace, part.In(workspace), *weight, bias, wanted, 0.1f, 1).loss;
      tape.Backward();
    }
    return gradients;
  };
  double whole_loss = 0, parts_loss = 0;
  const std::vector<float> whole = gradients_by(600, whole_loss), parts = gradients_by(100, parts_loss);
  EXPECT_NEAR(whole_loss, parts_loss, 1e-6 * whole_loss);
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], parts[i], 1e-3);  // sums of 600, of size 100 or so
}

TEST_F(OutputLossTest, LossIsTheSameWithoutRecording) {
  const TestInput hidden("hidden", 6, 5, 2);
  std::vector<float> gradients(static_cast<size_t>(store.flat_size()));
  Workspace recording, plain;
  const Tape tape(recording, gradients.data(), 1);
  const auto with = OutputLoss(recording, hidden.In(recording), *weight, bias, targets, 0.1f, 1);
  const auto without = OutputLoss(plain, hidden.In(plain), *weight, bias, targets, 0.1f, 1);
  EXPECT_EQ(with.loss, without.loss);
  EXPECT_EQ(with.nll, without.nll);
}

TEST_F(OutputLossTest, RefusesTargetsOfAnotherNumber) {
  Workspace workspace;
  EXPECT_THROW(OutputLoss(workspace, workspace.New(5, 5), *weight, bias, targets, 0, 1), ShapeError);
  EXPECT_THROW(OutputLoss(workspace, workspace.New(6, 4), *weight, bias, targets, 0, 1), ShapeError);
}

}  // namespace
}  // namespace dragoman
