// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kTwo =
    SafetensorsOf(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})", RawList<float>({1, 2}));
const std::string kOne = SafetensorsOf(R"("b":{"dtype":"I64","shape":[1],"data_offsets":[0,8]})", Raw<int64_t>(-3));

// A folder with two shards, and what index one gives it.
class ShardsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/shards";
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
    WriteFile(RealFileSystem(), folder_ + "/one.safetensors", kTwo);
    WriteFile(RealFileSystem(), folder_ + "/two.safetensors", kOne);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<TensorArchive> Open(const std::string& index) {
    const std::string path = folder_ + "/model.safetensors.index.json";
    WriteFile(RealFileSystem(), path, index);
    return OpenSafetensorsArchive(RealFileSystem(), path);
  }
  std::string ErrorOfMap(const std::string& weight_map) {
    return ErrorOf([&] { Open(R"({"weight_map": {)" + weight_map + "}}"); });
  }

  std::string folder_;
};

TEST(SafetensorsArchiveTest, TensorsAreRead) {
  const auto archive = OpenSafetensorsArchive(FileOf(kOne), "model.safetensors");
  EXPECT_EQ(archive->path(), "model.safetensors");
  EXPECT_EQ(archive->PathOf("b"), "model.safetensors");
  EXPECT_EQ(archive->Find("b").dtype, DType::kI64);
  EXPECT_THAT(Floats(*archive, "b"), ElementsAre(-3));
  EXPECT_EQ(archive->ReadBytes("b"), Raw<int64_t>(-3));
  EXPECT_THAT(ErrorOf([] { OpenSafetensorsArchive(FileOf("x"), "model.safetensors"); }),
              HasSubstr("model.safetensors: has 1 bytes"));
}

TEST_F(ShardsTest, TheTensorsOfAllFilesAreInOneArchive) {
  const auto archive = Open(R"({"metadata": {"total_size": 16},
                                "weight_map": {"a": "one.safetensors", "b": "two.safetensors"}})");
  EXPECT_EQ(archive->tensors().size(), 2u);
  EXPECT_EQ(archive->path(), folder_ + "/model.safetensors.index.json");
  EXPECT_EQ(archive->PathOf("a"), folder_ + "/one.safetensors");
  EXPECT_EQ(archive->PathOf("b"), folder_ + "/two.safetensors");
  EXPECT_THAT(Floats(*archive, "a"), ElementsAre(1, 2));
  EXPECT_THAT(Floats(*archive, "b"), ElementsAre(-3));
}

TEST_F(ShardsTest, AnIndexThatDoesNotFitItsFilesIsRefused) {
  EXPECT_THAT(ErrorOfMap(R"("a": "one.safetensors", "b": "one.safetensors")"),
              HasSubstr("index.json: says that tensor \"b\" is in " + folder_ +
                        "/one.safetensors, which does not have it; take "
                        "the index and all files that it names from one place"));
  WriteFile(
      RealFileSystem(), folder_ + "/both.safetensors",
      SafetensorsOf(
          R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]})",
          "xy"));
  EXPECT_THAT(ErrorOfMap(R"("a": "both.safetensors")"),
              HasSubstr("does not name tensor \"b\", which " + folder_ + "/both"));
  EXPECT_THAT(ErrorOfMap(R"("a": "three.safetensors")"),
              HasSubstr("names the file \"three.safetensors\", which is not beside it"));
  EXPECT_THAT(ErrorOf([&] { Open("{}"); }), HasSubstr("weight_map"));
  EXPECT_THAT(ErrorOfMap(R"("a": 1)"), HasSubstr("the file of tensor \"a\" is 1, expected a string"));
  EXPECT_THAT(ErrorOfMap(R"("a": "one.safetensors", "a": "one.safetensors")"),
              HasSubstr("the key \"a\" is there twice"));
}

TEST_F(ShardsTest, NamesOfFilesThatLeadElsewhereAreRefused) {
  for (const char* name : {"../shards/one.safetensors", "/etc/passwd", "..", ".", "", "sub/one", "one\\u0000"}) {
    EXPECT_THAT(ErrorOfMap(R"("a": ")" + std::string(name) + "\""),
                HasSubstr("expected the name of a file beside the index"))
        << name;
  }
}

TEST_F(ShardsTest, FilesOfPyTorchMayBeShards) {
  const auto shard = [](const std::string& name) {
    return TorchZipOf(
        PickleOf(PickledStateDict({{name, PickledTensor(PickledStorage("FloatStorage", "0", 1), 0, {1}, {1})}})),
        {{"0", 1, Raw(4.0f)}});
  };
  WriteFile(RealFileSystem(), folder_ + "/pytorch_model-1.bin", shard("a"));
  WriteFile(RealFileSystem(), folder_ + "/pytorch_model-2.bin", shard("b"));
  const std::string index = folder_ + "/pytorch_model.bin.index.json";
  WriteFile(RealFileSystem(), index, R"({"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}})");
  const auto archive = OpenTorchArchive(RealFileSystem(), index);
  EXPECT_THAT(Floats(*archive, "a"), ElementsAre(4));
  EXPECT_EQ(archive->PathOf("b"), folder_ + "/pytorch_model-2.bin");
}

}  // namespace
}  // namespace dragoman
