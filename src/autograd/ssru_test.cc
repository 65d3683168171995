// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"

namespace dragoman {
namespace {

constexpr std::array<int32_t, 4> kOffsets = {0, 3, 4, 9};  // sentences of 3, 1 and 5 tokens

// Cells far from 0, where the unit bends: those of some columns are all above, those of the others all below.
TEST(SsruTest, Gradients) {
  ParameterStore store;
  const Parameter* shift = store.Declare("shift", {1, 6});
  store.Allocate();
  for (size_t c = 0; c < 6; ++c) store.Writable(*shift)[c] = c % 3 == 2 ? -3.0f : 3.0f;
  GradientCheck(store, {{"forget", 9, 6, 1}, {"x", 9, 6, 2}},
                [&](Workspace& workspace, const std::vector<Variable>& in) {
                  const Variable x = AddRow(workspace, in[1], *shift, 0);
                  // Copies: nothing else may use what the op is given.
                  const Variable forget = AddRow(workspace, in[0], *shift, 0);
                  return WeightedSum(workspace, Ssru(workspace, forget, x, {kOffsets}));
                })
      .Run();
}

}  // namespace
}  // namespace dragoman
