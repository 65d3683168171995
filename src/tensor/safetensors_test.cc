// SPDX-License-Identifier: Apache-2.0
#include "tensor/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/memory_file.h"
#include "base/timer.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

class MemoryReader : public ReadableFile {
 public:
  explicit MemoryReader(std::string bytes) : bytes_(std::move(bytes)) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  void Read(int64_t offset, std::span<char> out) const override {
    ASSERT_GE(offset, 0);  // a reader that asks for bytes outside the file has a bug
    ASSERT_LE(static_cast<size_t>(offset) + out.size(), bytes_.size());
    bytes_.copy(out.data(), out.size(), static_cast<size_t>(offset));
  }
  std::span<const char> Map() override { return bytes_; }

 private:
  std::string bytes_;
};

SafetensorsReader ReaderOf(std::string bytes) {
  return SafetensorsReader(std::make_unique<MemoryReader>(std::move(bytes)), "model.safetensors");
}

// A file of this header (its braces added) and these data bytes.
std::string FileOf(const std::string& header, const std::string& data) {
  const std::string text = "{" + header + "}";
  const uint64_t length = text.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + text + data;
}

std::string ErrorOf(const std::string& bytes) {
  try {
    ReaderOf(bytes);
  } catch (const FormatError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string SmallFile() {
  const std::vector<float> weight = {1, -2.5f, 3e-40f, std::numeric_limits<float>::infinity(), 0, -0.0f};
  const std::vector<float> bias = {7};
  MemoryWriter file;
  WriteSafetensors({{"b.weight", {2, 3}, weight}, {"a.bias", {1}, bias}, {"empty", {0, 4}, {}}, {"scalar", {}, bias}},
                   {{"format", "dragoman"}}, file);
  return file.written;
}

TEST(SafetensorsTest, RoundTripIsBitExact) {
  const SafetensorsReader reader = ReaderOf(SmallFile());
  EXPECT_EQ(reader.metadata().at("format"), "dragoman");
  ASSERT_EQ(reader.tensors().size(), 4u);
  std::vector<float> weight(6);
  reader.ReadFloats("b.weight", {2, 3}, weight);
  const std::vector<float> expected = {1, -2.5f, 3e-40f, std::numeric_limits<float>::infinity(), 0, -0.0f};
  EXPECT_EQ(std::memcmp(weight.data(), expected.data(), 24), 0);
  float one = 0;
  reader.ReadFloats("a.bias", {1}, {&one, 1});
  EXPECT_EQ(one, 7);
  reader.ReadFloats("scalar", {}, {&one, 1});
  reader.ReadFloats("empty", {0, 4}, {});
}

// Messages show the beginning of a name; the file has it whole.
TEST(SafetensorsTest, ALongNameIsWrittenWhole) {
  const std::string name = std::string(300, 'x') + "é\"\n";
  const std::vector<float> value = {3};
  MemoryWriter file;
  WriteSafetensors({{name, {1}, value}}, {}, file);
  const SafetensorsReader reader = ReaderOf(file.written);
  float read = 0;
  reader.ReadFloats(name, {1}, {&read, 1});
  EXPECT_EQ(read, 3);
}

TEST(SafetensorsTest, NamesAreSortedDataIsAlignedAndOrderDoesNotMatter) {
  const std::string bytes = SmallFile();
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  EXPECT_EQ(length % 8, 0u);
  EXPECT_LT(bytes.find("a.bias"), bytes.find("b.weight"));
  const std::vector<float> x = {1}, y = {2};
  MemoryWriter one, other;
  WriteSafetensors({{"x", {1}, x}, {"y", {1}, y}}, {}, one);
  WriteSafetensors({{"y", {1}, y}, {"x", {1}, x}}, {}, other);
  EXPECT_EQ(one.written, other.written);
}

TEST(SafetensorsTest, HalfPrecisionsAreReadAsFloats) {
  const uint16_t halves[] = {0x3c00, 0xc000, 0x0001, 0x83ff, 0x7bff, 0x7c00, 0xfc00, 0x8000};
  std::string header = R"("h":{"dtype":"F16","shape":[8],"data_offsets":[0,16]})";
  std::vector<float> out(8);
  ReaderOf(FileOf(header, {reinterpret_cast<const char*>(halves), 16})).ReadFloats("h", {8}, out);
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_THAT(out, testing::ElementsAre(1, -2, 0x1p-24f, -1023 * 0x1p-24f, 65504, inf, -inf, 0));
  EXPECT_TRUE(std::signbit(out[7]));
  const uint16_t nan = 0x7e00;
  header = R"("h":{"dtype":"F16","shape":[1],"data_offsets":[0,2]})";
  ReaderOf(FileOf(header, {reinterpret_cast<const char*>(&nan), 2})).ReadFloats("h", {1}, {out.data(), 1});
  EXPECT_TRUE(std::isnan(out[0]));

  const uint16_t brains[] = {0x3f80, 0xc040};
  header = R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]})";
  ReaderOf(FileOf(header, {reinterpret_cast<const char*>(brains), 4})).ReadFloats("b", {2}, {out.data(), 2});
  EXPECT_EQ(out[0], 1);
  EXPECT_EQ(out[1], -3);
}

TEST(SafetensorsTest, LargeTensorsAreConvertedInChunks) {
  constexpr int64_t kCount = 100'000;
  std::vector<double> numbers(kCount);
  for (int64_t i = 0; i < kCount; ++i) numbers[i] = static_cast<double>(i) / 3;
  const std::string header = R"("d":{"dtype":"F64","shape":[100000],"data_offsets":[0,800000]})";
  std::vector<float> out(kCount);
  ReaderOf(FileOf(header, std::string(BytesOf(std::span<const double>(numbers))))).ReadFloats("d", {kCount}, out);
  for (int64_t i = 0; i < kCount; ++i) ASSERT_EQ(out[i], static_cast<float>(numbers[i])) << i;
}

TEST(SafetensorsTest, WrongNameShapeOrDtypeIsExplained) {
  const SafetensorsReader reader = ReaderOf(SmallFile());
  std::vector<float> out(6);
  const auto error_of = [&](const std::string& name, const std::vector<int64_t>& shape) {
    try {
      reader.ReadFloats(name, shape, out);
    } catch (const FormatError& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(error_of("b.bias", {6}), HasSubstr("model.safetensors: has no tensor \"b.bias\""));
  EXPECT_THAT(error_of("b.weight", {3, 2}), HasSubstr("\"b.weight\" has shape [2, 3], expected [3, 2]"));
  const std::string header = R"("i":{"dtype":"I32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_THROW(ReaderOf(FileOf(header, "1234")).ReadFloats("i", {1}, {out.data(), 1}), FormatError);
}

TEST(SafetensorsTest, MalformedHeadersAreExplained) {
  const std::string ok = R"("a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})";
  EXPECT_EQ(ErrorOf(FileOf(ok, "1234")), "nothing was thrown");
  EXPECT_THAT(ErrorOf("1234567"), HasSubstr("has 7 bytes"));
  EXPECT_THAT(ErrorOf(std::string(8, '\xff') + "{}"), HasSubstr("claims 18446744073709551615 bytes; at most 2"));
  EXPECT_THAT(ErrorOf(FileOf(ok + ",", "1234")), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOf(FileOf(ok + "," + ok, "1234")), HasSubstr("the key \"a\" is there twice"));
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]})", "1234")),
              HasSubstr("the key \"dtype\" is there twice"));
  EXPECT_THAT(ErrorOf(FileOf(ok, "12345")), HasSubstr("tensors end at byte"));
  EXPECT_THAT(ErrorOf(FileOf(ok, "123")), HasSubstr("ends at byte 4 of the data, which has 3"));
  EXPECT_THAT(ErrorOf(FileOf(ok + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]})", "1234")),
              HasSubstr("where the one before it ends"));  // overlap
  EXPECT_THAT(ErrorOf(FileOf(ok + R"(,"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]})", "123456789012")),
              HasSubstr("where the one before it ends"));  // a hole
  EXPECT_THAT(ErrorOf(FileOf(R"("a":[])", "")), HasSubstr("tensor \"a\" is [], expected an object"));
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F33","shape":[1],"data_offsets":[0,4]})", "1234")),
              HasSubstr("unknown dtype \"F33\""));
  const std::string endless(100'000, 'Q');
  EXPECT_LT(
      ErrorOf(FileOf("\"" + endless + R"(":{"dtype":")" + endless + R"(","shape":[1],"data_offsets":[0,4]})", "1234"))
          .size(),
      1000u);
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", "1234")),
              HasSubstr("a size of tensor \"a\" is -1, expected"));
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]})", "1234")),
              HasSubstr("ends before it begins"));
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]})", "1234")),
              HasSubstr("does not fill its place of 4 bytes"));
  // 2^32 * 2^32 elements wrap around to 0 in 64 bits; 2^62 elements of 4 bytes do so in bytes.
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]})", "")),
              HasSubstr("does not fill"));
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]})", "")),
              HasSubstr("does not fill"));
  EXPECT_THAT(ErrorOf(FileOf(R"("__metadata__":{"n":1})", "")),
              HasSubstr("\"n\" of __metadata__ is 1, expected a string"));
  EXPECT_THAT(ErrorOf(FileOf("\"\x1b[2J\":1", "")), HasSubstr("not JSON"));
  EXPECT_THAT(ErrorOf(FileOf(R"("\u001b[2J":1)", "")), HasSubstr(R"("\u001b[2J")"));  // escaped for the terminal
  EXPECT_THAT(ErrorOf(FileOf("\"a\":" + std::string(100'000, '['), "")), HasSubstr("nested"));
  EXPECT_THAT(
      ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0],"data_offsets":[0,0]})", "")),
      HasSubstr("a shape of 17 sizes, expected at most 16"));
}

// A header is read in time proportional to its length: a quadratic reader took minutes for this one.
TEST(SafetensorsTest, AHeaderOfVeryManyTensorsIsReadAtOnce) {
  std::string header;
  for (int i = 0; i < 100'000; ++i) {
    header += (i > 0 ? ",\"" : "\"") + std::to_string(i) + R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  }
  const Timer timer;
  EXPECT_EQ(ReaderOf(FileOf(header, "")).tensors().size(), 100'000u);
  EXPECT_LT(timer.Seconds(), 20);
}

TEST(SafetensorsTest, AHeaderLargerThanAModelsIsRefusedBeforeItIsRead) {
  std::string zeros(34'000'000, '0');
  for (size_t i = 1; i < zeros.size(); i += 2) zeros[i] = ',';
  zeros.back() = '0';
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[)" + zeros + R"(],"data_offsets":[0,0]})", "")),
              HasSubstr("bytes; at most 33554432 are possible"));
  zeros.resize(9'000'001);
  EXPECT_THAT(ErrorOf(FileOf(R"("a":{"dtype":"F32","shape":[)" + zeros + R"(],"data_offsets":[0,0]})", "")),
              HasSubstr("more than 4194304 values"));
}

// Half of tests/python/check_safetensors.py, which runs this test between its own two halves.
TEST(SafetensorsTest, ExchangesFilesWithPythonsPackage) {
  const char* directory = std::getenv("DRAGOMAN_SAMPLE_DIR");
  if (directory == nullptr) GTEST_SKIP() << "run by tests/python/check_safetensors.py";
  FileSystem& files = RealFileSystem();
  WriteFile(files, JoinPath(directory, "ours.safetensors"), SmallFile());
  const SafetensorsReader theirs(files, JoinPath(directory, "theirs.safetensors"));
  EXPECT_EQ(theirs.metadata().at("written_by"), "python");
  std::vector<float> out(6);
  for (const char* name : {"f16", "f32", "f64"}) {
    theirs.ReadFloats(name, {2, 3}, out);
    EXPECT_THAT(out, testing::ElementsAre(0, 0.25f, 0.5f, 0.75f, 1, -1.25f)) << name;
  }
  EXPECT_EQ(theirs.Find("i64").dtype, DType::kI64);
}

// Whatever is cut off or flipped, the reader throws FormatError or gives tensors that lie within the file.
void LoadOrThrow(const std::string& bytes) {
  try {
    const SafetensorsReader reader = ReaderOf(bytes);
    for (const auto& [name, info] : reader.tensors()) {
      std::vector<float> out((info.end - info.begin) / 4);
      if (info.dtype == DType::kF32) reader.ReadFloats(name, info.shape, out);
    }
  } catch (const FormatError&) {
  }
}

TEST(SafetensorsTest, TruncationAtEveryByteIsAnError) {
  const std::string bytes = SmallFile();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_THROW(ReaderOf(bytes.substr(0, size)), FormatError) << size;
  }
}

TEST(SafetensorsTest, AnyByteChangedLoadsOrIsAnError) {
  const std::string bytes = SmallFile();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string changed = bytes;
      changed[at] = static_cast<char>(value);
      LoadOrThrow(changed);
    }
  }
}

}  // namespace
}  // namespace dragoman
