// SPDX-License-Identifier: Apache-2.0
#include "interop/exported_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "interop/export_testing.h"
#include "interop/interop_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr float kTolerance = 1e-5f;  // of the largest logit: sums in another order

WeightMap MapOf(const std::map<std::string, TensorOrigin>& origins) {
  WeightMap map;
  map.origin = [origins](const Parameter& parameter) {
    const auto found = origins.find(parameter.name);
    return found == origins.end() ? TensorOrigin{parameter.name} : found->second;
  };
  return map;
}

class TensorsOfTest : public testing::Test {
 protected:
  // Values are 1, 2, 3, ...
  void Allocate() {
    store_.Allocate();
    for (const auto& parameter : store_.parameters()) {
      const std::span<float> values = store_.Writable(*parameter);
      std::iota(values.begin(), values.end(), 1.0f);
    }
  }

  ParameterStore store_;
};

TEST_F(TensorsOfTest, AParameterIsWrittenAsItIsOrTurned) {
  store_.Declare("w", {2, 3});
  store_.Declare("t", {2, 3});
  store_.Declare("b", {3});
  Allocate();
  const std::vector<ExportedTensor> tensors = TensorsOf(store_, MapOf({{"t", {"theirs", /*transposed=*/true}}}));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_EQ(tensors[0].name, "w");
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 3));
  EXPECT_THAT(tensors[0].data, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(tensors[1].name, "theirs");
  EXPECT_THAT(tensors[1].shape, ElementsAre(3, 2));
  EXPECT_THAT(tensors[1].data, ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(tensors[2].shape, ElementsAre(3));
  EXPECT_THAT(tensors[2].data, ElementsAre(1, 2, 3));
}

TEST_F(TensorsOfTest, SeveralStandInOneAndOtherRowsAreZero) {
  store_.Declare("q", {2, 1});
  store_.Declare("k", {2, 1});
  store_.Declare("q_bias", {1});
  store_.Declare("k_bias", {1});
  store_.Declare("positions", {1, 2});
  Allocate();
  const std::vector<ExportedTensor> tensors = TensorsOf(store_, MapOf({{"q", {"qk", true, 0, 2}},
                                                                       {"k", {"qk", true, 1, 2}},
                                                                       {"q_bias", {"qk_bias", false, 0, 2}},
                                                                       {"k_bias", {"qk_bias", false, 1, 2}},
                                                                       {"positions", {"positions", false, 2, 3}}}));
  ASSERT_EQ(tensors.size(), 3u);
  EXPECT_THAT(tensors[0].shape, ElementsAre(2, 2));
  EXPECT_THAT(tensors[0].data, ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(tensors[1].shape, ElementsAre(2));
  EXPECT_THAT(tensors[1].data, ElementsAre(1, 1));
  EXPECT_THAT(tensors[2].shape, ElementsAre(3, 2));
  EXPECT_THAT(tensors[2].data, ElementsAre(0, 0, 0, 0, 1, 2));
}

TEST(RequireExpressibleTest, NamesEachFieldThatComputesSomethingElse) {
  TransformerConfig config = TinyConfig(), expressible = config;
  config.norm_order = NormOrder::kPre;
  config.copy = true;
  EXPECT_THAT(ErrorIn([&] { RequireExpressible(config, expressible, "somebody"); }),
              AllOf(HasSubstr("no model of somebody"), HasSubstr("norm_order is pre, expected post"),
                    HasSubstr("copy is true, expected false"), Not(HasSubstr("tying"))));
}

TEST(RequireExpressibleTest, LooksAwayFromWhatChangesNoNumber) {
  TransformerConfig config = TinyConfig(), expressible = config;
  config.embedding_dropout = 0.3f;
  config.d_head = config.d_model / config.heads;
  config.attention_scale = 1 / std::sqrt(static_cast<float>(config.d_head));
  config.logit_scale = 1;
  config.relative_max_distance = 7;
  config.max_segment_len = 3;
  EXPECT_EQ(ErrorIn([&] { RequireExpressible(config, expressible, "somebody"); }), "");
  config.positions = expressible.positions = Positions::kLearned;
  config.sinusoid_layout = SinusoidLayout::kHalves;
  config.sinusoid_exponent = SinusoidExponent::kTensor2Tensor;
  EXPECT_EQ(ErrorIn([&] { RequireExpressible(config, expressible, "somebody"); }), "");
}

TEST(WithSinusoidsInHalvesTest, ComputesTheSame) {
  for (const NamedConfig& kind : ConfigsOfEveryKind()) {
    SCOPED_TRACE(kind.name);
    const auto model = RandomModel(kind.config);
    const auto turned = WithSinusoidsInHalves(*model);
    EXPECT_EQ(turned->config().sinusoid_layout, SinusoidLayout::kHalves);
    const std::vector<float> expected = LogitsOf(*model, kind.config), found = LogitsOf(*turned, kind.config);
    EXPECT_LE(LargestDifference(expected, found), kTolerance * Largest(expected));
  }
}

TEST(WithSinusoidsInHalvesTest, ItIsTheOrderThatMakesItSo) {
  const auto model = RandomModel(TinyConfig());
  TransformerConfig config = model->config();
  config.sinusoid_layout = SinusoidLayout::kHalves;
  Transformer unturned(config);
  std::ranges::copy(model->parameters().values(), unturned.parameters().values().begin());
  const std::vector<float> expected = LogitsOf(*model, config);
  EXPECT_GT(LargestDifference(expected, LogitsOf(unturned, config)), 0.01f * Largest(expected));
}

TEST(WithSinusoidsInHalvesTest, LeavesOtherModelsAsTheyAre) {
  TransformerConfig halves = TinyConfig(), learned = TinyConfig();
  halves.sinusoid_layout = SinusoidLayout::kHalves;
  learned.positions = Positions::kLearned;
  for (const TransformerConfig& config : {halves, learned}) {
    const auto model = RandomModel(config);
    EXPECT_TRUE(std::ranges::equal(model->parameters().values(), WithSinusoidsInHalves(*model)->parameters().values()));
  }
}

}  // namespace
}  // namespace dragoman
