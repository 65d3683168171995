// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace dragoman {
namespace {

TEST(LinearLayerTest, DeclaresItsParametersUnderItsPath) {
  ParameterStore store;
  const LinearLayer with(store, "ffn.in_proj", 3, 5, true);
  const LinearLayer without(store, "ffn.out_proj", 5, 3, false);
  store.Allocate();
  EXPECT_EQ(with.weight, store.Find("ffn.in_proj.weight"));
  EXPECT_EQ(with.bias, store.Find("ffn.in_proj.bias"));
  EXPECT_EQ(with.weight->shape, (std::vector<int64_t>{3, 5}));
  EXPECT_EQ(with.bias->shape, (std::vector<int64_t>{5}));
  EXPECT_EQ(store.Find("ffn.out_proj.bias"), nullptr);
  EXPECT_EQ(without.bias, nullptr);
}

TEST(LinearLayerTest, InitializesUniformlyWithinGlorotsLimit) {
  ParameterStore store;
  const LinearLayer layer(store, "layer", 100, 200, true);
  store.Allocate();
  Rng rng(1);
  layer.Initialize(store, rng);
  const double limit = std::sqrt(6.0 / 300);
  double sum = 0, sum_of_squares = 0, largest = 0;
  for (const float w : layer.weight->span()) {
    sum += double{w};
    sum_of_squares += double{w} * double{w};
    largest = std::max(largest, std::abs(double{w}));
  }
  EXPECT_LE(largest, limit);
  EXPECT_GT(largest, 0.999 * limit);
  const double n = 20000, deviation = limit / std::sqrt(3.0);
  EXPECT_NEAR(sum / n, 0, 4 * deviation / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(sum_of_squares / n), deviation, 0.02 * deviation);
  for (const float b : layer.bias->span()) EXPECT_EQ(b, 0.0f);
}

TEST(NormLayerTest, HasNoBiasWhereNoneIsAskedFor) {
  ParameterPlan plan;
  const NormLayer norm(plan, "norm", 4, {.epsilon = 1e-6f, .bias = false});
  EXPECT_EQ(norm.bias, nullptr);
  EXPECT_EQ(plan.Find("norm.bias"), nullptr);
  EXPECT_EQ(plan.count(), 4);
}

TEST(NormLayerTest, StartsAsPureNormalisation) {
  ParameterStore store;
  const NormLayer norm(store, "norm", 4, {});
  store.Allocate();
  norm.Initialize(store);
  EXPECT_EQ(norm.gain, store.Find("norm.weight"));
  EXPECT_EQ(norm.bias, store.Find("norm.bias"));
  Workspace workspace;
  Variable x = workspace.New(1, 4);
  for (int i = 0; i < 4; ++i) x.writable().data[i] = static_cast<float>(i);  // mean 1.5, variance 1.25
  const Variable y = norm(workspace, x);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(y.value().data[i], (i - 1.5) / std::sqrt(1.25), 1e-5);
}

TEST(NormLayerTest, LeavesTheMeanWhereItIsOfTheRootOfTheMeanSquare) {
  ParameterStore store;
  const NormLayer norm(store, "norm", 4, {.bias = false, .rms = true});
  store.Allocate();
  norm.Initialize(store);
  Workspace workspace;
  Variable x = workspace.New(1, 4);
  for (int i = 0; i < 4; ++i) x.writable().data[i] = static_cast<float>(i);  // mean of the squares 3.5
  const Variable y = norm(workspace, x);
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(y.value().data[i], i / std::sqrt(3.5), 1e-5);
}

}  // namespace
}  // namespace dragoman
