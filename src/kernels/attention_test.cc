// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "kernels/attention_testing.h"
#include "kernels/reference/attention.h"

namespace dragoman::kernels {
namespace {

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTargetTest, testing::ValuesIn(SupportedTargets()));

// Every kind of length: none, one, less than a vector, whole blocks, one more than a block.
const std::vector<int> kSelfLengths = {0, 1, 5, 16, 14, 0, 33, 2, 70};
const std::vector<int> kCrossLengths = {3, 0, 17, 1, 40, 0, 12, 9, 31};

std::vector<Problem> Problems(float dropout_rate) {
  std::vector<Problem> problems;
  int64_t n = 0;
  for (const int d_head : {1, 2, 3, 5, 8, 12, 15, 16, 17, 24, 31, 32, 64, 100, 256}) {
    for (const int kind : {0, 1, 2}) {  // causal, self without, cross
      ++n;
      AttentionShape shape{static_cast<int>(1 + n % 3), d_head, kind == 0,
                           Dropout{dropout_rate, 99 + static_cast<uint64_t>(n)}};
      problems.push_back({.shape = shape,
                          .q_lengths = kSelfLengths,
                          .k_lengths = kind == 2 ? kCrossLengths : kSelfLengths,
                          .gap = n % 4,
                          .shift = n % 5,
                          .has_bias = n % 2 == 0});
    }
  }
  return problems;
}

// What the reference makes of each of Problems(rate), computed once for all instruction sets.
struct Expected {
  reference::AttentionOutput output;
  reference::AttentionGradients grads;
};

const std::vector<Expected>& ExpectedOf(float dropout_rate) {
  static std::map<float, std::vector<Expected>> known;
  std::vector<Expected>& expected = known[dropout_rate];
  if (!expected.empty()) return expected;
  for (const Problem& p : Problems(dropout_rate)) {
    const reference::Table q(p.q.m), k(p.k.m), v(p.v.m), dout(p.dout.m);
    expected.push_back({reference::AttentionForward(p.Whole(), p.q_packing(), p.k_packing(), q, k, v),
                        reference::AttentionBackward(p.Whole(), p.q_packing(), p.k_packing(), q, k, v, dout)});
  }
  return expected;
}

TEST_P(AttentionTargetTest, ForwardMatchesReference) {
  for (const float rate : {0.0f, 0.3f}) {
    std::vector<Problem> problems = Problems(rate);
    for (size_t n = 0; n < problems.size(); ++n) {
      Problem& p = problems[n];
      p.Forward();
      const reference::AttentionOutput& want = ExpectedOf(rate)[n].output;
      ExpectNear(p.out.m, want.out, 2e-6, Describe(p));
      EXPECT_TRUE(p.out.GapsUntouched()) << Describe(p);
      for (size_t i = 0; i < p.log_sum_exp.size(); ++i) {
        if (std::isinf(want.log_sum_exp[i])) {
          EXPECT_EQ(p.log_sum_exp[i], want.log_sum_exp[i]);
        } else {
          EXPECT_NEAR(p.log_sum_exp[i], want.log_sum_exp[i], 1e-5) << Describe(p) << " row " << i;
        }
      }
    }
  }
}

// dbias [heads, distances] against the numbers of the Problem, which is 0 wherever no distance is.
void ExpectBiasGradient(const Problem& p, const reference::Table& want) {
  for (int64_t h = 0; p.has_bias && h < want.rows; ++h) {
    for (int64_t c = 0; c < p.bias_stride; ++c) {
      ASSERT_NEAR(p.dbias[h * p.bias_stride + c], c < want.cols ? want.At(h, c) : 0, 2e-5)
          << Describe(p) << ": dbias of head " << h << " at " << c;
    }
  }
}

TEST_P(AttentionTargetTest, BackwardMatchesReference) {
  for (const float rate : {0.0f, 0.3f}) {
    std::vector<Problem> problems = Problems(rate);
    for (size_t n = 0; n < problems.size(); ++n) {
      Problem& p = problems[n];
      const reference::AttentionGradients& want = ExpectedOf(rate)[n].grads;
      p.Forward();
      p.Backward();
      ExpectNear(p.dq.m, want.dq, 5e-6, Describe(p) + ": dq");
      ExpectNear(p.dk.m, want.dk, 1e-5, Describe(p) + ": dk");
      ExpectNear(p.dv.m, want.dv, 1e-5, Describe(p) + ": dv");
      ExpectBiasGradient(p, want.dbias);
      EXPECT_TRUE(p.dq.GapsUntouched() && p.dk.GapsUntouched() && p.dv.GapsUntouched()) << Describe(p);
    }
  }
}

TEST_P(AttentionTargetTest, ManySentencesOfAllLengthsMatchReference) {
  for (int length = 1; length <= 70; length += 1 + length / 20) {
    Problem p{.shape = {1, 8, length % 2 == 0, {}}, .q_lengths = {length}, .k_lengths = {length}};
    p.Forward();
    const auto want = reference::AttentionForward(p.shape, p.q_packing(), p.k_packing(), reference::Table(p.q.m),
                                                  reference::Table(p.k.m), reference::Table(p.v.m));
    ExpectNear(p.out.m, want.out, 2e-6, Describe(p));
  }
}

TEST(AttentionTest, WeightsMatchReferenceAndSumToOne) {
  for (const bool causal : {true, false}) {
    Problem p{.shape = {3, 10, causal, {}, 0.7f}, .q_lengths = {4, 12, 1}, .k_lengths = {4, 12, 1}, .has_bias = causal};
    for (int64_t s = 0; s < 3; ++s) {
      const int64_t length = p.q_lengths[s];
      Values weights(length, length, 9);
      for (int head = 0; head < 3; ++head) {
        AttentionWeights(p.Whole(), p.q_packing(), p.k_packing(), p.q.m, p.k.m, s, head, weights.m);
        ExpectNear(weights.m,
                   reference::AttentionWeights(p.Whole(), p.q_packing(), p.k_packing(), reference::Table(p.q.m),
                                               reference::Table(p.k.m), s, head),
                   1e-6, Describe(p));
        for (int64_t i = 0; i < length; ++i) {
          double sum = 0;
          for (int64_t j = 0; j < length; ++j) {
            sum += weights.m.At(i, j);
            if (causal && j > i) {
              ASSERT_EQ(weights.m.At(i, j), 0.0f);
            }
          }
          ASSERT_NEAR(sum, 1, 1e-6);
        }
      }
    }
  }
}

TEST_P(AttentionTargetTest, TheScaleIsTheShapes) {
  for (const float scale : {1.0f, 0.01f}) {
    Problem p{.shape = {2, 16, true, {}, scale}, .q_lengths = {9}, .k_lengths = {9}};
    p.Forward();
    p.Backward();
    const reference::Table q(p.q.m), k(p.k.m), v(p.v.m), dout(p.dout.m);
    ExpectNear(p.out.m, reference::AttentionForward(p.shape, p.q_packing(), p.k_packing(), q, k, v).out, 2e-6,
               Describe(p));
    const auto want = reference::AttentionBackward(p.shape, p.q_packing(), p.k_packing(), q, k, v, dout);
    ExpectNear(p.dq.m, want.dq, 1e-5, Describe(p) + ": dq");
    ExpectNear(p.dk.m, want.dk, 1e-5, Describe(p) + ": dk");
  }
}

// The reference's gradient is the derivative of the reference's loss sum(out * dout).
TEST(AttentionReferenceTest, GradientIsTheDerivative) {
  for (const bool causal : {true, false}) {
    for (const float rate : {0.0f, 0.4f}) {
      Problem p{.shape = {2, 3, causal, Dropout{rate, 7}},
                .q_lengths = {3, 0, 5},
                .k_lengths = causal ? std::vector<int>{3, 0, 5} : std::vector<int>{4, 2, 6}};
      reference::Table q(p.q.m), k(p.k.m), v(p.v.m);
      const reference::Table dout(p.dout.m);
      const auto loss = [&] {
        const auto out = reference::AttentionForward(p.shape, p.q_packing(), p.k_packing(), q, k, v).out;
        double sum = 0;
        for (size_t i = 0; i < out.data.size(); ++i) sum += out.data[i] * dout.data[i];
        return sum;
      };
      const auto grads = reference::AttentionBackward(p.shape, p.q_packing(), p.k_packing(), q, k, v, dout);
      for (auto [x, dx] : {std::pair(&q, &grads.dq), {&k, &grads.dk}, {&v, &grads.dv}}) {
        for (size_t i = 0; i < x->data.size(); ++i) {
          const double value = x->data[i], step = 1e-5;
          x->data[i] = value + step;
          const double above = loss();
          x->data[i] = value - step;
          const double below = loss();
          x->data[i] = value;
          ASSERT_NEAR(dx->data[i], (above - below) / (2 * step), 1e-8) << Describe(p);
        }
      }
    }
  }
}

TEST(AttentionReferenceTest, GradientOfTheBiasIsTheDerivative) {
  Problem p{.shape = {2, 3, false, {}, 0.5f}, .q_lengths = {3, 0, 5}, .k_lengths = {4, 2, 6}, .has_bias = true};
  const reference::Table q(p.q.m), k(p.k.m), v(p.v.m), dout(p.dout.m);
  const auto loss = [&] {
    const auto out = reference::AttentionForward(p.Whole(), p.q_packing(), p.k_packing(), q, k, v).out;
    return std::inner_product(out.data.begin(), out.data.end(), dout.data.begin(), 0.0);
  };
  const reference::Table dbias =
      reference::AttentionBackward(p.Whole(), p.q_packing(), p.k_packing(), q, k, v, dout).dbias;
  for (int64_t h = 0; h < 2; ++h) {
    for (int64_t c = 0; c < dbias.cols; ++c) {
      float& x = p.bias.m.At(h, c);
      const float value = x, step = 1.0f / 256;
      x = value + step;
      const double above = loss(), wide = double{x};
      x = value - step;
      const double below = loss(), narrow = double{x};
      x = value;
      ASSERT_NEAR(dbias.At(h, c), (above - below) / (wide - narrow), 2e-5) << "head " << h << ", distance " << c - 5;
    }
  }
}

}  // namespace
}  // namespace dragoman::kernels
