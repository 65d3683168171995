// SPDX-License-Identifier: Apache-2.0
#include "nn/feed_forward.h"

#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"

namespace dragoman {
namespace {

void CheckGradients(const FeedForward::Options& options) {
  ParameterStore store;
  const FeedForward ffn(store, "ffn", options);
  store.Allocate();
  FillRandom(store, 1);
  EXPECT_EQ(store.Find("ffn.gate_proj.weight") != nullptr, options.gated);
  EXPECT_EQ(ffn.output_bias() != nullptr, options.bias);
  GradientCheck(store, {{"x", 4, 8, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    return WeightedSum(workspace, AddResidual(workspace, ffn.Forward(workspace, in[0]), ffn.output_bias(), in[0], 0));
  }).Run();
}

TEST(FeedForwardTest, GradientsOfPlainAndGatedForms) {
  for (const auto activation : {kernels::Activation::kGelu, kernels::Activation::kSilu}) {
    for (const bool gated : {false, true}) {
      for (const bool bias : {false, true}) {
        SCOPED_TRACE(testing::Message() << static_cast<int>(activation) << " gated " << gated << " bias " << bias);
        CheckGradients({8, 12, /*depth=*/2, activation, gated, bias, 0.2f});
        if (!gated) CheckGradients({8, 12, /*depth=*/4, activation, gated, bias, 0.2f});
      }
    }
  }
}

// act(x W_in + b_in) W_out, and gated (act(x W_gate + b_gate) * (x W_in + b_in)) W_out, of one number each.
TEST(FeedForwardTest, ComputesItsFormula) {
  for (const bool gated : {false, true}) {
    ParameterStore store;
    const FeedForward ffn(store, "ffn", {1, 1, /*depth=*/2, kernels::Activation::kRelu, gated, true, 0});
    store.Allocate();
    store.Writable("ffn.in_proj.weight")[0] = 2;
    store.Writable("ffn.in_proj.bias")[0] = 1;
    store.Writable("ffn.out_proj.weight")[0] = 10;
    if (gated) {
      store.Writable("ffn.gate_proj.weight")[0] = -3;
      store.Writable("ffn.gate_proj.bias")[0] = 5;
    }
    Workspace workspace;
    Variable x = workspace.New(3, 1);
    const float values[] = {1, -1, 2};
    std::copy_n(values, 3, x.writable().data);
    const Variable y = ffn.Forward(workspace, x);
    const float plain[] = {30, 0, 50};                    // 10 relu(2x + 1)
    const float with_gate[] = {2 * 30, 8 * -10, 0 * 50};  // relu(5 - 3x) * (2x + 1) * 10
    for (int64_t i = 0; i < 3; ++i) EXPECT_FLOAT_EQ(y.value().data[i], gated ? with_gate[i] : plain[i]);
  }
}

// relu(relu(2x + 1) * 3 - 4) * 10.
TEST(FeedForwardTest, HasFurtherProductsWhereItIsDeeper) {
  ParameterStore store;
  const FeedForward ffn(store, "ffn", {1, 1, /*depth=*/3, kernels::Activation::kRelu, false, true, 0});
  store.Allocate();
  store.Writable("ffn.in_proj.weight")[0] = 2;
  store.Writable("ffn.in_proj.bias")[0] = 1;
  store.Writable("ffn.hidden_projs.0.weight")[0] = 3;
  store.Writable("ffn.hidden_projs.0.bias")[0] = -4;
  store.Writable("ffn.out_proj.weight")[0] = 10;
  Workspace workspace;
  Variable x = workspace.New(3, 1);
  const float values[] = {1, -1, 2};
  std::copy_n(values, 3, x.writable().data);
  const Variable y = ffn.Forward(workspace, x);
  const float expected[] = {50, 0, 110};
  for (int64_t i = 0; i < 3; ++i) EXPECT_FLOAT_EQ(y.value().data[i], expected[i]);
}

}  // namespace
}  // namespace dragoman
