// SPDX-License-Identifier: Apache-2.0
#include "kernels/packed_weight.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include "kernels/gemm_testing.h"
#include "kernels/kernels_testing.h"
#include "kernels/reference/packed_weight.h"
#include "tensor/flat_buffer.h"
#include "tensor/half.h"

namespace dragoman::kernels {
namespace {

constexpr PackedFormat kFormats[] = {PackedFormat::kInt8, PackedFormat::kBf16, PackedFormat::kF16};

// A weight with the memory that it is in.
struct Packed {
  Packed(PackedFormat format, const ConstMatrix& w, Transpose transpose = Transpose::kNo)
      : k(transpose == Transpose::kYes ? w.cols : w.rows),
        n(transpose == Transpose::kYes ? w.rows : w.cols),
        memory(PanelBytes(format, k, n) / 4 + 1),
        scales(static_cast<size_t>(n)),
        view{format, bytes(), format == PackedFormat::kInt8 ? scales.data() : nullptr, k, n} {
    PackWeight(format, w, transpose, bytes(), scales.data());
  }
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(memory.data()); }

  int64_t k, n;
  FlatBuffer memory;
  std::vector<float> scales;
  PackedWeight view;
};

std::vector<float> Elements(const ConstMatrix& m) {
  std::vector<float> all;
  for (int64_t r = 0; r < m.rows; ++r) all.insert(all.end(), m.Row(r), m.Row(r) + m.cols);
  return all;
}

// test() once for each way that there is to multiply bytes.
template <class Test>
void ForEachMultiplication(const Test& test) {
  ForEachTarget([&] {
    test();
    if (!UsesVnni()) return;
    SCOPED_TRACE("without VNNI");
    AllowVnni(false);
    test();
    AllowVnni(true);
  });
}

bool HasFusedMultiplyAdd() {
  const std::string target = CurrentTarget();
  return target == "avx2" || target == "avx512" || target == "neon";
}

struct Case {
  Shape shape;
  bool bias = true, relu = true, accumulate = true;
  float row_multiplier = 0;  // int8 only
};

void ExpectProductOfTwin(PackedFormat format, const Case& c) {
  SCOPED_TRACE(testing::Message() << "format " << static_cast<int>(format) << ", " << c.shape.m << " x " << c.shape.n
                                  << " x " << c.shape.k);
  TestMatrix x(c.shape.m, c.shape.k, 1, 3.0f), w(c.shape.k, c.shape.n, 2, 0.5f);
  const std::vector<float> bias = RandomFloats(c.shape.n, 4);
  const Epilogue epilogue{c.bias ? bias.data() : nullptr, c.relu, c.accumulate};
  TestMatrix y(c.shape.m, c.shape.n, 5), expected(c.shape.m, c.shape.n, 5);
  Packed weight(format, w.view());
  weight.view.row_multiplier = c.row_multiplier;
  Gemm(x.view(), weight.view, epilogue, y.view());
  if (format == PackedFormat::kInt8) {
    reference::GemmInt8(x.view(), w.view(), epilogue, expected.view(), c.row_multiplier);
    if (HasFusedMultiplyAdd()) {
      EXPECT_TRUE(SameBits(Elements(y.view()), Elements(expected.view())));
      EXPECT_TRUE(y.Intact());
      return;
    }
  } else {
    const bool round_rows = format == PackedFormat::kBf16 && HasFastBf16();
    reference::GemmHalf(format, round_rows, x.view(), w.view(), epilogue, expected.view());
  }
  ExpectNear(y, expected, 2e-7 * (1 + std::sqrt(double(c.shape.k))), "y", 3);
}

// Rows around every height of a tile, columns around every panel and width of a tile, steps around every one.
TEST(PackedWeightTest, ProductsMatchTheirTwins) {
  ForEachMultiplication([] {
    for (const PackedFormat format : kFormats) {
      for (int64_t m = 0; m <= 25; ++m) ExpectProductOfTwin(format, {{m, 50, 9}});
      for (int64_t n = 0; n <= 66; ++n) ExpectProductOfTwin(format, {{3, n, 17}});
      for (const int64_t n : {127, 128, 129, 300}) ExpectProductOfTwin(format, {{1, n, 17}});
      for (int64_t k = 0; k <= 40; ++k) ExpectProductOfTwin(format, {{9, 49, k}});
      ExpectProductOfTwin(format, {{70, 97, 1030}});
      for (const bool bias : {false, true}) {
        for (const bool relu : {false, true}) {
          for (const bool accumulate : {false, true})
            ExpectProductOfTwin(format, {{9, 49, 33}, bias, relu, accumulate});
        }
      }
    }
  });
}

// One that cuts nothing, one that cuts most, one that leaves next to nothing; x is within ±3.
TEST(PackedWeightTest, RowsCanBeRoundedByAGivenNumber) {
  ForEachMultiplication([] {
    for (const float multiplier : {127 / 3.0f, 300.0f, 0.2f, 1e30f}) {
      SCOPED_TRACE(multiplier);
      for (int64_t m = 0; m <= 9; ++m) {
        ExpectProductOfTwin(PackedFormat::kInt8, {.shape = {m, 50, 9}, .row_multiplier = multiplier});
      }
      for (int64_t k = 0; k <= 40; ++k) {
        ExpectProductOfTwin(PackedFormat::kInt8, {.shape = {3, 33, k}, .row_multiplier = multiplier});
      }
      ExpectProductOfTwin(PackedFormat::kInt8, {.shape = {40, 97, 1030}, .row_multiplier = multiplier});
    }
  });
}

TEST(PackedWeightTest, SumsOfGivenIntegersAreExact) {
  constexpr int64_t kRows = 5, kInner = 37, kColumns = 21;
  std::vector<int8_t> levels(kInner * kColumns);  // [columns, inner]
  for (size_t i = 0; i < levels.size(); ++i) levels[i] = static_cast<int8_t>(static_cast<int>(i * 89 % 256) - 128);
  FlatBuffer memory(PanelBytes(PackedFormat::kInt8, kInner, kColumns) / 4 + 1);
  auto* const panels = reinterpret_cast<uint8_t*>(memory.data());
  std::fill_n(panels, PanelBytes(PackedFormat::kInt8, kInner, kColumns), uint8_t{kInt8Zero});
  for (int64_t c = 0; c < kColumns; ++c) {
    SetInt8Column(std::span(levels).subspan(static_cast<size_t>(c * kInner), kInner), c, panels);
  }
  const std::vector<float> ones(kColumns, 1.0f);
  const PackedWeight weight{PackedFormat::kInt8, panels, ones.data(), kInner, kColumns, /*row_multiplier=*/8};
  std::vector<float> column(kInner);
  for (int64_t c = 0; c < kColumns; ++c) {
    UnpackColumn(weight, c, column.data());
    for (int64_t i = 0; i < kInner; ++i) {
      EXPECT_EQ(column[static_cast<size_t>(i)], levels[static_cast<size_t>(c * kInner + i)]);
    }
  }
  ForEachMultiplication([&] {
    TestMatrix x(kRows, kInner, 1, 20.0f), y(kRows, kColumns), part(kRows, 5);
    Gemm(x.view(), weight, {}, y.view());
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t c = 0; c < kColumns; ++c) {
        int64_t sum = 0;
        for (int64_t i = 0; i < kInner; ++i) {
          const float level = std::clamp(std::nearbyint(x.At(r, i) * 8), -127.0f, 127.0f);
          sum += static_cast<int64_t>(level) * levels[static_cast<size_t>(c * kInner + i)];
        }
        EXPECT_EQ(y.At(r, c) * 8, static_cast<float>(sum)) << r << ", " << c;
      }
    }
    Gemm(x.view(), ColumnsOf(weight, 16, 5), {}, part.view());
    for (int64_t r = 0; r < kRows; ++r) EXPECT_TRUE(SameBits({part.Row(r), 5}, {y.Row(r) + 16, 5}));
  });
}

// The largest sums that there can be.
TEST(PackedWeightTest, TheLongestSumsOfBytesFit) {
  ForEachMultiplication([] {
    for (const float sign : {-1.0f, 1.0f}) {
      TestMatrix x(1, kMostInt8Products), w(kMostInt8Products, 1), y(1, 1);
      for (int64_t i = 0; i < kMostInt8Products; ++i) x.At(0, i) = 127, w.At(i, 0) = sign * 127;
      Gemm(x.view(), Packed(PackedFormat::kInt8, w.view()).view, {}, y.view());
      EXPECT_EQ(y.At(0, 0), sign * 127 * 127 * kMostInt8Products);
    }
  });
}

TEST(PackedWeightTest, ColumnsCanBeReadAgain) {
  TestMatrix w(37, 29, 2), transposed(29, 37);
  for (int64_t r = 0; r < 37; ++r) {
    for (int64_t c = 0; c < 29; ++c) transposed.At(c, r) = w.At(r, c);
  }
  for (const PackedFormat format : kFormats) {
    const Packed packed(format, w.view()), other(format, transposed.view(), Transpose::kYes);
    std::vector<float> column(37), same(37);
    for (int64_t c = 0; c < 29; ++c) {
      UnpackColumn(packed.view, c, column.data());
      UnpackColumn(other.view, c, same.data());
      EXPECT_EQ(column, same);
      for (int64_t i = 0; i < 37; ++i) {
        const double step = format == PackedFormat::kInt8   ? 0.5 / 127
                            : format == PackedFormat::kBf16 ? std::abs(w.At(i, c)) / 256
                                                            : std::abs(w.At(i, c)) / 2048 + 1e-7;
        EXPECT_NEAR(column[static_cast<size_t>(i)], w.At(i, c), 1.0001 * step);
      }
    }
  }
}

TEST(PackedWeightTest, AColumnsProductsAreTheSameAmongOthers) {
  const std::vector<int32_t> columns = {0, 3, 15, 16, 17, 31, 40, 41, 42, 43, 44, 45, 46, 60, 61, 62, 88, 89, 3};
  const auto n = static_cast<int64_t>(columns.size());
  ForEachMultiplication([&] {
    for (const PackedFormat format : kFormats) {
      TestMatrix x(5, 70, 1), w(70, 90, 2), all(5, 90), some(5, n);
      const Packed weight(format, w.view());
      Packed selected(format, TestMatrix(70, n).view());
      SelectColumns(weight.view, columns, selected.bytes(), selected.scales.data());
      Gemm(x.view(), weight.view, {}, all.view());
      Gemm(x.view(), selected.view, {}, some.view());
      for (int64_t r = 0; r < 5; ++r) {
        for (int64_t c = 0; c < n; ++c) EXPECT_EQ(some.At(r, c), all.At(r, columns[static_cast<size_t>(c)]));
      }
    }
  });
}

TEST(PackedWeightTest, ARowDoesNotDependOnItsNeighbours) {
  ForEachMultiplication([] {
    for (const PackedFormat format : kFormats) {
      TestMatrix x(40, 70, 1), w(70, 90, 2), all(40, 90), one(1, 90);
      const Packed weight(format, w.view());
      Gemm(x.view(), weight.view, {}, all.view());
      for (int64_t r = 0; r < 40; ++r) {
        Gemm(x.view().Rows(r, 1), weight.view, {}, one.view());
        EXPECT_TRUE(SameBits({one.Row(0), 90}, {all.Row(r), 90})) << r;
      }
    }
  });
}

TEST(PackedWeightTest, NotANumberStaysNone) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  ForEachMultiplication([] {
    for (const PackedFormat format : kFormats) {
      for (const float bad : {std::numeric_limits<float>::quiet_NaN(), kInfinity, -kInfinity}) {
        TestMatrix x(3, 40, 1), w(40, 20, 2), y(3, 20);
        x.At(1, 33) = bad;
        w.At(7, 5) = bad;
        Packed weight(format, w.view());
        for (const float multiplier : {0.0f, 60.0f}) {
          weight.view.row_multiplier = multiplier;
          Gemm(x.view(), weight.view, {}, y.view());
          for (int64_t r = 0; r < 3; ++r) {
            for (int64_t c = 0; c < 20; ++c) EXPECT_EQ(!std::isfinite(y.At(r, c)), r == 1 || c == 5) << r << ", " << c;
          }
        }
      }
    }
  });
}

TEST(PackedWeightTest, AllButNothingIsZeroInBytes) {
  ForEachMultiplication([] {
    for (const float little : {0.0f, 1e-44f, -1e-40f}) {
      TestMatrix x(2, 40, 1), w(40, 20, 2), y(2, 20);
      for (int64_t i = 0; i < 40; ++i) x.At(1, i) = little, w.At(i, 3) = little;
      Gemm(x.view(), Packed(PackedFormat::kInt8, w.view()).view, {}, y.view());
      for (int64_t c = 0; c < 20; ++c) EXPECT_EQ(y.At(1, c), 0.0f);
      EXPECT_EQ(y.At(0, 3), 0.0f);
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
