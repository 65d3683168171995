// SPDX-License-Identifier: Apache-2.0
// Files that the libraries themselves wrote (tests/interop/record_archives.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kFolder = "tests/interop/recorded/archives/";

// What every recorded tensor holds: -0.5, -0.25, 0, ...
std::vector<float> Quarters(int count, float step = 0.25f) {
  std::vector<float> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(static_cast<float>(i - 2) * step);
  return numbers;
}

std::unique_ptr<TensorArchive> OpenTorch(const std::string& name) {
  return OpenTorchArchive(RealFileSystem(), kFolder + name);
}

TEST(RecordedArchivesTest, NumPysArraysAreRead) {
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const auto archive = OpenNpzArchive(RealFileSystem(), kFolder + name);
    EXPECT_EQ(archive->tensors().size(), 10u);
    EXPECT_THAT(archive->Find("double").shape, ElementsAre(3, 2));
    EXPECT_THAT(archive->Find("cube").shape, ElementsAre(2, 3, 4));
    EXPECT_THAT(archive->Find("scalar").shape, ElementsAre());
    EXPECT_THAT(archive->Find("empty").shape, ElementsAre(0, 4));
    EXPECT_EQ(Floats(*archive, "float"), Quarters(6));
    EXPECT_EQ(Floats(*archive, "double"), Quarters(6));  // column-major
    EXPECT_EQ(Floats(*archive, "cube"), Quarters(24));   // likewise
    EXPECT_EQ(Floats(*archive, "half"), Quarters(5));
    EXPECT_EQ(Floats(*archive, "bytes"), Quarters(7, 1));
    EXPECT_EQ(Floats(*archive, "long"), Quarters(3, 1));
    EXPECT_EQ(Floats(*archive, "scalar"), Quarters(1));
    EXPECT_THAT(Floats(*archive, "bools"), ElementsAre(0, 1));
    EXPECT_EQ(Floats(*archive, "encoder/layer_0::bias"), Quarters(4));
  }
  const auto versions = OpenNpzArchive(RealFileSystem(), kFolder + "versions.npz");
  for (const char* name : {"version1", "version2", "version3"}) EXPECT_EQ(Floats(*versions, name), Quarters(6)) << name;
}

TEST(RecordedArchivesTest, PyTorchsStateDictsAreRead) {
  for (const char* name : {"zip.bin", "stream.bin"}) {
    const auto archive = OpenTorch(name);
    EXPECT_EQ(archive->tensors().size(), 11u);
    EXPECT_THAT(archive->Find("embed.weight").shape, ElementsAre(3, 2));
    EXPECT_EQ(Floats(*archive, "embed.weight"), Quarters(6));
    EXPECT_EQ(Floats(*archive, "output.weight"), Quarters(6));
    EXPECT_EQ(archive->Find("of_half").dtype, DType::kF16);
    EXPECT_EQ(Floats(*archive, "of_half"), Quarters(4));
    EXPECT_EQ(archive->Find("of_bfloat16").dtype, DType::kBF16);
    EXPECT_EQ(Floats(*archive, "of_bfloat16"), Quarters(4));
    EXPECT_EQ(Floats(*archive, "of_double"), Quarters(2));
    EXPECT_EQ(Floats(*archive, "of_long"), Quarters(3, 1));
    EXPECT_THAT(Floats(*archive, "of_bool"), ElementsAre(1, 0));
    EXPECT_THAT(archive->Find("scalar").shape, ElementsAre());
    EXPECT_EQ(Floats(*archive, "scalar"), Quarters(1));
    EXPECT_EQ(archive->Find("empty").elements, 0);
    EXPECT_THAT(archive->Find("transposed").shape, ElementsAre(3, 2));
    EXPECT_EQ(Floats(*archive, "transposed"), Quarters(6));
    EXPECT_EQ(Floats(*archive, "strided"), Quarters(4));
  }
  EXPECT_EQ(Floats(*OpenTorch("parameter.bin"), "weight"), Quarters(4));
  EXPECT_EQ(Floats(*OpenTorch("no_checksums.bin"), "weight"), Quarters(4));
}

TEST(RecordedArchivesTest, PyTorchsOtherObjectsAreRefused) {
  EXPECT_THAT(ErrorOf([] { OpenTorch("nested.bin"); }), HasSubstr("nested.bin: the value of key \"model\" is a dict"));
  EXPECT_THAT(ErrorOf([] { OpenTorch("namespace.bin"); }), HasSubstr("makes use of Python's \"argparse.Namespace\""));
}

TEST(RecordedArchivesTest, HuggingFacesShardsAreRead) {
  const auto safe =
      OpenSafetensorsArchive(RealFileSystem(), kFolder + "safetensors_shards/model.safetensors.index.json");
  const auto torch = OpenTorch("torch_shards/pytorch_model.bin.index.json");
  for (const auto* archive : {&safe, &torch}) {
    ASSERT_EQ((*archive)->tensors().size(), 3u);
    for (const char* name : {"layer.0", "layer.1", "layer.2"}) EXPECT_EQ(Floats(**archive, name), Quarters(6)) << name;
    EXPECT_NE((*archive)->PathOf("layer.0"), (*archive)->PathOf("layer.2"));
  }
}

TEST(RecordedArchivesTest, CTranslate2sModelsAreRead) {
  for (const char* name : {"float32", "float16", "int8"}) {
    const auto archive = OpenCTranslate2Binary(RealFileSystem(), kFolder + "ctranslate2_" + name + ".bin");
    EXPECT_EQ(archive->binary_version(), 6);
    EXPECT_EQ(archive->spec_name(), "TinySpec");
    EXPECT_EQ(archive->spec_revision(), 7);
    EXPECT_EQ(archive->ReadBytes("note"), "text");
    EXPECT_THAT(Floats(*archive, "activation"), ElementsAre(2));
    EXPECT_EQ(Floats(*archive, "first/bias"), Quarters(3));
    std::vector<float> weight = Floats(*archive, "first/weight");  // [3, 4]
    EXPECT_EQ(Floats(*archive, "second/weight"), weight);          // an alias
    if (archive->Has("first/weight_scale")) {
      EXPECT_EQ(archive->Find("first/weight").dtype, DType::kI8);
      const std::vector<float> scale = Floats(*archive, "first/weight_scale");  // of each row
      EXPECT_EQ(Floats(*archive, "second/weight_scale"), scale);
      for (size_t i = 0; i < weight.size(); ++i) weight[i] /= scale[i / 4];
    }
    EXPECT_EQ(archive->Has("first/weight_scale"), std::string(name) == "int8");
    EXPECT_THAT(weight, testing::Pointwise(testing::FloatNear(0.01f), Quarters(12))) << name;
  }
}

}  // namespace
}  // namespace dragoman
