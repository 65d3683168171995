// SPDX-License-Identifier: Apache-2.0
#include "nn/position_encoding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <vector>

namespace dragoman {
namespace {

struct Table {
  Table(SinusoidLayout layout, SinusoidExponent exponent, int64_t positions, int64_t d, int64_t first = 0)
      : values(static_cast<size_t>(positions * d)), view(values.data(), positions, d) {
    FillSinusoids(layout, exponent, first, view);
  }
  std::vector<float> values;
  Matrix view;
};

// The paper's formula, column by column: column 2i is a sine, column 2i + 1 a cosine of the same angle.
TEST(PositionEncodingTest, InterleavedWithThePapersExponent) {
  const Table table(SinusoidLayout::kInterleaved, SinusoidExponent::kPaper, 50, 12);
  for (int64_t pos = 0; pos < 50; ++pos) {
    for (int64_t col = 0; col < 12; ++col) {
      const double i = static_cast<double>(col / 2);
      const double angle = static_cast<double>(pos) / std::pow(10000.0, 2 * i / 12);
      EXPECT_NEAR(table.view.At(pos, col), col % 2 == 0 ? std::sin(angle) : std::cos(angle), 1e-6);
    }
  }
}

TEST(PositionEncodingTest, Tensor2TensorsExponentReachesTheLowestFrequency) {
  const Table table(SinusoidLayout::kInterleaved, SinusoidExponent::kTensor2Tensor, 50, 12);
  for (int64_t pos = 0; pos < 50; ++pos) {
    for (int64_t col = 0; col < 12; ++col) {
      const double i = static_cast<double>(col / 2);
      const double angle = static_cast<double>(pos) * std::exp(-i * std::log(10000.0) / (12.0 / 2 - 1));
      EXPECT_NEAR(table.view.At(pos, col), col % 2 == 0 ? std::sin(angle) : std::cos(angle), 1e-6);
    }
    EXPECT_NEAR(table.view.At(pos, 10), std::sin(static_cast<double>(pos) / 10000), 1e-6);
  }
}

TEST(PositionEncodingTest, HalvesAreTheSameColumnsInAnotherOrder) {
  for (const SinusoidExponent exponent : {SinusoidExponent::kPaper, SinusoidExponent::kTensor2Tensor}) {
    const Table interleaved(SinusoidLayout::kInterleaved, exponent, 20, 8);
    const Table halves(SinusoidLayout::kHalves, exponent, 20, 8);
    for (int64_t pos = 0; pos < 20; ++pos) {
      for (int64_t i = 0; i < 4; ++i) {
        EXPECT_EQ(halves.view.At(pos, i), interleaved.view.At(pos, 2 * i));
        EXPECT_EQ(halves.view.At(pos, 4 + i), interleaved.view.At(pos, 2 * i + 1));
      }
    }
  }
}

TEST(PositionEncodingTest, RowsBeginWithThePositionThatIsFirst) {
  for (const SinusoidLayout layout : {SinusoidLayout::kInterleaved, SinusoidLayout::kHalves}) {
    const Table from_zero(layout, SinusoidExponent::kTensor2Tensor, 22, 8);
    const Table from_two(layout, SinusoidExponent::kTensor2Tensor, 20, 8, /*first=*/2);
    for (int64_t row = 0; row < 20; ++row) {
      for (int64_t col = 0; col < 8; ++col) EXPECT_EQ(from_two.view.At(row, col), from_zero.view.At(row + 2, col));
    }
  }
}

TEST(PositionEncodingTest, TheSmallestWidthsHaveFiniteValues) {
  for (const SinusoidExponent exponent : {SinusoidExponent::kPaper, SinusoidExponent::kTensor2Tensor}) {
    const Table table(SinusoidLayout::kInterleaved, exponent, 3, 2);  // d / 2 - 1 is 0 here
    for (int64_t pos = 0; pos < 3; ++pos) {
      EXPECT_NEAR(table.view.At(pos, 0), std::sin(static_cast<double>(pos)), 1e-6);
      EXPECT_NEAR(table.view.At(pos, 1), std::cos(static_cast<double>(pos)), 1e-6);
    }
  }
}

}  // namespace
}  // namespace dragoman
