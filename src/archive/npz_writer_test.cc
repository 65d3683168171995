// SPDX-License-Identifier: Apache-2.0
#include "archive/npz_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/archive_testing.h"
#include "archive/npy_header.h"
#include "archive/zip_file.h"

namespace dragoman {
namespace {

using testing::ElementsAre;

const std::vector<float> kSix = {0, 1, 2, 3, 4, 5};

std::string Written() {
  MemoryWriter file;
  WriteNpz({{"special:model.yml", {4}, {}, DType::kI8, std::string_view("a: 1", 4)}, {"W", {2, 3}, kSix}}, file);
  return file.written;
}

TEST(NpyHeaderTest, IsWhatNumPyWrites) {
  const std::string header = NpyHeaderOf(DType::kF32, {2, 3});
  EXPECT_EQ(header.size(), 128u);
  EXPECT_EQ(header.substr(0, 69),
            std::string("\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 69));
  EXPECT_EQ(header.substr(69), std::string(58, ' ') + "\n");
  EXPECT_EQ(NpyHeaderOf(DType::kI8, {7}).substr(10, 57), "{'descr': '|i1', 'fortran_order': False, 'shape': (7,), }");
  EXPECT_EQ(NpyHeaderOf(DType::kI64, {}).substr(10, 55), "{'descr': '<i8', 'fortran_order': False, 'shape': (), }");
}

TEST(NpzWriterTest, OurReaderReadsIt) {
  const auto archive = OpenNpzArchive(FileOf(Written()), "m.npz");
  ASSERT_EQ(archive->tensors().size(), 2u);
  EXPECT_THAT(archive->Find("W").shape, ElementsAre(2, 3));
  EXPECT_THAT(Floats(*archive, "W"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(archive->ReadBytes("special:model.yml"), "a: 1");
}

// Marian's cnpy goes from one member to the next without a look at the zip's directory: each begins where the bytes of
// the one before end, and its sizes stand before them.
TEST(NpzWriterTest, MembersAreStoredOneBehindTheOther) {
  const std::string bytes = Written();
  size_t at = 0;
  for (const std::string name : {"W.npy", "special:model.yml.npy"}) {
    EXPECT_EQ(bytes.substr(at, 4), "PK\3\4") << name;
    const auto flags = static_cast<unsigned char>(bytes[at + 6]);
    EXPECT_EQ(flags & 8, 0) << "sizes behind the bytes of " << name;
    EXPECT_EQ(bytes.substr(at + 8, 2), Raw<uint16_t>(0)) << "not stored: " << name;
    const size_t size = name == "W.npy" ? 128 + 24 : 128 + 4;
    EXPECT_EQ(bytes.substr(at + 18, 8), Raw<uint32_t>(size) + Raw<uint32_t>(size)) << name;
    EXPECT_EQ(bytes.substr(at + 30, name.size()), name);
    EXPECT_EQ(bytes.substr(at + 28, 2), Raw<uint16_t>(0)) << name;  // nothing between name and bytes
    at += 30 + name.size() + size;
  }
  EXPECT_EQ(bytes.substr(at, 4), "PK\1\2");
  EXPECT_EQ(bytes, Written());  // no clock in it
}

}  // namespace
}  // namespace dragoman
