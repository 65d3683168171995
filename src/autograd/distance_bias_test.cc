// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"

namespace dragoman {
namespace {

constexpr std::array<int32_t, 4> kOffsets = {0, 3, 4, 9};  // sentences of 3, 1 and 5 tokens

// 8 buckets both ways are 4 each: distances 0 and 1 have their own, 2 to 4 and what is farther share one (the edge is
// at 2 * (10 / 2)^(1/2) = 4.47). One way there are 8: 0 to 3 alone, then edges at 4 * (10 / 4)^(n/4)
// = 5.03, 6.32, 7.95.
TEST(DistanceBiasTest, NearDistancesHaveABucketEachAndFarOnesShare) {
  const auto buckets = [](bool bidirectional) {
    std::vector<int> found;
    for (int64_t distance = -12; distance <= 12; ++distance) {
      found.push_back(kernels::BucketOf({.max_distance = 10, .bidirectional = bidirectional}, 8, distance));
    }
    return found;
  };
  EXPECT_EQ(buckets(true),
            (std::vector<int>{7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 5, 0, 1, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3}));
  EXPECT_EQ(buckets(false),
            (std::vector<int>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 5, 6, 7, 7, 7, 7, 7}));
}

// Two layers share the bias, as those of a stack do.
TEST(DistanceBiasTest, GradientsOfATableThatLayersShare) {
  for (const bool causal : {false, true}) {
    SCOPED_TRACE(causal);
    ParameterStore store;
    const Parameter* table = store.Declare("relative_bias.weight", {8, 2});
    store.Allocate();
    FillRandom(store, 1);
    const kernels::AttentionShape shape{.heads = 2, .d_head = 3, .causal = causal};
    const auto attend = [&](Workspace& workspace, const std::vector<Variable>& in, size_t first, const Variable& bias) {
      return Attention(workspace, in[first], in[first + 1], in[first + 2], {kOffsets}, {kOffsets}, shape,
                       /*dropout_rate=*/0.2f, bias);
    };
    std::vector<TestInput> inputs;
    for (uint64_t i = 0; i < 6; ++i) inputs.emplace_back("in" + std::to_string(i), 9, 6, i + 2);
    GradientCheck(store, inputs, [&](Workspace& workspace, const std::vector<Variable>& in) {
      const Variable bias =
          DistanceBias(workspace, *table, {.max_distance = 4, .bidirectional = !causal}, /*longest=*/5);
      const Variable one = attend(workspace, in, 0, bias), two = attend(workspace, in, 3, bias);
      return WeightedSum(workspace, AddResidual(workspace, one, nullptr, two, 0));
    }).Run();
  }
}

}  // namespace
}  // namespace dragoman
