// SPDX-License-Identifier: Apache-2.0
#include "text/blank.h"

#include <gtest/gtest.h>

#include <string>

namespace dragoman {
namespace {

TEST(BlankTest, TextWithoutAnythingToSeeIsBlank) {
  for (const char* text : {
           "",
           " ",
           "\t \v\f\r",
           "\x01\x7F",
           "\u0085",
           "\u00A0",
           "\u00AD",
           "\u034F",
           "\u061C",
           "\u115F\u1160",
           "\u1680",
           "\u17B4",
           "\u180E",
           "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A",
           "\u200B\u200C\u200D\u200E\u200F",
           "\u2028\u2029\u202A\u202E\u202F",
           "\u205F\u2060\u2061\u2064\u2066\u206F",
           "\u2800",
           "\u3000",
           "\u3164",
           "\uFE00\uFE0F",
           "\uFEFF",
           "\uFFA0",
           "\uFFF9\uFFFA\uFFFB",
           "\U0001D159",
           "\U000E0001\U000E0020\U000E0100",
           " \u3000\u200B\u00A0\uFEFF\t",
       }) {
    EXPECT_TRUE(IsBlank(text)) << '"' << text << '"';
  }
}

TEST(BlankTest, WhatCanBeSeenIsNot) {
  for (const char* text : {"a", " a", "\u3000我", "\u200B.", "\uFFFD", "\u0301", "\u0600", "\u2423", "\u2581", "\uE000",
                           "\uFFFC", "\U0001F600", "\u2060\u2800!", "0", "-", "\u00AD-"}) {
    EXPECT_FALSE(IsBlank(text)) << '"' << text << '"';
  }
}

}  // namespace
}  // namespace dragoman
