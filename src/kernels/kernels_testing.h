// SPDX-License-Identifier: Apache-2.0
// For the tests of the vector kernels: matrices that notice writes outside, and a walk over the instruction sets.
#ifndef DRAGOMAN_KERNELS_KERNELS_TESTING_H_
#define DRAGOMAN_KERNELS_KERNELS_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "kernels/target.h"
#include "tensor/matrix.h"

namespace dragoman::kernels {

// Every length of up to two of the longest vectors and one element, and some longer ones.
inline std::vector<int64_t> TestLengths() {
  std::vector<int64_t> lengths;
  for (int64_t n = 0; n <= 33; ++n) lengths.push_back(n);
  for (const int64_t n : {63, 64, 65, 100, 127, 255, 512, 1000}) lengths.push_back(n);
  return lengths;
}

// Calls test() once per instruction set that this machine has.
template <class Test>
void ForEachTarget(const Test& test) {
  for (const std::string& target : SupportedTargets()) {
    SCOPED_TRACE("instruction set " + target);
    UseTarget(target, "test");
    test();
    if (testing::Test::HasFatalFailure()) break;
  }
  UseTarget(SupportedTargets().front(), "test");
}

inline std::vector<float> RandomFloats(int64_t n, uint32_t seed, float scale = 1) {
  std::mt19937 rng(seed);
  std::uniform_real_distribution<float> uniform(-scale, scale);
  std::vector<float> values(n);
  for (float& v : values) v = uniform(rng);
  return values;
}

// Owns a matrix whose rows are neither aligned nor adjacent; the room between them holds kGuard.
class TestMatrix {
 public:
  static constexpr float kGuard = 12345.5f;

  TestMatrix(int64_t rows, int64_t cols) : data_(kOffset + rows * (cols + kGap), kGuard), rows_(rows), cols_(cols) {}
  // Uniform in [-scale, scale).
  TestMatrix(int64_t rows, int64_t cols, uint32_t seed, float scale = 1) : TestMatrix(rows, cols) {
    const std::vector<float> values = RandomFloats(rows * cols, seed, scale);
    for (int64_t i = 0; i < rows * cols; ++i) view().At(i / cols, i % cols) = values[i];
  }

  Matrix view() { return {data_.data() + kOffset, rows_, cols_, cols_ + kGap}; }
  float& At(int64_t r, int64_t c) { return view().At(r, c); }
  float* Row(int64_t r) { return view().Row(r); }

  // Whether nothing was written outside the matrix.
  bool Intact() {
    for (size_t i = 0; i < data_.size(); ++i) {
      const int64_t at = static_cast<int64_t>(i) - kOffset;
      if ((at < 0 || at % (cols_ + kGap) >= cols_) && data_[i] != kGuard) return false;
    }
    return true;
  }

 private:
  static constexpr int64_t kOffset = 3, kGap = 5;

  std::vector<float> data_;
  int64_t rows_, cols_;
};

// Each element within tolerance * max(magnitude, largest finite |expected|) of what is expected, NaN and infinities
// alike. Give the magnitude of what enters where results can cancel to nearly 0.
inline void ExpectNear(std::span<const float> actual, std::span<const float> expected, double tolerance,
                       const std::string& what, double magnitude = 1e-30) {
  ASSERT_EQ(actual.size(), expected.size());
  double largest = magnitude;
  for (const float e : expected) {
    if (std::isfinite(e)) largest = std::max(largest, std::abs(double{e}));
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    if (std::isfinite(expected[i])) {
      ASSERT_NEAR(actual[i], expected[i], tolerance * largest) << what << " at " << i << " of " << expected.size();
    } else if (std::isnan(expected[i])) {
      ASSERT_TRUE(std::isnan(actual[i])) << what << " at " << i << " is " << actual[i] << ", not NaN";
    } else {
      ASSERT_EQ(actual[i], expected[i]) << what << " at " << i;
    }
  }
}

inline void ExpectNear(TestMatrix& actual, TestMatrix& expected, double tolerance, const std::string& what,
                       double magnitude = 1e-30) {
  const auto values = [](const ConstMatrix& m) {
    std::vector<float> all;
    for (int64_t r = 0; r < m.rows; ++r) all.insert(all.end(), m.Row(r), m.Row(r) + m.cols);
    return all;
  };
  ExpectNear(values(actual.view()), values(expected.view()), tolerance, what, magnitude);
  ASSERT_TRUE(actual.Intact()) << what << ": written outside the matrix";
}

inline bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_KERNELS_TESTING_H_
