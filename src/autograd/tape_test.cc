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
  Variable Layers(Tape& t, int layers) const {
    Variable x = TestInput("x", kTokens, kWidth, 1).OnTape(t);
    for (int l = 0; l < layers; ++l) x = Linear(t, x, *weight, nullptr);
    return x;
  }

  ParameterStore store;
  const Parameter* weight;
  std::vector<float> gradients;
  Tape tape;
};

TEST_F(TapeTest, TheLastHandleReturnsTheMemory) {
  Variable a = tape.New(kTokens, kWidth);
  const size_t one = tape.pool().bytes_in_use();
  EXPECT_GE(one, size_t{kTokens * kWidth * sizeof(float)});
  {
    Variable copy = a;
    a = Variable();
    EXPECT_EQ(tape.pool().bytes_in_use(), one);  // the copy holds it
    const Variable moved = std::move(copy);
    EXPECT_EQ(tape.pool().bytes_in_use(), one);
    a = tape.New(kTokens, kWidth);
    EXPECT_EQ(tape.pool().bytes_in_use(), 2 * one);
  }
  EXPECT_EQ(tape.pool().bytes_in_use(), one);
  a = Variable();
  EXPECT_EQ(tape.pool().bytes_in_use(), 0u);
}

TEST_F(TapeTest, BackwardFreesAllThatTheStepUsed) {
  tape.StartRecording(gradients.data(), 1);
  {
    const Variable y = Layers(tape, 3);
    WeightedSum(tape, y);
    tape.Backward();
    EXPECT_FALSE(tape.HasGradient(y));  // passed on and freed, though someone still holds the value
  }
  EXPECT_EQ(tape.pool().bytes_in_use(), 0u);
}

TEST_F(TapeTest, ClearFreesAStepThatIsNotWanted) {
  tape.StartRecording(gradients.data(), 1);
  {
    const Variable y = Layers(tape, 3);
    WeightedSum(tape, y);
  }
  EXPECT_GT(tape.pool().bytes_in_use(), 0u);
  tape.Clear();
  EXPECT_EQ(tape.pool().bytes_in_use(), 0u);
  for (const float g : gradients) EXPECT_EQ(g, 0.0f);
}

TEST_F(TapeTest, StartRecordingForgetsAnUnfinishedStep) {
  tape.StartRecording(gradients.data(), 1);
  Layers(tape, 3);
  tape.StartRecording(gradients.data(), 1);
  EXPECT_EQ(tape.pool().bytes_in_use(), 0u);
}

TEST_F(TapeTest, RepeatedStepsTakeNothingMoreFromTheSystem) {
  int64_t after_first = 0;
  for (int step = 0; step < 20; ++step) {
    tape.StartRecording(gradients.data(), 1);
    WeightedSum(tape, Layers(tape, 4));
    tape.Backward();
    if (step == 0) after_first = tape.pool().system_allocations();
    EXPECT_EQ(tape.pool().system_allocations(), after_first);
  }
}

TEST_F(TapeTest, WithoutRecordingActivationsAreFreedEarly) {
  Layers(tape, 2);
  const size_t two = tape.pool().peak_bytes_in_use();
  Layers(tape, 20);
  EXPECT_EQ(tape.pool().peak_bytes_in_use(), two);  // no more for twenty layers than for two
}

TEST_F(TapeTest, TheBackwardPassFreesGradientsAsItGoes) {
  const auto peak = [&](int layers) {
    Tape fresh;
    fresh.StartRecording(gradients.data(), 1);
    WeightedSum(fresh, Layers(fresh, layers));
    const size_t forward = fresh.pool().bytes_in_use();
    fresh.Backward();
    return fresh.pool().peak_bytes_in_use() - forward;
  };
  EXPECT_EQ(peak(20), peak(2));
}

TEST_F(TapeTest, BranchesThatDoNotReachTheLossCostNothingAndHaveNoGradient) {
  tape.StartRecording(gradients.data(), 1);
  Layers(tape, 2);
  tape.Backward();  // nothing was given a gradient
  for (const float g : gradients) EXPECT_EQ(g, 0.0f);
}

TEST_F(TapeTest, GradientsAddToWhatIsThere) {
  const auto step = [&] {
    tape.StartRecording(gradients.data(), 1);
    WeightedSum(tape, Layers(tape, 1));
    tape.Backward();
  };
  step();
  const std::vector<float> once = gradients;
  step();
  for (size_t i = 0; i < once.size(); ++i) EXPECT_FLOAT_EQ(gradients[i], 2 * once[i]);
}

TEST_F(TapeTest, EachDropoutHasItsOwnMaskAndTheKeyDecidesThemAll) {
  const auto keys = [&](uint64_t key) {
    tape.StartRecording(gradients.data(), key);
    const uint64_t first = tape.NextDropout(0.1f).key;
    return std::pair(first, tape.NextDropout(0.1f).key);
  };
  const auto one = keys(1), again = keys(1), two = keys(2);
  EXPECT_EQ(one, again);
  EXPECT_NE(one.first, one.second);
  EXPECT_NE(one.first, two.first);
  EXPECT_NE(one.second, two.second);
  EXPECT_FALSE(tape.NextDropout(0).active());
  tape.StopRecording();
  EXPECT_FALSE(tape.NextDropout(0.1f).active());
}

TEST_F(TapeTest, BackwardNeedsARecordingTape) { EXPECT_THROW(tape.Backward(), InternalError); }

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
