// SPDX-License-Identifier: Apache-2.0
#include "base/checked_size.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

constexpr int64_t kLarge = int64_t{1} << 62;

TEST(CheckedSizeTest, AProductIsExactOrNothing) {
  EXPECT_EQ(CheckedProduct({3, 5, 7}), 105);
  EXPECT_EQ(CheckedProduct({}), 1);
  EXPECT_EQ(CheckedProduct({INT64_MAX, 1}), INT64_MAX);
  EXPECT_EQ(CheckedProduct({kLarge, 2}), std::nullopt);
  EXPECT_EQ(CheckedProduct({int64_t{1} << 32, int64_t{1} << 32}), std::nullopt) << "0 in 64 bits";
  EXPECT_EQ(CheckedProduct({kLarge, kLarge, 0}), 0);
  EXPECT_EQ(CheckedProduct({0, kLarge, kLarge}), 0);
  EXPECT_EQ(CheckedProduct({-1, -1}), std::nullopt);
  EXPECT_EQ(CheckedProduct({-1, 0}), std::nullopt);
}

}  // namespace
}  // namespace dragoman
