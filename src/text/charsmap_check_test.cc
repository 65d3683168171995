// SPDX-License-Identifier: Apache-2.0
#include "text/charsmap_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace dragoman {
namespace {

using testing::HasSubstr;

// A trie of 512 units with the one rule "a" -> "b": the root's children lie in the second block of 256.
struct Blob {
  std::vector<uint32_t> units = std::vector<uint32_t>(512, 1u << 31);
  std::string replacements = std::string("b\0", 2);

  static constexpr uint32_t kRootBase = 256;
  static constexpr uint32_t kA = kRootBase ^ 'a';

  Blob() {
    units[0] = kRootBase << 10;
    units[kA] = (1u << 10) | (1u << 8) | 'a';  // offset 1, has a leaf
    units[kA ^ 1] = (1u << 31) | 0;            // the leaf: replacement 0
  }
  std::string Bytes() const {
    const auto size = static_cast<uint32_t>(units.size() * 4);
    std::string bytes(4 + size, '\0');
    std::memcpy(bytes.data(), &size, 4);
    std::memcpy(bytes.data() + 4, units.data(), size);
    return bytes + replacements;
  }
};

TEST(CharsmapCheckTest, AcceptsOneRuleAndNone) {
  EXPECT_EQ(FindCharsmapFault(""), "");
  EXPECT_EQ(FindCharsmapFault(Blob().Bytes()), "");
}

TEST(CharsmapCheckTest, SizesMustFit) {
  EXPECT_THAT(FindCharsmapFault("abc"), HasSubstr("only 3 bytes"));
  EXPECT_THAT(FindCharsmapFault("\xFF\xFF\xFF\x7F trie"), HasSubstr("trie size of"));
  std::string no_replacements = Blob().Bytes();
  no_replacements.resize(no_replacements.size() - 2);
  EXPECT_THAT(FindCharsmapFault(no_replacements), HasSubstr("trie size of"));
}

TEST(CharsmapCheckTest, OffsetsMustStayInside) {
  Blob blob;
  blob.units[0] = 4096u << 10;
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("outside the trie"));
  blob = Blob();
  blob.units[Blob::kA] |= 0x1FFFFFu << 10;
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("outside the trie"));
}

TEST(CharsmapCheckTest, ACycleIsFound) {
  Blob blob;
  // After "a", child 'a' is the same unit again: offset 'a' leads from kA back to a base whose child 'a' is kA.
  blob.units[Blob::kA] = (static_cast<uint32_t>('a') << 10) | 'a';
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("cycle"));
}

TEST(CharsmapCheckTest, ReplacementsMustBeStrings) {
  Blob blob;
  blob.units[Blob::kA ^ 1] = (1u << 31) | 2;
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("outside the blob"));
  blob = Blob();
  blob.replacements = "b";
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("without its end"));
  blob.replacements = std::string("\xFF\0", 2);
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("not UTF-8"));
  blob.replacements = std::string("\xC3\xA9\0", 3);
  EXPECT_EQ(FindCharsmapFault(blob.Bytes()), "");
  blob.units[Blob::kA ^ 1] = (1u << 31) | 1;
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("inside a character"));
  blob = Blob();
  blob.replacements = std::string(600, 'x') + '\0';
  EXPECT_THAT(FindCharsmapFault(blob.Bytes()), HasSubstr("longer than 512"));
}

}  // namespace
}  // namespace dragoman
