// SPDX-License-Identifier: Apache-2.0
#include "metrics/unicode.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(UnicodeTest, Utf8SurvivesTheRoundTrip) {
  const std::string text = "a ü 中 𠮷 👩‍👧";
  EXPECT_EQ(EncodeUtf8(DecodeUtf8(text)), text);
  EXPECT_EQ(DecodeUtf8("ü𠮷"), U"\u00FC\U00020BB7");
  EXPECT_EQ(DecodeUtf8(std::string_view("\0x", 2)), std::u32string_view(U"\0x", 2));
  EXPECT_EQ(EncodeUtf8(U"\xD800"), "\uFFFD");  // a lone surrogate has no UTF-8 form
}

TEST(UnicodeTest, BrokenUtf8BecomesReplacementCharacters) {
  EXPECT_EQ(DecodeUtf8("\xFFz"), U"\uFFFDz");
  EXPECT_EQ(DecodeUtf8("\xE4\xB8z"), U"\uFFFDz");                // cut short: one part
  EXPECT_EQ(DecodeUtf8("\xC0\xAF"), U"\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(DecodeUtf8("\xED\xA0\x80"), U"\uFFFD\uFFFD\uFFFD");  // a surrogate
  EXPECT_EQ(DecodeUtf8("\xF0\x9F"), U"\uFFFD");                  // at the end
}

TEST(UnicodeTest, LowerCasesAsPythonDoes) {
  EXPECT_EQ(ToLower(U"AÜẞ中"), U"aüß中");
  EXPECT_EQ(ToLower(U"İ"), U"i\u0307");            // one character becomes two
  EXPECT_EQ(ToLower(U"ΟΔΟΣ ΣΑ Σ"), U"οδος σα σ");  // final sigma only behind a letter
  EXPECT_EQ(ToLower(U""), U"");
}

TEST(UnicodeTest, SpacesAreThoseOfPython) {
  const std::u32string_view spaces =
      U"\t\n\v\f\r\x1C\x1D\x1E\x1F \x85\xA0\u1680\u2000\u200A\u2028\u2029\u202F\u205F\u3000";
  for (const char32_t c : spaces) EXPECT_TRUE(IsSpace(c)) << static_cast<uint32_t>(c);
  for (const char32_t c : {U'\0', U'\x1B', U'!', U'\u180E', U'\u200B', U'\u2060', U'\uFEFF'}) {
    EXPECT_FALSE(IsSpace(c)) << static_cast<uint32_t>(c);
  }
}

TEST(UnicodeTest, GeneralCategories) {
  EXPECT_TRUE(IsPunctuation(U'.') && IsPunctuation(U'。') && IsPunctuation(U'_') && IsPunctuation(U'«'));
  EXPECT_TRUE(IsSymbol(U'$') && IsSymbol(U'+') && IsSymbol(U'❤') && IsSymbol(U'\U0001F355'));
  EXPECT_TRUE(IsNumber(U'7') && IsNumber(U'½') && IsNumber(U'Ⅷ') && IsNumber(U'٣'));
  EXPECT_FALSE(IsPunctuation(U'a') || IsSymbol(U'.') || IsNumber(U'中') || IsPunctuation(U'$'));
}

TEST(UnicodeTest, StripsAndSplitsAtEverySpace) {
  EXPECT_EQ(Strip(U"\u3000 a b \n"), U"a b");
  EXPECT_EQ(StripEnd(U" a \r\n"), U" a");
  EXPECT_EQ(Strip(U" \t"), U"");
  EXPECT_EQ(SplitAtSpaces(U"  a\u00A0b\u3000\u3000c "), (std::vector<std::u32string_view>{U"a", U"b", U"c"}));
  EXPECT_TRUE(SplitAtSpaces(U" ").empty());
}

}  // namespace
}  // namespace dragoman
