// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

#include "autograd/gradient_testing.h"
#include "autograd/ops.h"
#include "base/error.h"

namespace dragoman {
namespace {

constexpr std::array<int32_t, 6> kIds = {2, 4, 2, -1, 0, 2};  // one id thrice, one zero vector
constexpr std::array<int32_t, 3> kOffsets = {0, 4, 6};

// A table of five tokens, and learned positions for eight.
struct EmbeddingTest : testing::Test {
  EmbeddingTest() : table(store.Declare("table", {5, 6})), positions(store.Declare("positions", {8, 6})) {
    store.Allocate();
    FillRandom(store, 1);
  }
  PositionTable Learned() const { return {positions->value(), positions}; }

  std::string MessageOf(int32_t id, int64_t first_position) {
    const std::array<int32_t, 1> ids = {id};
    const std::array<int32_t, 2> offsets = {0, 1};
    try {
      Embedding(workspace, {ids, {offsets}}, *table, 1, first_position, Learned(), 0);
    } catch (const ShapeError& error) {
      return error.what();
    }
    return "no error";
  }

  ParameterStore store;
  const Parameter* table;
  const Parameter* positions;
  Workspace workspace;
};

TEST_F(EmbeddingTest, GradientsWithLearnedPositions) {
  for (const float dropout : {0.0f, 0.3f}) {
    SCOPED_TRACE(dropout);
    GradientCheck(store, {}, [&](Workspace& t, const std::vector<Variable>&) {
      return WeightedSum(t, Embedding(t, {kIds, {kOffsets}}, *table, 2.5f, /*first_position=*/1, Learned(), dropout));
    }).Run();
  }
}

TEST_F(EmbeddingTest, GradientsWithoutPositionsOrWithFixedOnes) {
  const PositionTable fixed{positions->value(), nullptr};
  std::vector<float> gradients(static_cast<size_t>(store.flat_size()));
  for (const PositionTable& table_of_positions : {PositionTable{}, fixed}) {
    std::fill(gradients.begin(), gradients.end(), 0.0f);
    Tape tape(workspace, gradients.data(), 1);
    WeightedSum(workspace, Embedding(workspace, {kIds, {kOffsets}}, *table, 2.5f, 0, table_of_positions, 0));
    tape.Backward();
    for (int64_t i = 0; i < positions->size; ++i) EXPECT_EQ(gradients[static_cast<size_t>(positions->offset + i)], 0);
    EXPECT_NE(gradients[static_cast<size_t>(table->offset)], 0);
  }
}

TEST_F(EmbeddingTest, AddsThePositionInTheSentence) {
  const Variable x = Embedding(workspace, {kIds, {kOffsets}}, *table, 3, /*first_position=*/2, Learned(), 0);
  const std::array<int64_t, 6> position = {2, 3, 4, 5, 2, 3};
  for (int64_t t = 0; t < 6; ++t) {
    for (int64_t c = 0; c < 6; ++c) {
      const int32_t id = kIds[static_cast<size_t>(t)];
      const float token = id < 0 ? 0 : 3 * table->value().At(id, c);
      const float expected = token + positions->value().At(position[static_cast<size_t>(t)], c);
      EXPECT_NEAR(x.value().At(t, c), expected, 1e-6);
    }
  }
}

TEST_F(EmbeddingTest, RefusesIdsAndPositionsOutsideOfItsTables) {
  EXPECT_EQ(MessageOf(4, 7), "no error");
  EXPECT_THAT(MessageOf(5, 0), testing::HasSubstr("token id 5 is outside of table with 5 rows"));
  EXPECT_THAT(MessageOf(-2, 0), testing::HasSubstr("token id -2 is outside of table"));
  EXPECT_THAT(MessageOf(0, 8), testing::HasSubstr("position 8 is beyond the model's longest sentence, 8 tokens"));
}

}  // namespace
}  // namespace dragoman
