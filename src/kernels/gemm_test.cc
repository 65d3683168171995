// SPDX-License-Identifier: Apache-2.0
#include "kernels/gemm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

namespace dragoman::kernels {
namespace {

std::vector<float> Random(int64_t n, int seed) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<float> v(n);
  for (float& x : v) x = uniform(rng);
  return v;
}

// The definition, in double.
double Expected(const Matrix& a, Transpose ta, const Matrix& b, Transpose tb, int64_t r, int64_t c, int64_t k) {
  double sum = 0;
  for (int64_t i = 0; i < k; ++i) {
    sum += double{ta == Transpose::kYes ? a.At(i, r) : a.At(r, i)} * (tb == Transpose::kYes ? b.At(c, i) : b.At(i, c));
  }
  return sum;
}

TEST(GemmTest, MatchesTheDefinition) {
  UseOneGemmThread();
  int seed = 0;
  for (const auto ta : {Transpose::kNo, Transpose::kYes}) {
    for (const auto tb : {Transpose::kNo, Transpose::kYes}) {
      for (const bool accumulate : {false, true}) {
        for (const auto& [m, n, k] : {std::array<int64_t, 3>{1, 1, 1}, {1, 33, 17}, {2, 5, 7}, {17, 1, 3}, {13, 31, 0},
                                      {16, 48, 64}, {67, 129, 70}, {0, 4, 4}}) {
          // Strides wider than the matrices, as when a matrix is a range of another's columns.
          auto a_data = Random(m * (k + 3) + k * (m + 3), ++seed), b_data = Random(k * (n + 5) + n * (k + 5), ++seed);
          auto c_data = Random(m * (n + 2), ++seed);
          const Matrix a = ta == Transpose::kYes ? Matrix(a_data.data(), k, m, m + 3) : Matrix(a_data.data(), m, k, k + 3);
          const Matrix b = tb == Transpose::kYes ? Matrix(b_data.data(), n, k, k + 5) : Matrix(b_data.data(), k, n, n + 5);
          const auto before = c_data;
          const Matrix c(c_data.data(), m, n, n + 2);
          Gemm(a, ta, b, tb, c, accumulate);
          for (int64_t r = 0; r < m; ++r) {
            for (int64_t col = 0; col < n; ++col) {
              const double want = Expected(a, ta, b, tb, r, col, k) + (accumulate ? before[r * (n + 2) + col] : 0.0f);
              ASSERT_NEAR(c.At(r, col), want, 1e-5 * (1 + std::sqrt(double(k)))) << m << 'x' << n << 'x' << k;
            }
            ASSERT_EQ(c_data[r * (n + 2) + n], before[r * (n + 2) + n]) << "wrote past the row's end";
          }
        }
      }
    }
  }
}

// The promise that batch independence stands on: the same row, alone and among others, gives the same bits.
TEST(GemmTest, RowDoesNotDependOnItsNeighbours) {
  UseOneGemmThread();
  for (const auto& [n, k] : {std::array<int64_t, 2>{512, 512}, {2048, 512}, {512, 2048}, {128, 128}, {256, 128}, {40, 24},
                            {8000, 128}, {37, 1000}}) {
    const int64_t max_rows = 200;
    auto a = Random(max_rows * k, 1), b = Random(k * n, 2);
    std::vector<float> all(max_rows * n), some(max_rows * n);
    Gemm(Matrix(a.data(), max_rows, k), Transpose::kNo, Matrix(b.data(), k, n), Transpose::kNo,
         Matrix(all.data(), max_rows, n));
    for (const int64_t m : {1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 23, 31, 32, 33, 48, 49, 63, 64, 65, 100, 127, 199}) {
      for (const int64_t first : {int64_t{0}, max_rows - m}) {
        Gemm(Matrix(a.data() + first * k, m, k), Transpose::kNo, Matrix(b.data(), k, n), Transpose::kNo,
             Matrix(some.data(), m, n));
        for (int64_t i = 0; i < m * n; ++i) {
          EXPECT_EQ(some[i], all[first * n + i]) << "rows " << m << " from " << first << ", n " << n << ", k " << k;
        }
      }
    }
  }
}

}  // namespace
}  // namespace dragoman::kernels
