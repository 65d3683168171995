// SPDX-License-Identifier: Apache-2.0
#include "archive/ctranslate2_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<float> kNumbers = {1, 2.5f};
const std::string kHeads = Raw<int16_t>(8), kScale = Raw(0.5f);

// b_heads, then a: not in the order of names.
CTranslate2Contents Contents() {
  CTranslate2Contents contents{"Spec", 7, {}, {{"d", "a"}, {"c", "a"}}};
  contents.variables.push_back({"b_heads", {}, {}, DType::kI16, kHeads});
  contents.variables.push_back({"a", {1, 2}, kNumbers});
  return contents;
}

std::string Written(const CTranslate2Contents& contents) {
  MemoryWriter file;
  WriteCTranslate2Binary(contents, file);
  return file.written;
}

TEST(CTranslate2WriterTest, EveryByteIsWhereTheFormatHasIt) {
  const std::string expected = Raw<uint32_t>(6) + Raw<uint16_t>(5) + std::string("Spec\0", 5) + Raw<uint32_t>(7) +
                               Raw<uint32_t>(2) +                                               // variables
                               Raw<uint16_t>(2) + std::string("a\0", 2) + "\2" +                // of two dimensions
                               Raw<uint32_t>(1) + Raw<uint32_t>(2) + '\0' + Raw<uint32_t>(8) +  // f32, bytes
                               Raw(1.0f) + Raw(2.5f) +                                          //
                               Raw<uint16_t>(8) + std::string("b_heads\0", 8) + '\0' +          // of none
                               "\2" + Raw<uint32_t>(2) + kHeads +                               // i16
                               Raw<uint32_t>(2) +                                               // aliases
                               Raw<uint16_t>(2) + std::string("c\0", 2) + Raw<uint16_t>(2) + std::string("a\0", 2) +
                               Raw<uint16_t>(2) + std::string("d\0", 2) + Raw<uint16_t>(2) + std::string("a\0", 2);
  EXPECT_EQ(Written(Contents()), expected);
}

TEST(CTranslate2WriterTest, OurReaderReadsIt) {
  const auto archive = OpenCTranslate2Binary(FileOf(Written(Contents())), "model.bin");
  EXPECT_EQ(archive->binary_version(), 6);
  EXPECT_EQ(archive->spec_name(), "Spec");
  EXPECT_EQ(archive->spec_revision(), 7);
  EXPECT_EQ(archive->tensors().size(), 4u);
  EXPECT_THAT(archive->Find("d").shape, ElementsAre(1, 2));
  EXPECT_THAT(Floats(*archive, "d"), ElementsAre(1, 2.5f));
  EXPECT_THAT(archive->Find("b_heads").shape, ElementsAre());
  EXPECT_EQ(archive->Find("b_heads").dtype, DType::kI16);
  EXPECT_THAT(Floats(*archive, "b_heads"), ElementsAre(8));
}

TEST(CTranslate2WriterTest, AnAttributeMayBeAFloat) {
  CTranslate2Contents contents{"Spec", 7, {}, {}};
  contents.variables.push_back({"scale", {}, {}, DType::kF32, kScale});
  EXPECT_THAT(Floats(*OpenCTranslate2Binary(FileOf(Written(contents)), "model.bin"), "scale"), ElementsAre(0.5f));
}

TEST(CTranslate2WriterTest, AVariableThatTheFormatHasNoRoomForIsRefused) {
  const std::span<const float> huge(kNumbers.data(), size_t{1} << 30);  // never looked at
  std::string message;
  try {
    Written({"Spec", 7, {{"table", {1 << 20, 1 << 10}, huge}}, {}});
  } catch (const OptionError& error) {
    message = error.what();
  }
  EXPECT_THAT(message, HasSubstr("\"table\" has 4294967296 bytes, expected less than 4 GiB"));
}

}  // namespace
}  // namespace dragoman
