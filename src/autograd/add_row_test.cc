// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

struct AddRowTest : testing::Test {
  AddRowTest() : table(store.Declare("table", {3, 5})) {
    store.Allocate();
    FillRandom(store, 1);
  }
  ParameterStore store;
  const Parameter* table;
};

TEST_F(AddRowTest, EveryRowGetsTheOneRow) {
  const TestInput x("x", 2, 5, 2);
  Workspace workspace;
  const Variable y = AddRow(workspace, x.In(workspace), *table, 1);
  for (int64_t r = 0; r < 2; ++r) {
    for (int64_t c = 0; c < 5; ++c) {
      EXPECT_EQ(y.value().At(r, c), x.values[static_cast<size_t>(r * 5 + c)] + table->value().At(1, c));
    }
  }
}

TEST_F(AddRowTest, GradientsAlsoWhereXHasOtherConsumers) {
  GradientCheck(store, {{"x", 4, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    const Variable once = AddRow(workspace, in[0], *table, 2);
    const Variable twice = AddRow(workspace, AddRow(workspace, once, *table, 0), *table, 0);
    const Variable copy = AddRow(workspace, in[0], *table, 0);
    return WeightedSum(workspace, AddResidual(workspace, copy, nullptr, twice, 0));
  }).Run();
}

TEST_F(AddRowTest, RefusesATableOfAnotherWidth) {
  Workspace workspace;
  EXPECT_THROW(AddRow(workspace, workspace.New(2, 4), *table, 0), ShapeError);
}

}  // namespace
}  // namespace dragoman
