// SPDX-License-Identifier: Apache-2.0
// A student in 8 bits with stored scales of activations (record_marian_int8.py): imported, its file holds the same
// integers, and each of its products is what NumPy makes of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "format/packed_model.h"
#include "infer/projection_subset.h"
#include "interop/import.h"
#include "interop/int8_weights.h"
#include "interop/interop_testing.h"
#include "kernels/kernels_testing.h"

namespace dragoman {
namespace {

const std::string kFolder = "tests/interop/recorded/marian_int8";

class MarianInt8Test : public testing::Test {
 protected:
  MarianInt8Test() {
    Int8Weights weights(foreign_);
    CheckpointContents contents;
    contents.files = PackedModelFiles(foreign_.config, weights, foreign_.vocabs, &foreign_.about);
    notes_ = weights.Notes();
    WriteModel(RealFileSystem(), contents, folder_ / "model");
    bundle_ = LoadInference(RealFileSystem(), folder_ / "model");
  }

  // By the names of the recorder.
  std::map<std::string, const Projection*> Projections() const {
    const EncoderLayerWeights& encoder = bundle_.model->encoder().front();
    const DecoderLayerWeights& decoder = bundle_.model->decoder().front();
    return {{"encoder.self_attention.qkv", &encoder.self_attention.qkv},
            {"encoder.self_attention.out", &encoder.self_attention.out},
            {"encoder.feed_forward.in", &encoder.feed_forward.in},
            {"encoder.feed_forward.out", &encoder.feed_forward.out},
            {"decoder.recurrent.forget_and_x", &decoder.recurrent.forget_and_x},
            {"decoder.source_q", &decoder.source_q},
            {"decoder.source_kv", &decoder.source_kv},
            {"decoder.source_out", &decoder.source_out},
            {"decoder.feed_forward.in", &decoder.feed_forward.in},
            {"decoder.feed_forward.out", &decoder.feed_forward.out},
            {"output", &bundle_.model->output()}};
  }

  TestFolder folder_;
  ForeignModel foreign_ = OpenForeign(RealFileSystem(), kFolder, {});
  InferenceBundle bundle_;
  std::vector<std::string> notes_;
};

using Numbers = std::vector<std::vector<double>>;

// [rows, columns] without gaps.
std::vector<float> Flat(const Numbers& rows) {
  std::vector<float> flat;
  for (const std::vector<double>& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return flat;
}

std::vector<float> Applied(const Projection& projection, const Numbers& x) {
  const std::vector<float> in = Flat(x);
  std::vector<float> out(x.size() * static_cast<size_t>(projection.columns()));
  const auto rows = static_cast<int64_t>(x.size());
  projection.Apply({in.data(), rows, static_cast<int64_t>(x.front().size())},
                   Matrix(out.data(), rows, projection.columns()));
  return out;
}

TEST_F(MarianInt8Test, SumsAndProductsAreThoseOfNumPy) {
  const auto recorded = nlohmann::json::parse(ReadFile(RealFileSystem(), JoinPath(kFolder, "products.json")));
  ASSERT_EQ(recorded.size(), Projections().size());
  kernels::ForEachTarget([&] {
    for (const auto& [name, projection] : Projections()) {
      SCOPED_TRACE(name);
      const Numbers x = recorded[name]["x"], sums = recorded[name]["sums"], y = recorded[name]["y"];
      const Projection without_bias(projection->packed(), nullptr, projection->row_multipliers());
      const std::vector<float> found = Applied(*projection, x), plain = Applied(without_bias, x);
      const std::vector<float>& multipliers = projection->row_multipliers();
      const auto columns = static_cast<size_t>(projection->columns());
      ASSERT_EQ(found.size(), y.size() * y.front().size());
      for (size_t i = 0; i < found.size(); ++i) {
        const size_t row = i / columns, c = i % columns;
        const float multiplier = multipliers[multipliers.size() * c / columns];
        const double sum = double{plain[i]} * multiplier / double{projection->packed().scales[c]};
        EXPECT_EQ(std::nearbyint(sum), sums[row][c]) << row << ", " << c;
        EXPECT_NEAR(sum, sums[row][c], 0.02) << row << ", " << c;
        EXPECT_NEAR(found[i], y[row][c], 1e-6 * (1 + std::abs(y[row][c]))) << row << ", " << c;
      }
    }
  });
}

TEST_F(MarianInt8Test, ActivationsThatArePartsOfOneProductKeepTheirScales) {
  const auto projections = Projections();
  const std::vector<float>& qkv = projections.at("encoder.self_attention.qkv")->row_multipliers();
  ASSERT_EQ(qkv.size(), 3u);
  EXPECT_EQ(qkv[0], qkv[2]);
  EXPECT_NEAR(qkv[1], 1.5 * double{qkv[0]}, 1e-5);
  for (const auto& [name, projection] : projections) {
    EXPECT_EQ(projection->row_multipliers().size(), name == "encoder.self_attention.qkv" ? 3u : 1u) << name;
  }
  EXPECT_EQ(projections.at("output")->row_multipliers().front(), 30);
  EXPECT_THAT(notes_, testing::Contains(testing::HasSubstr("activations of 15 weights are rounded by stored scales")));
}

// As docs/formats.md has it: element [p, s, c, j] is row 4 s + j, column 16 p + c.
TEST_F(MarianInt8Test, TheFileHoldsTheIntegersAsTheyWere) {
  SafetensorsReader file(RealFileSystem(), folder_ / "model/model.safetensors");
  const auto expect = [&](const std::string& name, const std::vector<std::string>& theirs, size_t k, bool is_table) {
    SCOPED_TRACE(name);
    const TensorInfo& tensor = file.Find(name);
    const std::string_view panels = file.Mapped(name, DType::kU8, tensor.shape, 64);
    size_t column = 0;
    for (const std::string& part : theirs) {
      const std::string integers = foreign_.archive->ReadBytes(part);
      const size_t n = integers.size() / k;
      for (size_t c = 0; c < n; ++c, ++column) {
        for (size_t i = 0; i < k; ++i) {
          const size_t at = ((column / 16 * (k / 4) + i / 4) * 16 + column % 16) * 4 + i % 4;
          const int stored = static_cast<int8_t>(integers[is_table ? c * k + i : i * n + c]);
          ASSERT_EQ(int{static_cast<uint8_t>(panels[at])}, stored + 128) << part << ": " << i << ", " << c;
        }
      }
    }
  };
  expect("encoder.layers.0.self_attn.qkv.weight", {"encoder_l1_self_Wq", "encoder_l1_self_Wk", "encoder_l1_self_Wv"},
         16, false);
  expect("decoder.layers.0.ssru.fx.weight", {"decoder_l1_rnn_Wf", "decoder_l1_rnn_W"}, 16, false);
  expect("encoder.layers.0.ffn.in_proj.weight", {"encoder_l1_ffn_W1"}, 16, false);
  expect("encoder.layers.0.ffn.out_proj.weight", {"encoder_l1_ffn_W2"}, 24, false);
  expect("src_embed.weight", {"Wemb"}, 16, true);
}

// A shortlist's columns are rounded by the same scale.
TEST_F(MarianInt8Test, ASubsetsProductsAreTheSame) {
  const Projection& output = bundle_.model->output();
  const std::vector<int32_t> columns = {1, 5, 17, 20};
  BufferPool pool;
  const ProjectionSubset subset(output, columns, pool);
  const std::vector<float> x = kernels::RandomFloats(16, 3, 4);
  std::vector<float> all(21), some(4);
  output.Apply({x.data(), 1, 16}, Matrix(all.data(), 1, 21));
  subset.Apply({x.data(), 1, 16}, Matrix(some.data(), 1, 4));
  for (size_t i = 0; i < columns.size(); ++i) EXPECT_EQ(some[i], all[static_cast<size_t>(columns[i])]);
}

TEST_F(MarianInt8Test, AFileWithAScaleThatIsNoneIsRefused) {
  const std::string path = folder_ / "model/model.safetensors", bytes = ReadFile(RealFileSystem(), path);
  RemoveAll(RealFileSystem(), folder_ / "model/MANIFEST.json");
  for (const std::string name : {"src_embed.row_multipliers", "encoder.layers.0.self_attn.qkv.row_multipliers"}) {
    SafetensorsReader file(RealFileSystem(), path);
    const std::string_view there = file.Mapped(name, DType::kF32, file.Find(name).shape, sizeof(float));
    const auto at = static_cast<size_t>(there.data() - file.Bytes().data()) + there.size() - sizeof(float);
    for (const float wrong : {0.0f, -1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
      std::string changed = bytes;
      changed.replace(at, sizeof wrong, std::string(reinterpret_cast<const char*>(&wrong), sizeof wrong));
      folder_.Write("model/model.safetensors", changed);
      EXPECT_THAT(ErrorIn([&] { LoadInference(RealFileSystem(), folder_ / "model"); }),
                  testing::AllOf(testing::HasSubstr("model.safetensors"), testing::HasSubstr(name)))
          << wrong;
    }
    folder_.Write("model/model.safetensors", bytes);
  }
}

TEST_F(MarianInt8Test, ItSaysHowItCanBeTrained) {
  EXPECT_THAT(ErrorIn([&] { LoadTranslationModel(RealFileSystem(), folder_ / "model"); }),
              testing::HasSubstr("of one that came in int8, import it with `dequantize`"));
  EXPECT_NE(ReadForeign(foreign_), nullptr);
}

}  // namespace
}  // namespace dragoman
