// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<CTranslate2Archive> Open(const std::string& bytes) {
  return OpenCTranslate2Binary(FileOf(bytes), "model.bin");
}
std::string ErrorOfFile(const std::string& bytes) {
  return ErrorOf([&] { Open(bytes); });
}
const CTranslate2Part kScale = {"embed/weight_scale", {2}, 0, 8, RawList<float>({2, 4})};
const CTranslate2Part kWeight = {"embed/weight", {2, 2}, 1, 4, RawList<int8_t>({1, -2, 3, -128})};

TEST(CTranslate2BinaryTest, VariablesAreReadInEveryDtype) {
  for (const uint32_t version : {4, 5, 6}) {
    const auto archive = Open(CTranslate2Of(version, {kWeight,
                                                      kScale,
                                                      {"half", {2}, 4, 4, RawList<uint16_t>({0x3c00, 0xc100})},
                                                      {"brain", {}, 5, 2, Raw<uint16_t>(0xc040)},
                                                      {"int32", {1}, 3, 4, Raw<int32_t>(-70'000)},
                                                      {"int16", {1, 1}, 2, 2, Raw<int16_t>(-300)}}));
    EXPECT_EQ(archive->binary_version(), version);
    EXPECT_EQ(archive->spec_name(), "TransformerSpec");
    EXPECT_EQ(archive->spec_revision(), 7);
    EXPECT_EQ(archive->tensors().size(), 6u);
    EXPECT_THAT(Floats(*archive, "embed/weight"), ElementsAre(1, -2, 3, -128));
    EXPECT_EQ(archive->Find("embed/weight").multiplier, std::nullopt);
    EXPECT_THAT(Floats(*archive, "embed/weight_scale"), ElementsAre(2, 4));
    EXPECT_THAT(Floats(*archive, "half"), ElementsAre(1, -2.5f));
    EXPECT_THAT(Floats(*archive, "brain"), ElementsAre(-3));
    EXPECT_THAT(archive->Find("brain").shape, ElementsAre());
    EXPECT_THAT(Floats(*archive, "int32"), ElementsAre(-70'000));
    EXPECT_THAT(Floats(*archive, "int16"), ElementsAre(-300));
  }
}

// Before version 4 a dtype is the bytes of a number, and a length counts numbers.
TEST(CTranslate2BinaryTest, OldVersionsAreRead) {
  for (const uint32_t version : {2, 3}) {
    const auto archive = Open(CTranslate2Of(version, {{"float", {2}, 4, 2, RawList<float>({1, 2})},
                                                      {"int16", {1}, 2, 1, Raw<int16_t>(-3)},
                                                      {"int8", {3}, 1, 3, "abc"}}));
    EXPECT_THAT(Floats(*archive, "float"), ElementsAre(1, 2));
    EXPECT_EQ(archive->Find("int16").dtype, DType::kI16);
    EXPECT_EQ(archive->ReadBytes("int8"), "abc");
  }
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(3, {{"w", {1}, 8, 1, "12345678"}})),
              HasSubstr("variable \"w\": has numbers of 8 bytes, expected 1, 2 or 4"));
}

TEST(CTranslate2BinaryTest, AnAliasIsOneMoreNameOfAVariableAndItsScale) {
  const auto archive = Open(CTranslate2Of(6, {kWeight, kScale}, {{"output/weight", "embed/weight"}}));
  EXPECT_EQ(archive->tensors().size(), 4u);
  EXPECT_THAT(Floats(*archive, "output/weight"), ElementsAre(1, -2, 3, -128));
  EXPECT_THAT(Floats(*archive, "output/weight_scale"), ElementsAre(2, 4));
  // The converter writes an alias for the scale, too; CTranslate2 takes either.
  EXPECT_EQ(Open(CTranslate2Of(6, {kWeight, kScale},
                               {{"o/weight_scale", "embed/weight_scale"}, {"o/weight", "embed/weight"}}))
                ->tensors()
                .size(),
            4u);
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {kWeight}, {{"output", "embed"}})),
              HasSubstr("alias \"output\" of the unknown \"embed\""));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {kWeight}, {{"embed/weight", "embed/weight"}})),
              HasSubstr("is there twice"));
}

TEST(CTranslate2BinaryTest, WrongFilesAreExplained) {
  const std::string ok = CTranslate2Of(6, {kWeight});
  EXPECT_EQ(ErrorOfFile(ok), "nothing was thrown");
  for (const uint32_t version : {0, 1, 7}) {
    EXPECT_THAT(
        ErrorOfFile(CTranslate2Of(version, {})),
        HasSubstr("model.bin: has binary version " + std::to_string(version) + ", expected 2 to 6; the file is"));
  }
  EXPECT_THAT(ErrorOfFile(ok + "x"), HasSubstr("but 1 more follow"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{"w", {1}, 6, 4, "1234"}})),
              HasSubstr("variable \"w\": has the unknown dtype 6"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{"w", {2}, 0, 4, "1234"}})),
              HasSubstr("variable \"w\": its shape [2] of F32 does not fill its 4 bytes exactly"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{"w", {100}, 0, 400, "123"}})),
              HasSubstr("variable \"w\": the data would take"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{"w", std::vector<uint32_t>(4, 1u << 31), 0, 0, ""}})),
              HasSubstr("does not fill"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{"w", {0}, 0, 0, ""}, {"w", {0}, 0, 0, ""}})), HasSubstr("is there twice"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{std::string("w\0v", 3), {0}, 0, 0, ""}})),
              HasSubstr("with one NUL, its last"));
  EXPECT_THAT(ErrorOfFile(CTranslate2Of(6, {{"w", std::vector<uint32_t>(17, 0), 0, 0, ""}})), HasSubstr("of 17 sizes"));
}

}  // namespace
}  // namespace dragoman
