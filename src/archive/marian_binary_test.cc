// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kInt8 = 0x0101, kFloat = 0x0404, kIntgemm8 = 0x10001, kIntgemm16 = 0x10002, kForkIntgemm8 = 0x4101;

std::unique_ptr<TensorArchive> Open(const std::string& bytes) { return OpenMarianBinary(FileOf(bytes), "model.bin"); }
std::string ErrorOfFile(const std::string& bytes) {
  return ErrorOf([&] { Open(bytes); });
}
// Of one tensor.
std::string ErrorOfPart(const MarianPart& part) { return ErrorOfFile(MarianOf({part})); }

const std::string kTwoByThree = RawList<int8_t>({0, 1, 2, 3, 4, 5}) + Raw(2.0f);

TEST(MarianBinaryTest, TensorsAreReadAsTheyLie) {
  const auto archive = Open(MarianOf({{"decoder_W1", kFloat, {2, 3}, RawList<float>({0, 1, 2, 3, 4, 5})},
                                      {"decoder_W1_QuantMultA", kFloat, {1}, Raw(12.5f)},
                                      {"half", 0x0402, {1, 2}, RawList<uint16_t>({0x3c00, 0xc100})},
                                      {"special:model.yml", kInt8, {256}, "type: transformer\n"}}));
  ASSERT_EQ(archive->tensors().size(), 4u);
  EXPECT_THAT(archive->Find("decoder_W1").shape, ElementsAre(2, 3));
  EXPECT_EQ(archive->Find("decoder_W1").multiplier, std::nullopt);
  EXPECT_THAT(Floats(*archive, "decoder_W1"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Floats(*archive, "decoder_W1_QuantMultA"), ElementsAre(12.5f));
  EXPECT_THAT(Floats(*archive, "half"), ElementsAre(1, -2.5f));
  EXPECT_EQ(archive->ReadBytes("special:model.yml").substr(0, 19), std::string("type: transformer\n\0", 19));
}

// Marian keeps the matrix that is multiplied by transposed: column after column of the shape that it says.
TEST(MarianBinaryTest, QuantisedMatricesLieTransposedAndHaveAMultiplier) {
  const auto archive =
      Open(MarianOf({{"encoder_l1_self_Wq", kIntgemm8, {2, 3}, kTwoByThree},
                     {"deep_W", kIntgemm8, {2, 1, 3}, kTwoByThree},
                     {"wide_W", kIntgemm16, {2, 2}, RawList<int16_t>({0, 1, 2, -300}) + Raw(1024.0f)}}));
  const ArchiveTensor& tensor = archive->Find("encoder_l1_self_Wq");
  EXPECT_EQ(tensor.dtype, DType::kI8);
  EXPECT_THAT(tensor.shape, ElementsAre(2, 3));
  EXPECT_EQ(tensor.multiplier, 2.0f);
  EXPECT_THAT(Floats(*archive, "encoder_l1_self_Wq"), ElementsAre(0, 1, 2, 0.5f, 1.5f, 2.5f));
  EXPECT_EQ(archive->ReadBytes("encoder_l1_self_Wq"), RawList<int8_t>({0, 2, 4, 1, 3, 5}));
  EXPECT_THAT(Floats(*archive, "deep_W"), ElementsAre(0, 1, 2, 0.5f, 1.5f, 2.5f));
  EXPECT_EQ(archive->Find("wide_W").dtype, DType::kI16);
  EXPECT_THAT(Floats(*archive, "wide_W"), ElementsAre(0, 2 / 1024.0f, 1 / 1024.0f, -300 / 1024.0f));
}

// browsermt's fork has a code of its own for these, and leaves embeddings as they were.
TEST(MarianBinaryTest, EmbeddingsOfTheForkAreNotTransposed) {
  const auto archive = Open(MarianOf({{"Wemb", kForkIntgemm8, {2, 3}, kTwoByThree},
                                      {"decoder_Wemb", kForkIntgemm8, {2, 3}, kTwoByThree},
                                      {"encoder_W1", kForkIntgemm8, {2, 3}, kTwoByThree}}));
  EXPECT_THAT(Floats(*archive, "Wemb"), ElementsAre(0, 0.5f, 1, 1.5f, 2, 2.5f));
  EXPECT_EQ(archive->ReadBytes("decoder_Wemb"), RawList<int8_t>({0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(archive->Find("Wemb").multiplier, 2.0f);
  EXPECT_THAT(Floats(*archive, "encoder_W1"), ElementsAre(0, 1, 2, 0.5f, 1.5f, 2.5f));
}

TEST(MarianBinaryTest, WhatIsPackedForOneProcessorIsRefusedByName) {
  EXPECT_EQ(
      ErrorOfPart({"encoder_W1", 0x11001, {2, 3}, "x"}),
      "model.bin: tensor \"encoder_W1\" is packed for one kind of processor, as intgemm8avx2; take the .npz that it "
      "was made of, or make a file of float32 of that with marian-conv");
  EXPECT_THAT(ErrorOfPart({"encoder_W1", 0x0802, {2, 3}, "x"}), HasSubstr("as packed16"));
  EXPECT_THAT(ErrorOfPart({"encoder_W1", 0x13001, {2, 3}, "x"}), HasSubstr("as intgemm8avx512vnni"));
  EXPECT_THAT(ErrorOfPart({"encoder_W1", 0x9999, {2, 3}, "x"}), HasSubstr("has the unknown type 39321"));
  EXPECT_THAT(ErrorOfFile(MarianOf({}, 2)), HasSubstr("model.bin: is encrypted"));
}

TEST(MarianBinaryTest, WrongFilesAreExplained) {
  EXPECT_EQ(ErrorOfFile(MarianOf({})), "nothing was thrown");
  EXPECT_THAT(ErrorOfFile(MarianOf({}, 3)),
              HasSubstr("has version 3, expected 1; the file is damaged or no model of Marian's"));
  EXPECT_THAT(ErrorOfFile(MarianOf({}) + "x"), HasSubstr("but 1 more follow"));
  EXPECT_THAT(ErrorOfFile(Raw<uint64_t>(1) + Raw(~uint64_t{0})),
              HasSubstr("has 18446744073709551615 tensors by its header"));
  EXPECT_THAT(ErrorOfPart({"w", kFloat, {65}, "x"}),
              HasSubstr("tensor \"w\" of shape [65] and dtype F32 needs 65 numbers"));
  EXPECT_THAT(ErrorOfPart({"w", kFloat, {-1}, "x"}), HasSubstr("or a negative size"));
  EXPECT_THAT(ErrorOfPart({"w", kFloat, {1 << 30, 1 << 30, 1 << 30}, "x"}),
              HasSubstr("more elements than 64 bits count"));
  EXPECT_THAT(ErrorOfPart({"w", kIntgemm8, {1 << 30, 1 << 30, 0, 1 << 30}, "x"}), "nothing was thrown");
  EXPECT_THAT(ErrorOfPart({"w", kIntgemm8, std::vector<int32_t>(17, 1), "x"}), HasSubstr("a shape of 17 sizes"));
  EXPECT_THAT(ErrorOfPart({std::string("w\0v", 3), kFloat, {1}, "x"}), HasSubstr("does not end with its one NUL"));
  EXPECT_THAT(ErrorOfFile(MarianOf({{"w", kFloat, {1}, "x"}, {"w", kFloat, {1}, "x"}})),
              HasSubstr("tensor \"w\" is there twice"));
  // A multiplier that lies beyond the tensor's data, and those that nothing can be divided by.
  EXPECT_THAT(ErrorOfPart({"w", kIntgemm8, {1, 254}, "x"}),
              HasSubstr("tensor \"w\": the multiplier would take 4 bytes"));
  for (const float multiplier : {0.0f, -1.0f, std::nanf(""), std::numeric_limits<float>::infinity()}) {
    EXPECT_THAT(ErrorOfPart({"w", kIntgemm8, {1}, "x" + Raw(multiplier)}),
                HasSubstr("tensor \"w\": the multiplier is "));
  }
}

TEST(MarianBinaryTest, LengthsBeyondTheFileAreRefused) {
  const std::string bytes = MarianOf({{"name", kFloat, {1}, "x"}});
  for (const size_t field : {16, 32, 40}) {  // of the name, the shape, the data
    std::string changed = bytes;
    changed.replace(field, 8, Raw(~uint64_t{0} / 2));
    EXPECT_THAT(ErrorOfFile(changed), HasSubstr(" bytes from byte ")) << field;
  }
  std::string changed = bytes;
  changed.replace(16, 8, Raw(uint64_t{0}));
  EXPECT_THAT(ErrorOfFile(changed), HasSubstr("tensor 0: the name \"\" does not end"));
}

}  // namespace
}  // namespace dragoman
