// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kSix = RawList<float>({0, 1, 2, 3, 4, 5});

std::unique_ptr<TensorArchive> Open(const std::vector<ZipPart>& parts) {
  return OpenNpzArchive(FileOf(ZipOf(parts)), "m.npz");
}
std::string ErrorOfArray(const std::string& npy) {
  return ErrorOf([&] { Open({{"w.npy", npy}}); });
}
std::string ErrorOfHeader(const std::string& dictionary, const std::string& data = "") {
  return ErrorOfArray(NpyOf(dictionary, data));
}

TEST(NpzArchiveTest, ArraysAreTensorsStoredOrDeflated) {
  for (const bool deflate : {false, true}) {
    const auto archive = Open({{"encoder/w.npy", NpyOf("<f4", "(2, 3)", kSix), deflate},
                               {"special:model.yml.npy", NpyOf("|i1", "(3,)", "yml"), deflate},
                               {"scalar.npy", NpyOf("<f8", "()", Raw(0.5)), deflate}});
    ASSERT_EQ(archive->tensors().size(), 3u);
    EXPECT_EQ(archive->path(), "m.npz");
    EXPECT_THAT(archive->Find("encoder/w").shape, ElementsAre(2, 3));
    EXPECT_EQ(archive->Find("encoder/w").dtype, DType::kF32);
    EXPECT_EQ(archive->Find("encoder/w").elements, 6);
    EXPECT_THAT(Floats(*archive, "encoder/w"), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_EQ(archive->ReadBytes("encoder/w"), kSix);
    EXPECT_EQ(archive->ReadBytes("special:model.yml"), "yml");
    EXPECT_THAT(archive->Find("scalar").shape, ElementsAre());
    EXPECT_THAT(Floats(*archive, "scalar"), ElementsAre(0.5f));
  }
}

TEST(NpzArchiveTest, ColumnMajorArraysComeRowMajor) {
  for (const bool deflate : {false, true}) {
    const auto archive =
        Open({{"w.npy", NpyOf("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }", kSix), deflate}});
    EXPECT_THAT(Floats(*archive, "w"), ElementsAre(0, 2, 4, 1, 3, 5));
    EXPECT_EQ(archive->ReadBytes("w"), RawList<float>({0, 2, 4, 1, 3, 5}));
  }
}

TEST(NpzArchiveTest, EveryDtypeIsReadAsItsValue) {
  const auto archive = Open({{"b1.npy", NpyOf("|b1", "(2,)", std::string("\0\2", 2))},
                             {"i1.npy", NpyOf("|i1", "(1,)", "\xff")},
                             {"u1.npy", NpyOf("|u1", "(1,)", "\xff")},
                             {"i2.npy", NpyOf("<i2", "(1,)", Raw<int16_t>(-300))},
                             {"u2.npy", NpyOf("<u2", "(1,)", Raw<uint16_t>(65535))},
                             {"i4.npy", NpyOf("<i4", "(1,)", Raw<int32_t>(-70'000))},
                             {"u4.npy", NpyOf("<u4", "(1,)", Raw<uint32_t>(1u << 31))},
                             {"i8.npy", NpyOf("<i8", "(1,)", Raw<int64_t>(-(int64_t{1} << 40)))},
                             {"u8.npy", NpyOf("<u8", "(1,)", Raw<uint64_t>(uint64_t{1} << 63))},
                             {"f2.npy", NpyOf("<f2", "(1,)", Raw<uint16_t>(0xc100))},
                             {"f4.npy", NpyOf("<f4", "(1,)", Raw(1.25f))},
                             {"f8.npy", NpyOf("<f8", "(1,)", Raw(-1.25))}});
  EXPECT_THAT(Floats(*archive, "b1"), ElementsAre(0, 1));
  const std::map<std::string, float> expected = {{"i1", -1},     {"u1", 255},     {"i2", -300},     {"u2", 65535},
                                                 {"i4", -70000}, {"u4", 0x1p31f}, {"i8", -0x1p40f}, {"u8", 0x1p63f},
                                                 {"f2", -2.5f},  {"f4", 1.25f},   {"f8", -1.25f}};
  for (const auto& [name, value] : expected) EXPECT_THAT(Floats(*archive, name), ElementsAre(value)) << name;
}

TEST(NpzArchiveTest, HeadersOfOtherWritersAreRead) {
  EXPECT_EQ(ErrorOfHeader("{ \"shape\":(2L,3L),'fortran_order' : False,\"descr\":'<f4' }", kSix), "nothing was thrown");
  for (const int version : {1, 2, 3}) {
    const std::string npy = NpyOf("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", kSix, version);
    EXPECT_EQ(ErrorOfArray(npy), "nothing was thrown") << version;
  }
  EXPECT_EQ(ErrorOfArray(NpyOf("<i1", "(1,)", "x")), "nothing was thrown");  // Marian's cnpy
}

TEST(NpzArchiveTest, WrongHeadersAreExplained) {
  EXPECT_THAT(ErrorOfArray("no array"),
              HasSubstr("m.npz: member \"w.npy\": does not begin as a .npy does; the file is"));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(2, 4)", kSix)),
              HasSubstr("member \"w.npy\" of shape [2, 4] and dtype F32 does not fill its 24 bytes exactly"));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(2, 2)", kSix)), HasSubstr("does not fill its 24 bytes exactly"));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(4294967296, 4294967296)", "")), HasSubstr("does not fill"));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(4611686018427387904,)", "")), HasSubstr("does not fill"));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(-6,)", kSix)), HasSubstr("expected a size at byte "));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(99999999999999999999,)", kSix)), HasSubstr("expected a size at byte "));
  EXPECT_THAT(ErrorOfArray(NpyOf("<f4", "(0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0)", "")),
              HasSubstr("a shape of 17 sizes, expected at most 16"));
  for (const char* descr : {">f4", "<f3", "<c8", "|O", "<U5", "|f4", "f4", "<f16", ""}) {
    EXPECT_THAT(ErrorOfArray(NpyOf(descr, "(6,)", kSix)), HasSubstr("expected little-endian numbers")) << descr;
  }
  EXPECT_THAT(ErrorOfHeader("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (6,)}"),
              HasSubstr("no record"));
  EXPECT_THAT(ErrorOfHeader("{'descr': '<f4', 'fortran_order': False}"), HasSubstr("expected the keys descr"));
  EXPECT_THAT(ErrorOfHeader("{'descr': '<f4', 'descr': '<f4'}"), HasSubstr("each of the keys"));
  EXPECT_THAT(ErrorOfHeader("{'descr': '<f4', 'more': 1}"), HasSubstr("each of the keys"));
  EXPECT_THAT(ErrorOfHeader("{'descr': '<f4', 'fortran_order': None}"), HasSubstr("expected True or False"));
  EXPECT_THAT(ErrorOfHeader("{'descr': '<f4', 'fortran_order': False, 'shape': (6,)} more"), HasSubstr("an end after"));
  EXPECT_THAT(ErrorOfHeader("{'descr"), HasSubstr("expected a string"));
  EXPECT_THAT(ErrorOfArray(NpyOf("{}", "", 4)), HasSubstr(".npy version 4.0, expected 1.0, 2.0 or 3.0"));
  EXPECT_THAT(ErrorOfArray(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)), HasSubstr("claims 4294967295 bytes"));
  EXPECT_THAT(ErrorOf([] { Open({{"w", "x"}}); }), HasSubstr("member \"w\" is not an array"));
}

// What the zip claims of a member and what the array needs are the same, before anything is unpacked.
TEST(NpzArchiveTest, ADeflatedArrayThatIsNotAllThereIsAnErrorWhenItIsRead) {
  const std::string npy = NpyOf("<f4", "(2, 3)", kSix);
  const std::string cut = npy.substr(0, npy.size() - 4);
  const auto archive = Open({{"w.npy", cut, true, static_cast<uint32_t>(npy.size())}});
  EXPECT_EQ(archive->Find("w").elements, 6);
  EXPECT_THAT(ErrorOf([&] { Floats(*archive, "w"); }),
              HasSubstr("m.npz: member \"w.npy\" is damaged (unpacked it has"));
}

TEST(NpzArchiveTest, AMissingNameIsExplainedByTheNearest) {
  const auto archive = Open({{"encoder_Wemb.npy", NpyOf("<f4", "(2, 3)", kSix)}});
  EXPECT_TRUE(archive->Has("encoder_Wemb"));
  EXPECT_FALSE(archive->Has("encoder_Wem"));
  EXPECT_EQ(
      ErrorOf([&] { archive->Find("encoder_Wem"); }),
      "m.npz: has no tensor \"encoder_Wem\" among its 1; the nearest name is \"encoder_Wemb\"; take the files of one "
      "model, as they came together");
  std::vector<float> out;
  EXPECT_THROW(archive->ReadFloats("other", out), FormatError);
  EXPECT_THROW(archive->ReadBytes("other"), FormatError);
  EXPECT_THROW(archive->PathOf("other"), FormatError);
}

}  // namespace
}  // namespace dragoman
