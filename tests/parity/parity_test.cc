// SPDX-License-Identifier: Apache-2.0
// Same weights, same sentences: logits, loss and every gradient against values recorded from PyTorch
// (record_pytorch.py). Everything here is in float32, the recorded values come from float64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autograd/tape.h"
#include "base/file_system.h"
#include "kernels/distance_buckets.h"
#include "kernels/kernels_testing.h"
#include "model/model_testing.h"
#include "model/transformer.h"
#include "model/transformer_config.h"
#include "tensor/flat_buffer.h"
#include "tensor/safetensors.h"

namespace dragoman {
namespace {

using Json = nlohmann::json;

const char* const kFolder = "tests/parity/recorded/";  // tests run in the repository's root
// Of a tensor's largest magnitude. PyTorch's own float32 is up to 2.2e-6 away from the recorded values.
constexpr double kTolerance = 1e-5;

// One entry of cases.json.
struct Case {
  Json json;
  std::string name() const { return json.at("name").get<std::string>(); }
  friend void PrintTo(const Case& recorded, std::ostream* out) { *out << recorded.name(); }
};

std::vector<Case> LoadCases() {
  std::vector<Case> cases;
  const std::string path = std::string(kFolder) + "cases.json";
  if (!RealFileSystem().Exists(path)) return cases;  // ParityRecordingTest says so
  for (const Json& json : Json::parse(ReadFile(RealFileSystem(), path))) cases.push_back({json});
  return cases;
}

double LargestMagnitude(std::span<const float> values) {
  double largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(static_cast<double>(value)));
  return largest;
}

// Every element of `actual` within kTolerance * scale of `expected`; reports the worst one.
void ExpectClose(const std::string& name, std::span<const float> expected, std::span<const float> actual,
                 double scale) {
  ASSERT_EQ(expected.size(), actual.size()) << name;
  size_t worst = 0;
  double worst_difference = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double found = std::abs(static_cast<double>(expected[i]) - actual[i]);
    const double difference = std::isnan(found) ? std::numeric_limits<double>::infinity() : found;
    if (difference <= worst_difference) continue;
    worst_difference = difference;
    worst = i;
  }
  EXPECT_LE(worst_difference, kTolerance * scale)
      << name << "[" << worst << "]: PyTorch " << expected[worst] << ", here " << actual[worst] << ", scale " << scale;
}

class ParityTest : public testing::TestWithParam<Case> {
 protected:
  ParityTest()
      : model_(TransformerConfig::FromJson(GetParam().json.at("config").dump(), "cases.json")),
        tensors_(RealFileSystem(), kFolder + GetParam().name() + ".safetensors"),
        gradients_(model_.parameters().flat_size()) {
    for (const auto& parameter : model_.parameters().parameters()) {
      tensors_.ReadFloats("weights/" + parameter->name, parameter->shape, model_.parameters().Writable(*parameter));
    }
  }

  // One training step's worth: logits_, sums_ and gradients_ of the mean loss.
  void RunModel() {
    std::ranges::fill(gradients_.span(), 0.0f);
    Workspace workspace;
    Tape tape(workspace, gradients_.data(), /*dropout_key=*/0);
    const EncodedSource encoded = model_.Encode(workspace, src_.view());
    const Variable hidden = model_.Decode(workspace, tgt_in_.view(), encoded);  // [tgt_tokens, d_model]
    const Variable logits =
        model_.Logits(workspace, hidden.value(), tgt_in_.packing(), encoded);  // [tgt_tokens, tgt_vocab]
    logits_.assign(logits.value().data, logits.value().data + logits.value().size());
    const float smoothing = GetParam().json.at("label_smoothing").get<float>();
    sums_ = model_.Loss(workspace, hidden, tgt_out_.view(), encoded,
                        {.smoothing = smoothing, .gradient_scale = 1.0f / static_cast<float>(tokens())});
    tape.Backward();
  }

  static Sentences RecordedSentences(const char* key) {
    return Sentences(GetParam().json.at(key).get<std::vector<std::vector<int32_t>>>());
  }

  double tokens() const { return static_cast<double>(tgt_out_.ids.size()); }

  std::vector<float> Recorded(const std::string& name, const std::vector<int64_t>& shape) const {
    std::vector<float> values(static_cast<size_t>(shape.front() * (shape.size() == 2 ? shape.back() : 1)));
    tensors_.ReadFloats(name, shape, values);
    return values;
  }

  Transformer model_;
  SafetensorsReader tensors_;
  FlatBuffer gradients_;
  Sentences src_ = RecordedSentences("src"), tgt_in_ = RecordedSentences("tgt_in");
  Sentences tgt_out_ = RecordedSentences("tgt_out");
  std::vector<float> logits_;
  kernels::CrossEntropySums sums_;
};

TEST_P(ParityTest, LogitsAreThose) {
  kernels::ForEachTarget([&] {
    RunModel();
    const auto expected = Recorded("logits", {static_cast<int64_t>(tgt_out_.ids.size()), model_.config().tgt_vocab});
    ExpectClose("logits", expected, logits_, LargestMagnitude(expected));
  });
}

TEST_P(ParityTest, LossIsThat) {
  kernels::ForEachTarget([&] {
    RunModel();
    const double loss = GetParam().json.at("loss").get<double>();
    const double nll = GetParam().json.at("nll").get<double>();
    EXPECT_NEAR(sums_.loss / tokens(), loss, kTolerance * loss);
    EXPECT_NEAR(sums_.nll / tokens(), nll, kTolerance * nll);
  });
}

TEST_P(ParityTest, GradientsOfAllParametersAreThose) {
  kernels::ForEachTarget([&] {
    RunModel();
    size_t compared = 0;
    for (const auto& parameter : model_.parameters().parameters()) {
      const std::string& name = parameter->name;
      const std::vector<float> expected = Recorded("gradients/" + name, parameter->shape);
      const std::span<const float> actual(gradients_.data() + parameter->offset, static_cast<size_t>(parameter->size));
      double scale = LargestMagnitude(expected);
      if (name.ends_with("attn.k_proj.bias")) {  // truly zero: the softmax does not see it
        const std::string weight = name.substr(0, name.rfind('.')) + ".weight";
        scale = LargestMagnitude(Recorded("gradients/" + weight, model_.parameters().Find(weight)->shape));
      }
      ASSERT_GT(scale, 0) << name;
      ExpectClose("gradients/" + name, expected, actual, scale);
      ++compared;
    }
    const auto recorded = std::count_if(tensors_.tensors().begin(), tensors_.tensors().end(),
                                        [](const auto& tensor) { return tensor.first.starts_with("gradients/"); });
    EXPECT_EQ(compared, static_cast<size_t>(recorded)) << "a recorded gradient has no parameter here";
  });
}

INSTANTIATE_TEST_SUITE_P(Recorded, ParityTest, testing::ValuesIn(LoadCases()),
                         [](const auto& test) { return test.param.name(); });

// Relative positions fall into the buckets that they fall into in transformers' T5: of queries before and behind their
// key, as near as 0 and beyond the farthest that is told apart.
TEST(ParityRecordingTest, DistancesHaveTheBucketsOfT5) {
  const std::string path = std::string(kFolder) + "t5_buckets.json";
  ASSERT_TRUE(RealFileSystem().Exists(path));
  int compared = 0;
  for (const Json& table : Json::parse(ReadFile(RealFileSystem(), path))) {
    const kernels::DistanceBuckets options{table.at("max_distance").get<int>(), table.at("bidirectional").get<bool>()};
    const auto buckets = table.at("buckets").get<int64_t>();
    SCOPED_TRACE(table.dump());
    const auto changes = table.at("changes").get<std::vector<std::pair<int64_t, int>>>();
    for (size_t i = 0; i < changes.size(); ++i) {
      const int64_t end = i + 1 < changes.size() ? changes[i + 1].first : 2 * options.max_distance + 1;
      for (int64_t distance = changes[i].first; distance < end; ++distance, ++compared) {
        ASSERT_EQ(kernels::BucketOf(options, buckets, distance), changes[i].second) << "distance " << distance;
      }
    }
  }
  EXPECT_GT(compared, 10000);
}

// The cases that must not get lost: both norm orders, with and without final norms, in PyTorch's own layer stacks.
TEST(ParityRecordingTest, HoldsPytorchStacksOfBothNormOrders) {
  std::vector<std::string> stacks;
  for (const Case& recorded : LoadCases()) {
    const Json& config = recorded.json.at("config");
    if (recorded.json.at("computed_by") != "stack") continue;
    stacks.push_back(config.at("norm_order").get<std::string>() + (config.at("final_norm") ? " final" : ""));
  }
  EXPECT_THAT(stacks, testing::IsSupersetOf({"post", "post final", "pre", "pre final"}))
      << "recorded values are missing; run the tests from the repository's root, see tests/parity/README.md";
}

}  // namespace
}  // namespace dragoman
