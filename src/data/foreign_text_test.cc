// SPDX-License-Identifier: Apache-2.0
#include "data/foreign_text.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace dragoman {
namespace {

using namespace std::string_literals;

std::string WhatIs(const std::string& head) {
  const auto found = FindForeignText(head);
  return found ? found->what : "text";
}

TEST(ForeignTextTest, PackersAreKnownByTheirFirstBytes) {
  EXPECT_EQ(WhatIs("\xFD\x37zXZ\0..."s), "xz");
  EXPECT_EQ(WhatIs("\x28\xB5\x2F\xFD..."), "zstd");
  for (const std::string level : {"1", "5", "9"}) EXPECT_EQ(WhatIs("BZh" + level + "1AY&SY..."), "bzip2");
  EXPECT_EQ(WhatIs("PK\x03\x04..."), "zip");
  EXPECT_EQ(WhatIs("\x04\x22\x4D\x18..."), "lz4");
  EXPECT_EQ(WhatIs("7z\xBC\xAF\x27\x1C..."), "7z");
  EXPECT_EQ(WhatIs("train.en" + std::string(249, '\0') + "ustar  "), "tar");
  EXPECT_EQ(FindForeignText("BZh61AY&SY...")->remedy, "unpack it: bzip2 -dc < old > new");
}

std::string Zlib(const std::string& text, int level) {
  uLongf size = compressBound(static_cast<uLong>(text.size()));
  std::string packed(size, '\0');
  compress2(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()),
            static_cast<uLong>(text.size()), level);
  packed.resize(size);
  return packed;
}

TEST(ForeignTextTest, ZlibIsKnownButForTextThatBeginsSo) {
  std::string longer;
  for (int i = 0; i < 500; ++i) longer += "line " + std::to_string(i * i) + "\n";
  for (const std::string& text : {""s, "a\n"s, "hello\n"s, longer}) {
    for (const int level : {0, 1, 6, 9}) EXPECT_EQ(WhatIs(Zlib(text, level)), "zlib") << level;
  }
  for (const std::string& text : {"x\x01"s, "x^2 + y^2\n"s, "x^"s, "x\u06AF\n"s, "x\xDA"s,
                                  "x\u06AF\u4E00"s.substr(0, 5), "x\x01 is a control character\n"s}) {
    EXPECT_EQ(WhatIs(text), "text") << testing::PrintToString(text);
  }
  EXPECT_EQ(FindForeignText(Zlib("a", 6))->remedy, "unpack it: pigz -dc < old > new");
}

TEST(ForeignTextTest, WideEncodingsAreKnownByTheirMark) {
  EXPECT_EQ(WhatIs("\xFF\xFE"s), "UTF-16 text");
  EXPECT_EQ(WhatIs("\xFE\xFF\0a"s), "UTF-16 text");
  EXPECT_EQ(WhatIs("\xFF\xFE\0\0a\0\0\0"s), "UTF-32 text");
  EXPECT_EQ(WhatIs("\0\0\xFE\xFF"s), "UTF-32 text");
  EXPECT_EQ(FindForeignText("\xFF\xFE"s)->remedy, "convert it: iconv -f UTF-16 -t UTF-8 < old > new");
}

// `units` as UTF-16 or UTF-32.
std::string Wide(const std::u32string& units, size_t width, bool big_endian) {
  std::string bytes;
  for (const char32_t unit : units) {
    for (size_t i = 0; i < width; ++i) bytes += static_cast<char>(unit >> 8 * (big_endian ? width - 1 - i : i));
  }
  return bytes;
}

TEST(ForeignTextTest, WithoutAMarkWideEncodingsAreKnownByTheirNulBytes) {
  for (const char32_t* text : {U"ab\n", U"a\n", U"Grüße aus Zürich\r\n", U"Добрый день\nспасибо\n", U"你好\n",
                               U"一上一上一下\n我们\n", U"no line feed", U"हिन्दी\nमें\n"}) {
    EXPECT_EQ(WhatIs(Wide(text, 2, false)), "UTF-16LE text");
    EXPECT_EQ(WhatIs(Wide(text, 2, true)), "UTF-16BE text");
    EXPECT_EQ(WhatIs(Wide(text, 4, false)), "UTF-32LE text");
    EXPECT_EQ(WhatIs(Wide(text, 4, true)), "UTF-32BE text");
  }
}

TEST(ForeignTextTest, OtherTextIsText) {
  for (const std::string& text : {""s,
                                  "a"s,
                                  "B"s,
                                  "BZh91AY, a text"s,
                                  "PK"s,
                                  "("s,
                                  "\x1F"s,
                                  "7z"s,
                                  "LZIP"s,
                                  "\xEF\xBB\xBFmark"s,
                                  "你好\n"s,
                                  "\0"s,
                                  "a\0"s,
                                  "ab\0c\n"s,
                                  "a\0b\n"s,
                                  "x\nab\0c\n"s,
                                  "\0\0\0\0\n"s,
                                  "\xFF\n"s,
                                  std::string(5000, '\0'),
                                  "one\0two\0three\0\n"s}) {
    EXPECT_EQ(WhatIs(text), "text") << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace dragoman
