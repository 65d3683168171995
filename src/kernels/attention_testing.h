// SPDX-License-Identifier: Apache-2.0
// For the tests of attention: one call's arguments and results, and a fixture for every instruction set.
#ifndef DRAGOMAN_KERNELS_ATTENTION_TESTING_H_
#define DRAGOMAN_KERNELS_ATTENTION_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "kernels/attention.h"
#include "kernels/reference/attention.h"
#include "kernels/target.h"
#include "tensor/cache_line.h"
#include "tensor/flat_buffer.h"

namespace dragoman::kernels {

inline constexpr float kUntouched = 12345.0f;  // between the matrices, to see writes past their columns

// Random values in a matrix whose rows lie further apart than they are long.
struct Values {
  std::vector<float> data;
  Matrix m;

  Values(int64_t rows, int64_t cols, int seed, float magnitude = 1, int64_t gap = 3, int64_t shift = 0)
      : data(shift + rows * (cols + gap), kUntouched), m(data.data() + shift, rows, cols, cols + gap) {
    std::mt19937 rng(seed);
    std::uniform_real_distribution<float> uniform(-magnitude, magnitude);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < cols; ++c) m.At(r, c) = uniform(rng);
    }
  }
  Values(const Values& other) : data(other.data), m(other.m) {
    m.data = data.data() + (other.m.data - other.data.data());
  }

  bool GapsUntouched() const {
    for (int64_t r = 0; r < m.rows; ++r) {
      for (int64_t c = m.cols; c < m.stride; ++c) {
        if (m.At(r, c) != kUntouched) return false;
      }
    }
    return true;
  }
};

inline std::vector<int32_t> Offsets(const std::vector<int>& lengths) {
  std::vector<int32_t> offsets = {0};
  for (const int length : lengths) offsets.push_back(offsets.back() + length);
  return offsets;
}

// One call's arguments and results.
struct Problem {
  AttentionShape shape;
  std::vector<int> q_lengths, k_lengths;
  std::vector<int32_t> q_offsets = Offsets(q_lengths), k_offsets = Offsets(k_lengths);
  float magnitude = 1;
  int64_t gap = 3, shift = 0;
  bool has_bias = false;
  int64_t width = int64_t{shape.heads} * shape.d_head;
  Values q{q_offsets.back(), width, 1, magnitude, gap, shift}, k{k_offsets.back(), width, 2, magnitude, gap, shift};
  Values v{k_offsets.back(), width, 3, 1, gap, shift}, dout{q_offsets.back(), width, 4, 1, gap, shift};
  Values out{q_offsets.back(), width, 5, 1, gap, shift};
  Values dq{q_offsets.back(), width, 6, 1, gap, shift}, dk{k_offsets.back(), width, 7, 1, gap, shift};
  Values dv{k_offsets.back(), width, 8, 1, gap, shift};
  std::vector<float> log_sum_exp = std::vector<float>(shape.heads * q_offsets.back());
  int64_t bias_stride = Longest(q_lengths) + Longest(k_lengths) + kLineFloats;
  Values bias{shape.heads, bias_stride, 9, 2, 0, 0};
  std::vector<float> dbias = std::vector<float>(shape.heads * bias_stride);
  FlatBuffer scratch{AttentionScratchFloats(shape, Longest(q_lengths), Longest(k_lengths)) + 1};

  static int64_t Longest(const std::vector<int>& lengths) { return *std::max_element(lengths.begin(), lengths.end()); }
  Packing q_packing() const { return {q_offsets}; }
  Packing k_packing() const { return {k_offsets}; }

  // The shape, with the bias where there is one.
  AttentionShape Whole() const {
    AttentionShape whole = shape;
    if (has_bias) whole.bias = {bias.data.data() + Longest(k_lengths) - 1, bias_stride};
    return whole;
  }

  void Forward() {
    scratch.data()[scratch.size() - 1] = kUntouched;
    AttentionForward(Whole(), q_packing(), k_packing(), {q.m, k.m, v.m}, out.m, log_sum_exp.data(), scratch.data());
    EXPECT_EQ(scratch.data()[scratch.size() - 1], kUntouched) << "wrote past the scratch";
  }
  void Backward() {
    AttentionGradients gradients{dq.m, dk.m, dv.m};
    if (has_bias) gradients.bias = {dbias.data() + Longest(k_lengths) - 1, bias_stride};
    AttentionBackward(Whole(), q_packing(), k_packing(), {q.m, k.m, v.m}, dout.m, log_sum_exp.data(), gradients,
                      scratch.data());
    EXPECT_EQ(scratch.data()[scratch.size() - 1], kUntouched) << "wrote past the scratch";
  }
};

inline std::string Describe(const Problem& p) {
  std::string text = "heads " + std::to_string(p.shape.heads) + ", d_head " + std::to_string(p.shape.d_head) +
                     (p.shape.causal ? ", causal" : "") + (p.shape.dropout.active() ? ", dropout" : "") +
                     (p.has_bias ? ", bias" : "") + ", lengths";
  for (size_t s = 0; s < p.q_lengths.size(); ++s) {
    text += " " + std::to_string(p.q_lengths[s]) + "x" + std::to_string(p.k_lengths[s]);
  }
  return text;
}

inline void ExpectNear(const ConstMatrix& got, const reference::Table& want, double tolerance,
                       const std::string& what) {
  double worst = 0;
  for (int64_t r = 0; r < got.rows; ++r) {
    for (int64_t c = 0; c < got.cols; ++c) {
      const double error = std::abs(got.At(r, c) - want.At(r, c));
      worst = error <= worst ? worst : error;  // keeps a NaN
    }
  }
  EXPECT_LE(worst, tolerance) << what;
}

// Runs the test once per instruction set that this machine has. A file that uses it says
// INSTANTIATE_TEST_SUITE_P(Targets, AttentionTargetTest, testing::ValuesIn(SupportedTargets()));
class AttentionTargetTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { UseTarget(GetParam(), "test"); }
  void TearDown() override { UseTarget(SupportedTargets().front(), "test"); }
};

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_ATTENTION_TESTING_H_
