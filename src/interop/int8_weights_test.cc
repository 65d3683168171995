// SPDX-License-Identifier: Apache-2.0
#include "interop/int8_weights.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "archive/archive_testing.h"
#include "infer/inference_model.h"
#include "interop/import.h"
#include "interop/interop_testing.h"
#include "kernels/packed_weight.h"
#include "model/transformer_layers.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TransformerConfig SmallConfig() {
  TransformerConfig config;
  config.d_model = 16;
  config.heads = 2;
  config.d_ff = 24;
  config.encoder_layers = config.decoder_layers = 1;
  config.src_vocab = config.tgt_vocab = 20;
  return config;
}

// What a file of the test's holds, beside integers for every product, tables too.
struct Contents {
  TransformerConfig config = SmallConfig();
  std::set<std::string> in_f32 = {};
  std::map<std::string, std::string> multipliers = {};  // of activations: bytes, by parameter
};

std::string IntegersOf(const Parameter& parameter) {
  std::string bytes;
  for (int64_t i = 0; i < parameter.size; ++i) bytes += static_cast<char>(i * 37 + std::ssize(parameter.name));
  return bytes + Raw(64.0f);
}

// A file that calls its tensors as we do, with integers as Bergamot's Marian stores a table's: as they lie.
ForeignModel ModelOf(const Contents& contents) {
  constexpr uint64_t kFloat = 0x404, kTransposed = 0x4101;
  std::vector<MarianPart> parts;
  const ParameterPlan plan = PlanOf(contents.config);
  for (const auto& parameter : plan.parameters()) {
    const bool is_int8 = parameter->use != WeightUse::kOther && !contents.in_f32.contains(parameter->name);
    const std::vector<int32_t> shape(parameter->shape.begin(), parameter->shape.end());
    const std::vector<float> floats(static_cast<size_t>(parameter->size), 0.25f);
    parts.push_back({parameter->name, is_int8 ? kTransposed : kFloat, shape,
                     is_int8 ? IntegersOf(*parameter) : std::string(BytesOf(std::span<const float>(floats)))});
    const auto multiplier = contents.multipliers.find(parameter->name);
    if (multiplier == contents.multipliers.end()) continue;
    const std::string& bytes = multiplier->second;
    parts.push_back({parameter->name + "_m",
                     bytes.size() == 5 ? kTransposed : kFloat,
                     {static_cast<int32_t>(bytes.size() / 4)},
                     bytes});
  }
  ForeignModel model;
  model.config = contents.config;
  model.archive = OpenMarianBinary(FileOf(MarianOf(parts)), "model.bin");
  model.weights.origin = [](const Parameter& parameter) {
    return TensorOrigin{.name = parameter.name, .row_multiplier = parameter.name + "_m"};
  };
  model.weights.is_unused = [](const std::string& name) { return name.ends_with("_m"); };
  return model;
}

// What is said of a file whose products are read.
std::string ReadError(const Contents& contents) {
  const ForeignModel foreign = ModelOf(contents);
  return ErrorIn([&] {
    Int8Weights weights(foreign);
    const InferenceModel model(foreign.config, weights);
  });
}

void ExpectColumn(const kernels::PackedWeight& packed, int64_t c, const std::vector<float>& expected) {
  std::vector<float> column(expected.size());
  ASSERT_EQ(packed.k, std::ssize(expected));
  kernels::UnpackColumn(packed, c, column.data());
  EXPECT_EQ(column, expected) << c;
}

TEST(Int8WeightsTest, ColumnsAreTheStoredIntegersWithTheStoredScale) {
  const ForeignModel foreign = ModelOf({});
  ASSERT_TRUE(ComesInInt8(foreign));
  Int8Weights weights(foreign);
  const InferenceModel model(foreign.config, weights);
  const Projection& kv = model.decoder().front().source_kv;
  int64_t first = 0;
  for (const std::string part : {"k_proj", "v_proj"}) {
    const std::string integers = foreign.archive->ReadBytes("decoder.layers.0.cross_attn." + part + ".weight");
    for (int64_t c = 0; c < 16; ++c) {
      std::vector<float> expected;
      for (int64_t i = 0; i < 16; ++i) {
        expected.push_back(static_cast<float>(static_cast<int8_t>(integers[static_cast<size_t>(i * 16 + c)])) / 64);
      }
      ExpectColumn(kv.packed(), first + c, expected);
    }
    first += 16;
  }
  EXPECT_EQ(kv.bias()[20], 0.25f);
  const std::string table = foreign.archive->ReadBytes("src_embed.weight");
  for (int64_t c = 0; c < 20; ++c) {
    std::vector<float> expected;
    for (size_t i = 0; i < 16; ++i) {
      expected.push_back(static_cast<float>(static_cast<int8_t>(table[static_cast<size_t>(c) * 16 + i])) / 64);
    }
    ExpectColumn(model.output().packed(), c, expected);
  }
  EXPECT_TRUE(kv.row_multipliers().empty());
  EXPECT_THAT(weights.Notes(), Not(Contains(HasSubstr("stored scales"))));
  EXPECT_THAT(weights.Notes(), Not(Contains(HasSubstr("rounded to it"))));
}

// Rows of [out, in] have scales of their own there, and several of our weights stand in one of theirs.
TEST(Int8WeightsTest, ColumnsOfCTranslate2AreTheStoredIntegers) {
  const ForeignModel foreign = OpenForeign(RealFileSystem(), "tests/interop/recorded/ctranslate2/marian_int8",
                                           {.from = ModelSource::kCTranslate2});
  ASSERT_TRUE(ComesInInt8(foreign));
  Int8Weights weights(foreign);
  const InferenceModel model(foreign.config, weights);
  const auto expect = [&](const Projection& projection, const std::string& name) {
    SCOPED_TRACE(name);
    const std::string integers = foreign.archive->ReadBytes(name);
    const std::vector<float> scales = Floats(*foreign.archive, name + "_scale");
    const int64_t k = projection.packed().k;
    ASSERT_EQ(std::ssize(scales), projection.columns());
    for (int64_t c = 0; c < projection.columns(); ++c) {
      const float scale = 1 / scales[static_cast<size_t>(c)];
      EXPECT_EQ(projection.packed().scales[c], scale);
      std::vector<float> expected;
      for (int64_t i = 0; i < k; ++i) {
        expected.push_back(static_cast<float>(static_cast<int8_t>(integers[static_cast<size_t>(c * k + i)])) * scale);
      }
      ExpectColumn(projection.packed(), c, expected);
    }
  };
  const EncoderLayerWeights& encoder = model.encoder().back();
  const std::string last = fmt::format("encoder/layer_{}/", model.encoder().size() - 1);
  expect(encoder.self_attention.qkv, last + "self_attention/linear_0/weight");
  expect(encoder.feed_forward.out, last + "ffn/linear_1/weight");
  expect(model.decoder().front().source_kv, "decoder/layer_0/attention/linear_1/weight");
  expect(model.output(), "decoder/projection/weight");
}

TEST(Int8WeightsTest, ATableNeedNotBeInInt8) {
  const ForeignModel foreign = ModelOf({.in_f32 = {"src_embed.weight"}});
  ASSERT_TRUE(ComesInInt8(foreign));
  Int8Weights weights(foreign);
  const InferenceModel model(foreign.config, weights);
  std::vector<float> column(16);
  kernels::UnpackColumn(model.output().packed(), 7, column.data());
  for (const float value : column) EXPECT_NEAR(value, 0.25f, 1e-6);
  EXPECT_THAT(weights.Notes(), Contains(HasSubstr("with a scale for each token: src_embed.weight")));
}

TEST(Int8WeightsTest, ALayersWeightMustBeInInt8AsTheOthersAre) {
  EXPECT_THAT(ReadError({.in_f32 = {"encoder.layers.0.self_attn.k_proj.weight"}}),
              AllOf(HasSubstr("model.bin: tensor \"encoder.layers.0.self_attn.k_proj.weight\" is not in int8"),
                    HasSubstr("import it with `dequantize`")));
  const ParameterPlan plan = PlanOf(SmallConfig());
  Contents contents;
  for (const auto& parameter : plan.parameters()) contents.in_f32.insert(parameter->name);
  EXPECT_FALSE(ComesInInt8(ModelOf(contents)));
}

TEST(Int8WeightsTest, MultipliersOfActivationsArePassedOn) {
  const std::string cross = "decoder.layers.0.cross_attn.";
  const ForeignModel foreign = ModelOf({.multipliers = {{"encoder.layers.0.ffn.in_proj.weight", Raw(12.5f)},
                                                        {cross + "k_proj.weight", Raw(3.0f)},
                                                        {cross + "v_proj.weight", Raw(3.0f)},
                                                        {"src_embed.weight", Raw(40.0f)}}});
  Int8Weights weights(foreign);
  const InferenceModel model(foreign.config, weights);
  EXPECT_THAT(model.encoder().front().feed_forward.in.row_multipliers(), testing::ElementsAre(12.5f));
  EXPECT_EQ(model.encoder().front().feed_forward.in.packed().row_multiplier, 12.5f);
  EXPECT_THAT(model.decoder().front().source_kv.row_multipliers(), testing::ElementsAre(3));
  EXPECT_THAT(model.output().row_multipliers(), testing::ElementsAre(40));
  EXPECT_THAT(model.encoder().front().feed_forward.out.row_multipliers(), testing::IsEmpty());
  EXPECT_THAT(weights.Notes(), Contains(HasSubstr("activations of 4 weights")));
}

// What Bergamot's marian-conv makes of all that belongs to a table, numbers included.
TEST(Int8WeightsTest, AMultiplierOfActivationsMayBeInInt8Itself) {
  const ForeignModel foreign = ModelOf({.multipliers = {{"src_embed.weight", "\x7f" + Raw(4.0f)}}});
  Int8Weights weights(foreign);
  const InferenceModel model(foreign.config, weights);
  EXPECT_THAT(model.output().row_multipliers(), testing::ElementsAre(127.0f / 4));
}

TEST(Int8WeightsTest, MultipliersThatAreNoneAreErrors) {
  const std::string name = "encoder.layers.0.ffn.in_proj.weight";
  for (const float wrong : {0.0f, -2.0f, std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(), std::numeric_limits<float>::denorm_min()}) {
    EXPECT_THAT(
        ReadError({.multipliers = {{name, Raw(wrong)}}}),
        AllOf(HasSubstr("model.bin: tensor \"" + name + "_m\" holds "), HasSubstr("expected one positive number")))
        << wrong;
  }
  EXPECT_THAT(ReadError({.multipliers = {{name, Raw(1.0f) + Raw(2.0f)}}}), HasSubstr("_m\" holds 2 numbers"));
}

TEST(Int8WeightsTest, UnequalMultipliersOfOneProductAreKeptOrRefused) {
  const std::string cross = "decoder.layers.0.cross_attn.";
  Contents contents{.multipliers = {{cross + "k_proj.weight", Raw(3.0f)}, {cross + "v_proj.weight", Raw(5.0f)}}};
  EXPECT_EQ(ReadError(contents), "");
  contents.config.d_model = 24;  // parts do not begin with a panel
  EXPECT_THAT(ReadError(contents), AllOf(HasSubstr("\"decoder.layers.0.cross_attn.kv\" have the multipliers 3, 5"),
                                         HasSubstr("`dequantize`")));
  contents.config.d_model = 16;
  contents.multipliers.erase(cross + "v_proj.weight");
  EXPECT_THAT(ReadError(contents), HasSubstr("multipliers 3, 0"));
}

TEST(Int8WeightsTest, IntegersWithoutAScaleAreAnError) {
  ForeignModel foreign = ModelOf({});
  const std::string data = "\1\2\3\4";
  foreign.archive = OpenSafetensorsArchive(
      FileOf(SafetensorsOf(R"("w":{"dtype":"I8","shape":[2,2],"data_offsets":[0,4]})", data)), "theirs.safetensors");
  foreign.weights.origin = [](const Parameter&) { return TensorOrigin{"w"}; };
  ParameterPlan plan;
  const Parameter& parameter = *plan.Declare("w", {2, 2}, WeightUse::kLinear);
  EXPECT_THAT(ErrorIn([&] { ReadIntegers(*foreign.archive, foreign.weights, parameter, false); }),
              AllOf(HasSubstr("theirs.safetensors"), HasSubstr("integers without a scale")));
}

}  // namespace
}  // namespace dragoman
