// SPDX-License-Identifier: Apache-2.0
#include "kernels/attention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "hwy/highway.h"
#include "kernels/reference/attention.h"
#include "tensor/flat_buffer.h"

namespace dragoman::kernels {
namespace {

constexpr float kUntouched = 12345.0f;  // between the matrices, to see writes past their columns

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

std::vector<int32_t> Offsets(const std::vector<int>& lengths) {
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
  int64_t width = int64_t{shape.heads} * shape.d_head;
  Values q{q_offsets.back(), width, 1, magnitude, gap, shift}, k{k_offsets.back(), width, 2, magnitude, gap, shift};
  Values v{k_offsets.back(), width, 3, 1, gap, shift}, dout{q_offsets.back(), width, 4, 1, gap, shift};
  Values out{q_offsets.back(), width, 5, 1, gap, shift};
  Values dq{q_offsets.back(), width, 6, 1, gap, shift}, dk{k_offsets.back(), width, 7, 1, gap, shift};
  Values dv{k_offsets.back(), width, 8, 1, gap, shift};
  std::vector<float> log_sum_exp = std::vector<float>(shape.heads * q_offsets.back());
  FlatBuffer scratch{AttentionScratchFloats(shape, Longest(q_lengths), Longest(k_lengths)) + 1};

  static int64_t Longest(const std::vector<int>& lengths) { return *std::max_element(lengths.begin(), lengths.end()); }
  Packing q_packing() const { return {q_offsets}; }
  Packing k_packing() const { return {k_offsets}; }

  void Forward() {
    scratch.data()[scratch.size() - 1] = kUntouched;
    AttentionForward(shape, q_packing(), k_packing(), q.m, k.m, v.m, out.m, log_sum_exp.data(), scratch.data());
    EXPECT_EQ(scratch.data()[scratch.size() - 1], kUntouched) << "wrote past the scratch";
  }
  void Backward(bool accumulate = false) {
    AttentionBackward(shape, q_packing(), k_packing(), q.m, k.m, v.m, out.m, dout.m, log_sum_exp.data(), dq.m, dk.m,
                      dv.m, accumulate, scratch.data());
    EXPECT_EQ(scratch.data()[scratch.size() - 1], kUntouched) << "wrote past the scratch";
  }
};

std::string Describe(const Problem& p) {
  std::string text = "heads " + std::to_string(p.shape.heads) + ", d_head " + std::to_string(p.shape.d_head) +
                     (p.shape.causal ? ", causal" : "") + (p.shape.dropout.active() ? ", dropout" : "") + ", lengths";
  for (size_t s = 0; s < p.q_lengths.size(); ++s) {
    text += " " + std::to_string(p.q_lengths[s]) + "x" + std::to_string(p.k_lengths[s]);
  }
  return text;
}

void ExpectNear(const Matrix& got, const reference::Table& want, double tolerance, const std::string& what) {
  double worst = 0;
  for (int64_t r = 0; r < got.rows; ++r) {
    for (int64_t c = 0; c < got.cols; ++c) {
      const double error = std::abs(got.At(r, c) - want.At(r, c));
      worst = error <= worst ? worst : error;  // keeps a NaN
    }
  }
  EXPECT_LE(worst, tolerance) << what;
}

// Runs the test once per instruction set that this machine has.
class AttentionTargetTest : public testing::TestWithParam<int64_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }
};

INSTANTIATE_TEST_SUITE_P(Targets, AttentionTargetTest, testing::ValuesIn(hwy::SupportedAndGeneratedTargets()),
                         [](const auto& target) { return hwy::TargetName(target.param); });

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
                          .shift = n % 5});
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
    expected.push_back({reference::AttentionForward(p.shape, p.q_packing(), p.k_packing(), q, k, v),
                        reference::AttentionBackward(p.shape, p.q_packing(), p.k_packing(), q, k, v, dout)});
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

TEST_P(AttentionTargetTest, BackwardMatchesReference) {
  for (const float rate : {0.0f, 0.3f}) {
    std::vector<Problem> problems = Problems(rate);
    for (size_t n = 0; n < problems.size(); ++n) {
      Problem& p = problems[n];
      reference::AttentionGradients want = ExpectedOf(rate)[n].grads;
      const bool accumulate = p.shape.d_head % 3 == 1 || p.shape.d_head == 32;
      for (auto [got, table] : {std::pair(&p.dq, &want.dq), {&p.dk, &want.dk}, {&p.dv, &want.dv}}) {
        if (!accumulate) continue;
        const reference::Table before(got->m);
        for (size_t i = 0; i < before.data.size(); ++i) table->data[i] += before.data[i];
      }
      p.Forward();
      p.Backward(accumulate);
      ExpectNear(p.dq.m, want.dq, 5e-6, Describe(p) + ": dq");
      ExpectNear(p.dk.m, want.dk, 1e-5, Describe(p) + ": dk");
      ExpectNear(p.dv.m, want.dv, 1e-5, Describe(p) + ": dv");
      EXPECT_TRUE(p.dq.GapsUntouched() && p.dk.GapsUntouched() && p.dv.GapsUntouched()) << Describe(p);
    }
  }
}

// Bit for bit: the sentence in the middle of others and by itself, at another alignment and stride.
TEST_P(AttentionTargetTest, SentenceDoesNotDependOnItsNeighbours) {
  for (const bool causal : {true, false}) {
    for (const int d_head : {5, 16, 32, 64}) {
      for (const int length : {1, 7, 14, 16, 32, 40, 70}) {
        const AttentionShape shape{2, d_head, causal, {}};
        Problem all{.shape = shape, .q_lengths = {3, length, 20, 0}, .k_lengths = {3, length, 20, 0}};
        Problem one{.shape = shape, .q_lengths = {length}, .k_lengths = {length}, .gap = 5, .shift = 1};
        for (auto [from, to] :
             {std::pair(&all.q, &one.q), {&all.k, &one.k}, {&all.v, &one.v}, {&all.dout, &one.dout}}) {
          for (int64_t r = 0; r < length; ++r) std::copy_n(from->m.Row(3 + r), all.width, to->m.Row(r));
        }
        for (Problem* p : {&all, &one}) p->Forward(), p->Backward();
        for (auto [a, b] :
             {std::pair(&all.out, &one.out), {&all.dq, &one.dq}, {&all.dk, &one.dk}, {&all.dv, &one.dv}}) {
          for (int64_t r = 0; r < length; ++r) {
            ASSERT_EQ(std::memcmp(a->m.Row(3 + r), b->m.Row(r), all.width * sizeof(float)), 0)
                << Describe(one) << " row " << r;
          }
        }
      }
    }
  }
}

// Bit for bit, whatever the later tokens are: other numbers, or none at all.
TEST_P(AttentionTargetTest, CausalRowDoesNotDependOnLaterTokens) {
  const int length = 75;
  for (const int d_head : {7, 32, 64}) {
    const AttentionShape shape{2, d_head, true, {}};
    Problem before{.shape = shape, .q_lengths = {length}, .k_lengths = {length}};
    before.Forward();
    for (const int kept : {1, 2, 8, 13, 15, 16, 20, 31, 32, 33, 50, 64, 74}) {
      for (const float value :
           {-3.0f, 1e30f, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
        Problem after{.shape = shape, .q_lengths = {length}, .k_lengths = {length}};
        for (Values* changed : {&after.q, &after.k, &after.v}) {
          for (int64_t r = kept; r < length; ++r) std::fill_n(changed->m.Row(r), after.width, value);
        }
        after.Forward();
        for (int64_t r = 0; r < kept; ++r) {
          ASSERT_EQ(std::memcmp(before.out.m.Row(r), after.out.m.Row(r), after.width * sizeof(float)), 0)
              << Describe(after) << ", row " << r << " of " << kept << " kept, later tokens " << value;
        }
      }
      Problem shorter{.shape = shape, .q_lengths = {kept}, .k_lengths = {kept}};
      for (auto [from, to] : {std::pair(&before.q, &shorter.q), {&before.k, &shorter.k}, {&before.v, &shorter.v}}) {
        for (int64_t r = 0; r < kept; ++r) std::copy_n(from->m.Row(r), before.width, to->m.Row(r));
      }
      shorter.Forward();
      for (int64_t r = 0; r < kept; ++r) {
        ASSERT_EQ(std::memcmp(before.out.m.Row(r), shorter.out.m.Row(r), shorter.width * sizeof(float)), 0)
            << Describe(shorter) << " row " << r;
      }
    }
  }
}

TEST_P(AttentionTargetTest, LargeScoresAreStable) {
  for (const float magnitude : {30.0f, 1e4f, 1e12f}) {
    Problem p{.shape = {2, 16, false, {}}, .q_lengths = {9, 40}, .k_lengths = {9, 40}, .magnitude = magnitude};
    p.Forward();
    p.Backward();
    for (const Values* values : {&p.out, &p.dq, &p.dk, &p.dv}) {
      for (int64_t i = 0; i < values->m.rows; ++i) {
        for (int64_t c = 0; c < p.width; ++c) {
          ASSERT_TRUE(std::isfinite(values->m.At(i, c))) << magnitude;
          // An output is an average of values, which are at most 1.
          if (values == &p.out) {
            ASSERT_LE(std::abs(values->m.At(i, c)), 1.0001f);
          }
        }
      }
    }
  }
}

// Broken numbers come out as broken numbers, where they belong, and stay within their sentence and head.
TEST_P(AttentionTargetTest, NanAndInfinityStayInTheirSentence) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    Problem p{.shape = {2, 8, false, {}}, .q_lengths = {4, 6, 5}, .k_lengths = {4, 6, 5}};
    p.k.m.At(5, 9) = bad;  // sentence 1, head 1
    p.Forward();
    p.Backward();
    for (int64_t r = 0; r < 15; ++r) {
      for (int64_t c = 0; c < 16; ++c) {
        const bool touched = r >= 4 && r < 10 && c >= 8;
        if (!touched) {
          ASSERT_TRUE(std::isfinite(p.out.m.At(r, c)) && std::isfinite(p.dk.m.At(r, c)));
        }
        if (touched && std::isnan(bad)) {
          ASSERT_TRUE(std::isnan(p.out.m.At(r, c)));
        }
      }
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

std::vector<const float*> Rows(const Matrix& m, int64_t begin, int64_t count) {
  std::vector<const float*> rows;
  for (int64_t r = begin; r < begin + count; ++r) rows.push_back(m.Row(r));
  return rows;
}

TEST_P(AttentionTargetTest, StepMatchesLastCausalRow) {
  for (const int d_head : {1, 3, 4, 8, 13, 16, 20, 32, 37, 64, 100, 128}) {
    for (const int length : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33, 70}) {
      for (const int heads : {1, 3, 4}) {
        Problem p{.shape = {heads, d_head, true, {}}, .q_lengths = {length}, .k_lengths = {length}};
        p.Forward();
        std::vector<float> out(p.width + 1, kUntouched), scratch(heads * length + 1, kUntouched);
        AttentionStep(heads, d_head, p.q.m.Row(length - 1), Rows(p.k.m, 0, length), Rows(p.v.m, 0, length), out.data(),
                      scratch.data());
        for (int64_t c = 0; c < p.width; ++c) {
          ASSERT_NEAR(out[c], p.out.m.At(length - 1, c), 2e-6) << Describe(p);
        }
        ASSERT_EQ(out.back(), kUntouched);
        ASSERT_EQ(scratch.back(), kUntouched);
      }
    }
  }
}

TEST_P(AttentionTargetTest, StepWithoutKeysGivesZeros) {
  std::vector<float> q(32, 1.0f), out(32, kUntouched);
  AttentionStep(2, 16, q.data(), {}, {}, out.data(), nullptr);
  for (const float x : out) EXPECT_EQ(x, 0.0f);
}

TEST_P(AttentionTargetTest, StepIsStableWithLargeScores) {
  Problem p{.shape = {4, 32, true, {}}, .q_lengths = {20}, .k_lengths = {20}, .magnitude = 1e10f};
  std::vector<float> out(p.width), scratch(4 * 20);
  AttentionStep(4, 32, p.q.m.Row(0), Rows(p.k.m, 0, 20), Rows(p.v.m, 0, 20), out.data(), scratch.data());
  for (const float x : out) ASSERT_LE(std::abs(x), 1.0001f);
}

TEST(AttentionTest, WeightsMatchReferenceAndSumToOne) {
  for (const bool causal : {true, false}) {
    Problem p{.shape = {3, 10, causal, {}}, .q_lengths = {4, 12, 1}, .k_lengths = {4, 12, 1}};
    for (int64_t s = 0; s < 3; ++s) {
      const int64_t length = p.q_lengths[s];
      Values weights(length, length, 9);
      for (int head = 0; head < 3; ++head) {
        AttentionWeights(p.shape, p.q_packing(), p.k_packing(), p.q.m, p.k.m, s, head, weights.m);
        ExpectNear(weights.m,
                   reference::AttentionWeights(p.shape, p.q_packing(), p.k_packing(), reference::Table(p.q.m),
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

}  // namespace
}  // namespace dragoman::kernels
