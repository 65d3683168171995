// SPDX-License-Identifier: Apache-2.0
#include "autograd/tape.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

// Some layers of a linear map each.
struct TapeTest : testing::Test {
  static constexpr int64_t kTokens = 64, kWidth = 32;

  TapeTest() : weight(store.Declare("weight", {kWidth, kWidth})), gradients(static_cast<size_t>(kWidth * kWidth)) {
    store.Allocate();
    FillRandom(store, 1, 0.1);
  }
  Variable Layers(Workspace& in, int layers) const {
    Variable x = TestInput("x", kTokens, kWidth, 1).In(in);
    for (int l = 0; l < layers; ++l) x = Linear(in, x, *weight, nullptr);
    return x;
  }

  ParameterStore store;
  const Parameter* weight;
  std::vector<float> gradients;
  Workspace workspace;
};

TEST_F(TapeTest, TheLastHandleReturnsTheMemory) {
  Variable a = workspace.New(kTokens, kWidth);
  const size_t one = workspace.pool().bytes_in_use();
  EXPECT_GE(one, size_t{kTokens * kWidth * sizeof(float)});
  {
    Variable copy = a;
    a = Variable();
    EXPECT_EQ(workspace.pool().bytes_in_use(), one);  // the copy holds it
    const Variable moved = std::move(copy);
    EXPECT_EQ(workspace.pool().bytes_in_use(), one);
    a = workspace.New(kTokens, kWidth);
    EXPECT_EQ(workspace.pool().bytes_in_use(), 2 * one);
  }
  EXPECT_EQ(workspace.pool().bytes_in_use(), one);
  a = Variable();
  EXPECT_EQ(workspace.pool().bytes_in_use(), 0u);
}

TEST_F(TapeTest, BackwardFreesAllThatTheStepUsed) {
  Tape tape(workspace, gradients.data(), 1);
  {
    const Variable y = Layers(workspace, 3);
    WeightedSum(workspace, y);
    tape.Backward();
    EXPECT_FALSE(tape.HasGradient(y));  // passed on and freed, though someone still holds the value
  }
  EXPECT_EQ(workspace.pool().bytes_in_use(), 0u);
}

TEST_F(TapeTest, ATapeThatGoesFreesAStepThatIsNotWanted) {
  {
    const Tape tape(workspace, gradients.data(), 1);
    WeightedSum(workspace, Layers(workspace, 3));
    EXPECT_GT(workspace.pool().bytes_in_use(), 0u);
  }
  EXPECT_EQ(workspace.tape(), nullptr);
  EXPECT_EQ(workspace.pool().bytes_in_use(), 0u);
  for (const float g : gradients) EXPECT_EQ(g, 0.0f);
}

TEST_F(TapeTest, AWorkspaceHasOneTapeAtATime) {
  const Tape tape(workspace, gradients.data(), 1);
  EXPECT_THROW(Tape(workspace, gradients.data(), 2), InternalError);
  EXPECT_EQ(workspace.tape(), &tape);
}

TEST_F(TapeTest, RepeatedStepsTakeNothingMoreFromTheSystem) {
  int64_t after_first = 0;
  for (int step = 0; step < 20; ++step) {
    Tape tape(workspace, gradients.data(), 1);
    WeightedSum(workspace, Layers(workspace, 4));
    tape.Backward();
    if (step == 0) after_first = workspace.pool().system_allocations();
    EXPECT_EQ(workspace.pool().system_allocations(), after_first);
  }
}

TEST_F(TapeTest, WithoutATapeActivationsAreFreedEarly) {
  Layers(workspace, 2);
  const size_t two = workspace.pool().peak_bytes_in_use();
  Layers(workspace, 20);
  EXPECT_EQ(workspace.pool().peak_bytes_in_use(), two);  // no more for twenty layers than for two
}

TEST_F(TapeTest, TheBackwardPassFreesGradientsAsItGoes) {
  const auto peak = [&](int layers) {
    Workspace fresh;
    Tape tape(fresh, gradients.data(), 1);
    WeightedSum(fresh, Layers(fresh, layers));
    const size_t forward = fresh.pool().bytes_in_use();
    tape.Backward();
    return fresh.pool().peak_bytes_in_use() - forward;
  };
  EXPECT_EQ(peak(20), peak(2));
}

TEST_F(TapeTest, BranchesThatDoNotReachTheLossCostNothingAndHaveNoGradient) {
  Tape tape(workspace, gradients.data(), 1);
  Layers(workspace, 2);
  tape.Backward();  // nothing was given a gradient
  for (const float g : gradients) EXPECT_EQ(g, 0.0f);
}

TEST_F(TapeTest, GradientsAddToWhatIsThere) {
  const auto step = [&] {
    Tape tape(workspace, gradients.data(), 1);
    WeightedSum(workspace, Layers(workspace, 1));
    tape.Backward();
  };
  step();
  const std::vector<float> once = gradients;
  step();
  for (size_t i = 0; i < once.size(); ++i) EXPECT_FLOAT_EQ(gradients[i], 2 * once[i]);
}

TEST_F(TapeTest, EachDropoutHasItsOwnMaskAndTheKeyDecidesThemAll) {
  const auto keys = [&](uint64_t key) {
    const Tape tape(workspace, gradients.data(), key);
    const uint64_t first = NextDropout(workspace, 0.1f).key;
    EXPECT_FALSE(NextDropout(workspace, 0).active());
    return std::pair(first, NextDropout(workspace, 0.1f).key);
  };
  const auto one = keys(1), again = keys(1), two = keys(2);
  EXPECT_EQ(one, again);
  EXPECT_NE(one.first, one.second);
  EXPECT_NE(one.first, two.first);
  EXPECT_NE(one.second, two.second);
  EXPECT_FALSE(NextDropout(workspace, 0.1f).active());  // without a tape
}

TEST(ParameterStoreTest, PlacesParametersInOneAlignedBuffer) {
  ParameterStore store;
  const Parameter* a = store.Declare("a", {3, 5});
  const Parameter* b = store.Declare("b", {17});
  const Parameter* c = store.Declare("c", {1});
  store.Allocate();
  EXPECT_EQ(a->offset, 0);
  EXPECT_EQ(b->offset, 16);
  EXPECT_EQ(c->offset, 48);
  EXPECT_EQ(store.flat_size(), 64);
  EXPECT_EQ(store.count(), 33);
  EXPECT_EQ(b->rows(), 1);
  EXPECT_EQ(b->cols(), 17);
  EXPECT_EQ(b->data, store.values().data() + 16);
  EXPECT_EQ(store.Find("b"), b);
  EXPECT_EQ(store.Find("d"), nullptr);
  for (const float v : store.values()) EXPECT_EQ(v, 0.0f);
}

TEST(ParameterStoreTest, RefusesANameTwice) {
  ParameterStore store;
  store.Declare("a", {1});
  EXPECT_THROW(store.Declare("a", {2}), InternalError);
  EXPECT_THROW(store.Declare("b", {0}), InternalError);
}

}  // namespace
}  // namespace dragoman
