// SPDX-License-Identifier: Apache-2.0
#include "cli/picture_text.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(PictureTextTest, DisplayWidthCountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3u);
  EXPECT_EQ(DisplayWidth("我爱你"), 6u);
  EXPECT_EQ(DisplayWidth("カ"), 2u);
  EXPECT_EQ(DisplayWidth("한"), 2u);
  EXPECT_EQ(DisplayWidth("，"), 2u);
  EXPECT_EQ(DisplayWidth("é"), 1u);
  EXPECT_EQ(DisplayWidth("e\u0301"), 1u);  // e and a combining accent
  EXPECT_EQ(DisplayWidth("░"), 1u);
  EXPECT_EQ(DisplayWidth("\xFF"), 1u);  // U+FFFD in its place
}

TEST(PictureTextTest, WhatDrivesATerminalOrIsForbiddenInXmlIsNotShown) {
  EXPECT_EQ(Printable("a\x1B[1mb"), "a\uFFFD[1mb");
  EXPECT_EQ(Printable("a\xFF"), "a\uFFFD");
  EXPECT_EQ(Printable("\xEF\xBF\xBF"), "\uFFFD");
  EXPECT_EQ(Printable("<我>"), "<我>");
}

TEST(PictureTextTest, XmlTextIsTextWhateverItHolds) {
  EXPECT_EQ(XmlText("a<b>&\"c\"]]>"), "a&lt;b&gt;&amp;&quot;c&quot;]]&gt;");
  EXPECT_EQ(XmlText(std::string("\0\n", 2)), "\uFFFD\uFFFD");
}

}  // namespace
}  // namespace dragoman
