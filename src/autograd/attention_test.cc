// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

constexpr std::array<int32_t, 4> kTarget = {0, 3, 4, 8};  // sentences of 3, 1 and 4 tokens
constexpr std::array<int32_t, 4> kSource = {0, 2, 7, 8};  // of 2, 5 and 1

class AttentionTest : public testing::TestWithParam<float> {};  // the dropout rate

void CheckGradients(const Packing& q_packing, const Packing& k_packing, const kernels::AttentionShape& shape,
                    float dropout_rate) {
  ParameterStore store;
  store.Allocate();
  const int64_t width = int64_t{shape.heads} * shape.d_head;
  GradientCheck(
      store,
      {{"q", q_packing.tokens(), width, 1}, {"k", k_packing.tokens(), width, 2}, {"v", k_packing.tokens(), width, 3}},
      [&](Workspace& workspace, const std::vector<Variable>& in) {
        return WeightedSum(workspace,
                           Attention(workspace, in[0], in[1], in[2], q_packing, k_packing, shape, dropout_rate));
      })
      .Run();
}

TEST_P(AttentionTest, GradientsOfSelfAttention) {
  CheckGradients({kTarget}, {kTarget}, {.heads = 2, .d_head = 4, .causal = false}, GetParam());
}

TEST_P(AttentionTest, GradientsOfCausalAttention) {
  CheckGradients({kTarget}, {kTarget}, {.heads = 2, .d_head = 4, .causal = true}, GetParam());
}

TEST_P(AttentionTest, GradientsOfCrossAttention) {
  CheckGradients({kTarget}, {kSource}, {.heads = 3, .d_head = 3, .causal = false}, GetParam());
}

TEST_P(AttentionTest, GradientsWithAnotherScale) {
  CheckGradients({kTarget}, {kSource}, {.heads = 2, .d_head = 4, .scale = 1.0f}, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Dropout, AttentionTest, testing::Values(0.0f, 0.3f));

TEST(AttentionShapeTest, RefusesPackingsThatDoNotFit) {
  Workspace workspace;
  const auto attend = [&](int64_t q_rows, const Packing& k_packing) {
    Attention(workspace, workspace.New(q_rows, 4), workspace.New(8, 4), workspace.New(8, 4), {kTarget}, k_packing,
              {.heads = 1, .d_head = 4}, /*dropout_rate=*/0);
  };
  constexpr std::array<int32_t, 2> kOneSentence = {0, 8};
  EXPECT_NO_THROW(attend(8, {kSource}));
  EXPECT_THROW(attend(7, {kSource}), ShapeError);
  EXPECT_THROW(attend(8, {kOneSentence}), ShapeError);
}

}  // namespace
}  // namespace dragoman
