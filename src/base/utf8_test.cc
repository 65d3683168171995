// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace dragoman {
namespace {

// The definition, one code point at a time: the oracle for every two- and three-byte string.
bool DecodesToOneScalar(const std::string& s) {
  if (s.size() < 2 || s.size() > 3) return false;
  const auto b = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  for (size_t i = 1; i < s.size(); ++i) {
    if ((b(i) & 0xC0) != 0x80) return false;
  }
  if (s.size() == 2) {
    if ((b(0) & 0xE0) != 0xC0) return false;
    return ((b(0) & 0x1F) << 6 | (b(1) & 0x3F)) >= 0x80;
  }
  if ((b(0) & 0xF0) != 0xE0) return false;
  const unsigned code = (b(0) & 0x0Fu) << 12 | (b(1) & 0x3Fu) << 6 | (b(2) & 0x3Fu);
  return code >= 0x800 && (code < 0xD800 || code > 0xDFFF);
}

TEST(Utf8Test, AgreesWithTheDefinitionOnAllStringsThatBeginWithANonAsciiByte) {
  for (int a = 0x80; a < 256; ++a) {
    for (int b = 0x80; b < 256; ++b) {
      const std::string two = {static_cast<char>(a), static_cast<char>(b)};
      ASSERT_EQ(IsValidUtf8(two), DecodesToOneScalar(two)) << a << " " << b;
      for (int c = 0x80; c < 256; c += 3) {
        const std::string three = two + static_cast<char>(c);
        ASSERT_EQ(IsValidUtf8(three), DecodesToOneScalar(three)) << a << " " << b << " " << c;
      }
    }
  }
}

TEST(Utf8Test, FourByteBoundaries) {
  EXPECT_TRUE(IsValidUtf8("\xF0\x90\x80\x80"));   // U+10000
  EXPECT_FALSE(IsValidUtf8("\xF0\x8F\xBF\xBF"));  // overlong
  EXPECT_TRUE(IsValidUtf8("\xF4\x8F\xBF\xBF"));   // U+10FFFF
  EXPECT_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // above it
  EXPECT_FALSE(IsValidUtf8("\xF5\x80\x80\x80"));
}

TEST(Utf8Test, NamesTheFirstBadByteAtEveryAlignment) {
  for (size_t before = 0; before < 40; ++before) {
    for (size_t after = 0; after < 20; ++after) {
      const std::string text = std::string(before, 'a') + "\xFF" + std::string(after, 'b');
      EXPECT_EQ(FindInvalidUtf8(text), before);
    }
  }
}

TEST(Utf8Test, CutCharacterAtTheEndIsInvalid) {
  const std::string text = "abc\xE4\xBD\xA0";  // 你
  EXPECT_TRUE(IsValidUtf8(text));
  EXPECT_EQ(FindInvalidUtf8(text.substr(0, 5)), 3u);
  EXPECT_EQ(FindInvalidUtf8(text.substr(0, 4)), 3u);
}

TEST(Utf8Test, CodePointsOfAllLengthsAreRead) {
  const std::string_view text = "a\xC3\xA9\xE4\xBD\xA0\xF0\x9F\x90\x89";  // a é 你 🐉
  EXPECT_EQ(CodePointAt(text, 0), U'a');
  EXPECT_EQ(CodePointAt(text, 1), U'\u00E9');
  EXPECT_EQ(CodePointAt(text, 3), U'\u4F60');
  EXPECT_EQ(CodePointAt(text, 6), U'\U0001F409');
}

TEST(Utf8Test, TextHasNoControlCharactersButWhiteSpaceAndMayBeCut) {
  for (const char* text : {"", "a\r\n\tb", "你好", "你\xE4\xBD", "x^2"}) EXPECT_TRUE(LooksLikeText(text)) << text;
  for (const std::string& text : {std::string("a\0", 2), std::string("\n\x0E\n\x05<unk>"), std::string("a\x7F"),
                                  std::string("\xFF"), std::string("a\xE4\xBD rest")}) {
    EXPECT_FALSE(LooksLikeText(text)) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace dragoman
