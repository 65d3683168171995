// SPDX-License-Identifier: Apache-2.0
#include "base/crc32.h"

#include <gtest/gtest.h>

#include <string>

namespace dragoman {
namespace {

TEST(Crc32Test, GivesThePublishedCheckValues) {
  EXPECT_EQ(Crc32("123456789"), 0xcbf43926u);             // the catalogue's check value of CRC-32
  EXPECT_EQ(Crc32c("123456789"), 0xe3069283u);            // and of CRC-32C
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8a9136aau);  // RFC 3720, B.4
  EXPECT_EQ(Crc32(""), 0u);
  EXPECT_EQ(Crc32c(""), 0u);
}

TEST(Crc32Test, GoesOnFromAnEarlierValue) {
  const std::string text = "the law will never be perfect";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(Crc32(text.substr(cut), Crc32(text.substr(0, cut))), Crc32(text));
    EXPECT_EQ(Crc32c(text.substr(cut), Crc32c(text.substr(0, cut))), Crc32c(text));
  }
}

TEST(Crc32Test, TextHasEightDigits) { EXPECT_EQ(Crc32Text(0xabc), "00000abc"); }

}  // namespace
}  // namespace dragoman
