// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

// Six tokens in segments of 3, 1 and 2; the first two segments are one sentence.
struct SegmentsTest : testing::Test {
  SegmentsTest() : places(store.Declare("places", {2, 5})), learned(store.Declare("positions", {4, 5})) {
    store.Allocate();
    FillRandom(store, 1);
  }
  Variable Sum(Workspace& workspace, const Variable& x, const PositionTable& positions, float dropout = 0) const {
    return SumSegments(workspace, x, *places, {segments}, {sentences}, positions, dropout);
  }
  ParameterStore store;
  const Parameter* places;
  const Parameter* learned;
  std::vector<int32_t> segments = {0, 3, 4, 6}, sentences = {0, 2, 3};
};

TEST_F(SegmentsTest, RowsAreWeighedByTheirPlaceAndTheLastPlaceIsShared) {
  const TestInput x("x", 6, 5, 2);
  Workspace workspace;
  const Variable y = Sum(workspace, x.In(workspace), {learned->value(), learned});
  const auto at = [&](size_t row, size_t c) { return x.values[row * 5 + c]; };
  for (size_t c = 0; c < 5; ++c) {
    const auto col = static_cast<int64_t>(c);
    const float first = places->value().At(0, col), last = places->value().At(1, col);
    const auto position = [&](int64_t p) { return learned->value().At(p, col); };
    EXPECT_NEAR(y.value().At(0, col), at(0, c) * first + (at(1, c) + at(2, c)) * last + position(0), 1e-5);
    EXPECT_NEAR(y.value().At(1, col), at(3, c) * first + position(1), 1e-5);
    EXPECT_NEAR(y.value().At(2, col), at(4, c) * first + at(5, c) * last + position(0), 1e-5);
  }
}

TEST_F(SegmentsTest, Gradients) {
  for (const float dropout : {0.0f, 0.3f}) {
    GradientCheck(store, {{"x", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
      return WeightedSum(workspace, Sum(workspace, in[0], {learned->value(), learned}, dropout));
    }).Run();
  }
}

TEST_F(SegmentsTest, GradientsWhereXHasOtherConsumers) {
  GradientCheck(store, {{"x", 6, 5, 2}}, [&](Workspace& workspace, const std::vector<Variable>& in) {
    const Variable y = Sum(workspace, in[0], {});
    return WeightedSum(workspace, AddResidual(workspace, Sum(workspace, in[0], {}), nullptr, y, 0));
  }).Run();
}

TEST_F(SegmentsTest, RefusesMoreSegmentsThanPositionsAndWrongPackings) {
  Workspace workspace;
  const Variable x = workspace.New(6, 5);
  EXPECT_THROW(Sum(workspace, x, {learned->value().Rows(0, 1), nullptr}), ShapeError);
  EXPECT_THROW(Sum(workspace, workspace.New(5, 5), {}), ShapeError);
  sentences = {0, 2};
  EXPECT_THROW(Sum(workspace, x, {}), ShapeError);
}

}  // namespace
}  // namespace dragoman
