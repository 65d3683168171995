// SPDX-License-Identifier: Apache-2.0
#include "cli/stdout.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(OneLineTest, ControlCharactersButTabsBecomeSpaces) {
  EXPECT_EQ(OneLine(std::string("a\0b\x01"
                                "c\nd\r\x1F"
                                "e\x7F"
                                "f\tg",
                                14)),
            "a b c d  e f\tg");
  EXPECT_EQ(OneLine("plain, 我爱你 \xC2\x85"), "plain, 我爱你 \xC2\x85");
}

}  // namespace
}  // namespace dragoman
