// SPDX-License-Identifier: Apache-2.0
// Models that transformers made (record_huggingface.py): imported, they compute what it computed, whose values were
// recorded in float64.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autograd/workspace.h"
#include "base/file_system.h"
#include "interop/export.h"
#include "interop/import.h"
#include "interop/interop_testing.h"
#include "model/transformer.h"
#include "tensor/packed.h"
#include "tensor/safetensors.h"

namespace dragoman {
namespace {

const char* const kFolder = "tests/interop/recorded/huggingface";  // tests run in the repository's root
constexpr double kTolerance = 2e-5;                                // of the largest magnitude; all here is float32

std::vector<std::string> Cases() {
  return RealFileSystem().Exists(kFolder) ? RealFileSystem().List(kFolder) : std::vector<std::string>{};
}

void ExpectClose(const std::string& name, std::span<const float> expected, std::span<const float> actual) {
  ASSERT_EQ(expected.size(), actual.size()) << name;
  float largest = 0, worst = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    largest = std::max(largest, std::abs(expected[i]));
    worst = std::max(worst, std::abs(expected[i] - actual[i]));
    ASSERT_TRUE(std::isfinite(actual[i])) << name << "[" << i << "]";
  }
  EXPECT_LE(worst, kTolerance * largest) << name;
}

class HuggingFaceTest : public testing::TestWithParam<std::string> {
 protected:
  HuggingFaceTest()
      : directory_(JoinPath(kFolder, GetParam())),
        expected_(RealFileSystem(), JoinPath(directory_, "expected.safetensors")),
        foreign_(OpenForeign(RealFileSystem(), directory_, {})) {}

  std::vector<float> Expected(const std::string& name) const {
    const TensorInfo& info = expected_.Find(name);
    std::vector<float> values(static_cast<size_t>(info.elements));
    expected_.ReadFloats(name, info.shape, values);
    return values;
  }
  std::vector<int32_t> Tokens(const std::string& name) const {
    const std::vector<float> values = Expected(name);
    return {values.begin(), values.end()};
  }

  std::string directory_;
  SafetensorsReader expected_;
  ForeignModel foreign_;
};

std::span<const float> Numbers(const Variable& x) { return {x.value().data, static_cast<size_t>(x.value().size())}; }

TEST_P(HuggingFaceTest, ComputesWhatTransformersComputes) {
  const std::unique_ptr<Transformer> model = ReadForeign(foreign_);
  int sentences = 0;
  for (; expected_.Has("src." + std::to_string(sentences)); ++sentences) {
    const std::string i = std::to_string(sentences);
    PackedSentences src, tgt;
    src.Add(Tokens("src." + i));
    std::vector<int32_t> tgt_in = Tokens("tgt_in." + i);
    EXPECT_EQ(tgt_in[0], model->config().decoder_start);
    tgt.Add(tgt_in);
    Workspace workspace;
    const EncodedSource encoded = model->Encode(workspace, src.view());
    ExpectClose("encoder", Expected("encoder." + i), Numbers(encoded.states));
    const Variable hidden = model->Decode(workspace, tgt.view(), encoded);
    const Variable logits = model->Logits(workspace, hidden.value(), tgt.packing(), encoded);
    ExpectClose("logits", Expected("logits." + i), Numbers(logits));
  }
  EXPECT_GE(sentences, 3);
}

// What an export may leave behind: <pad>'s number alone, where no text has it.
TEST_P(HuggingFaceTest, GoesBackAsItCame) {
  const std::unique_ptr<Transformer> model = ReadForeign(foreign_);
  const TestFolder folder;
  const ExportedModel exported = PrepareExport({*model, foreign_.vocabs, foreign_.about}, ExportTarget::kHuggingFace);
  WriteExport(RealFileSystem(), exported, folder / "theirs");
  const ForeignModel again = OpenForeign(RealFileSystem(), folder / "theirs", {});
  const TransformerConfig config = WithDropoutOf(foreign_.config, again.config);
  EXPECT_EQ(config, foreign_.config) << config.ToJson() << foreign_.config.ToJson();
  EXPECT_TRUE(std::ranges::equal(ReadForeign(again)->parameters().values(), model->parameters().values()));
  EXPECT_EQ(VocabularyDifference(again.vocabs, foreign_.vocabs), "");
}

INSTANTIATE_TEST_SUITE_P(Recorded, HuggingFaceTest, testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param; });

TEST(HuggingFaceRecordingTest, HoldsEveryFamily) {
  EXPECT_THAT(Cases(),
              testing::IsSupersetOf({"marian", "bart", "mbart", "pegasus", "m2m100", "t5", "t5_v1_1", "mt5", "umt5"}))
      << "recorded values are missing; run the tests from the repository's root";
}

}  // namespace
}  // namespace dragoman
