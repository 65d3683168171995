// SPDX-License-Identifier: Apache-2.0
#include "tensor/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace dragoman {
namespace {

// What lies between two neighbours goes to the nearer, what lies in the middle to the even one.
template <class To, class From>
void TestRounding(To to_half, From to_float, uint32_t infinity) {
  for (uint32_t half = 0; half < infinity; ++half) {
    const double value = to_float(static_cast<uint16_t>(half)), next = to_float(static_cast<uint16_t>(half + 1));
    EXPECT_EQ(to_half(static_cast<float>(value)), half);
    EXPECT_EQ(to_half(static_cast<float>(-value)), half | 0x8000);
    if (half + 1 == infinity) continue;
    const auto middle = static_cast<float>((value + next) / 2);
    EXPECT_EQ(to_half(middle), half + half % 2);
    EXPECT_EQ(to_half(std::nextafter(middle, 0.0f)), half);
    EXPECT_EQ(to_half(std::nextafter(middle, std::numeric_limits<float>::infinity())), half + 1);
  }
}

TEST(HalfTest, F16RoundsToNearestEven) { TestRounding(F16FromFloat, FloatFromF16, 0x7c00); }
TEST(HalfTest, Bf16RoundsToNearestEven) { TestRounding(Bf16FromFloat, FloatFromBf16, 0x7f80); }

TEST(HalfTest, WhatIsTooLargeIsInfinityAndNanStaysNan) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(F16FromFloat(65519.99f), 0x7bff);
  EXPECT_EQ(F16FromFloat(65520.0f), 0x7c00);
  EXPECT_EQ(F16FromFloat(-kInfinity), 0xfc00);
  EXPECT_EQ(Bf16FromFloat(std::numeric_limits<float>::max()), 0x7f80);
  EXPECT_EQ(FloatFromF16(0x7c00), kInfinity);
  EXPECT_TRUE(std::isnan(FloatFromF16(F16FromFloat(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(FloatFromBf16(Bf16FromFloat(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isnan(FloatFromBf16(Bf16FromFloat(std::bit_cast<float>(0x7f800001u)))));
}

}  // namespace
}  // namespace dragoman
