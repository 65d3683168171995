// SPDX-License-Identifier: Apache-2.0
#include "kernels/softmax.h"

#include <gtest/gtest.h>

#include <limits>

#include "kernels/kernels_testing.h"
#include "kernels/reference/softmax.h"

namespace dragoman::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

void TestLogSoftmax(const TestMatrix& x, double tolerance) {
  TestMatrix got = x, want = x;
  LogSoftmaxRows(got.view());
  reference::LogSoftmaxRows(want.view());
  ExpectNear(got, want, tolerance, "log softmax");
}

// Ordinary rows; then large, equal, and with entries of -inf.
std::vector<TestMatrix> Rows(int64_t n) {
  std::vector<TestMatrix> all;
  all.emplace_back(3, n, 1, 5.0f);
  all.emplace_back(3, n, 2, 1e4f);
  all.emplace_back(3, n, 3, 0.0f);
  TestMatrix hidden(3, n, 4, 5.0f);
  for (int64_t i = 0; i < 3 * n; ++i) {
    if (i % n != n / 2 && i % 3 != 0) hidden.At(i / n, i % n) = -kInfinity;
  }
  all.push_back(hidden);
  return all;
}

TEST(LogSoftmaxTest, MatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      for (const TestMatrix& x : Rows(n)) TestLogSoftmax(x, 1e-6);
    }
  });
}

TEST(LogSoftmaxTest, HiddenEntriesStaySoAndRowsSumToOne) {
  ForEachTarget([] {
    TestMatrix x = Rows(100).back(), y = x;
    LogSoftmaxRows(y.view());
    for (int64_t r = 0; r < 3; ++r) {
      double sum = 0;
      for (int64_t c = 0; c < 100; ++c) {
        EXPECT_EQ(x.At(r, c) == -kInfinity, y.At(r, c) == -kInfinity);
        sum += std::exp(y.At(r, c));
      }
      EXPECT_NEAR(sum, 1, 1e-6);
    }
  });
}

TEST(LogSoftmaxTest, NanMakesTheWholeRowNanAndNoOther) {
  ForEachTarget([] {
    for (const int64_t n : {1, 5, 16, 17, 64, 100}) {
      for (const int64_t at : {int64_t{0}, n / 2, n - 1}) {
        TestMatrix x(3, n, 1);
        x.At(1, at) = kNan;
        LogSoftmaxRows(x.view());
        for (int64_t c = 0; c < n; ++c) {
          EXPECT_TRUE(std::isnan(x.At(1, c)));
          EXPECT_FALSE(std::isnan(x.At(0, c)) || std::isnan(x.At(2, c)));
        }
      }
    }
  });
}

// Relative to 1 + |want|; infinities have to agree.
void ExpectSum(double got, double want) {
  if (std::isinf(want)) {
    EXPECT_EQ(got, want);
  } else {
    EXPECT_NEAR(got, want, 1e-6 * (1 + std::abs(want)));
  }
}

void TestCrossEntropy(const TestMatrix& logits, const std::vector<int32_t>& targets, float smoothing) {
  for (const float gradient_scale : {0.0f, 1.0f, 1.0f / 4096}) {
    TestMatrix got = logits, want = logits;
    const CrossEntropySums got_sums = CrossEntropyRows(got.view(), targets, smoothing, gradient_scale);
    const CrossEntropySums want_sums = reference::CrossEntropyRows(want.view(), targets, smoothing, gradient_scale);
    ExpectSum(got_sums.loss, want_sums.loss);
    ExpectSum(got_sums.nll, want_sums.nll);
    ExpectNear(got, want, gradient_scale == 0 ? 0 : 1e-6, "logits or gradient", gradient_scale);
  }
}

TEST(CrossEntropyTest, MatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t n : TestLengths()) {
      if (n == 0) continue;
      const auto last = static_cast<int32_t>(n - 1), middle = static_cast<int32_t>(n / 2);
      for (const TestMatrix& logits : Rows(n)) {
        for (const float smoothing : {0.0f, 0.1f}) TestCrossEntropy(logits, {0, middle, last}, smoothing);
      }
    }
    TestCrossEntropy(TestMatrix(5, 8001, 1, 8.0f), {0, 17, 8000, 4000, 4}, 0.1f);
    TestCrossEntropy(TestMatrix(0, 10), {}, 0.1f);
  });
}

TEST(CrossEntropyTest, NanReachesLossAndGradient) {
  ForEachTarget([] {
    TestMatrix logits(2, 50, 1);
    logits.At(1, 7) = kNan;
    const CrossEntropySums sums = CrossEntropyRows(logits.view(), std::vector{3, 3}, 0.1f, 1);
    EXPECT_TRUE(std::isnan(sums.loss) && std::isnan(sums.nll));
    for (int64_t c = 0; c < 50; ++c) EXPECT_TRUE(std::isnan(logits.At(1, c)) && !std::isnan(logits.At(0, c)));
  });
}

// The gradient against (L(x + h) - L(x - h)) / 2h of the twin.
TEST(CrossEntropyTest, GradientIsTheDerivative) {
  const std::vector<int32_t> target = {4};
  TestMatrix logits(1, 9, 1, 2), gradient = logits;
  CrossEntropyRows(gradient.view(), target, 0.1f, 3);
  for (int64_t c = 0; c < 9; ++c) {
    const float h = 1.0f / 256, before = logits.At(0, c);
    logits.At(0, c) = before + h;
    const double above = reference::CrossEntropyRows(logits.view(), target, 0.1f, 0).loss;
    logits.At(0, c) = before - h;
    const double below = reference::CrossEntropyRows(logits.view(), target, 0.1f, 0).loss;
    logits.At(0, c) = before;
    EXPECT_NEAR(gradient.At(0, c), 3 * (above - below) / (2 * h), 1e-5);
  }
}

TEST(ConsistentCrossEntropyTest, MatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t n : {1, 5, 16, 17, 64, 100, 1001}) {
      const std::vector<int32_t> targets = {0, static_cast<int32_t>(n / 2), static_cast<int32_t>(n - 1)};
      for (const float smoothing : {0.0f, 0.1f}) {
        for (const float gradient_scale : {0.0f, 0.25f}) {
          TestMatrix first(3, n, 1, 3.0f), second(3, n, 2, 3.0f), want_first = first, want_second = second;
          const CrossEntropySums got =
              ConsistentCrossEntropyRows(first.view(), second.view(), targets, smoothing, 4, gradient_scale);
          const CrossEntropySums want = reference::ConsistentCrossEntropyRows(want_first.view(), want_second.view(),
                                                                              targets, smoothing, 4, gradient_scale);
          EXPECT_NEAR(got.loss, want.loss, 1e-5 * (1 + want.loss));
          EXPECT_NEAR(got.nll, want.nll, 1e-5 * (1 + want.nll));
          if (gradient_scale == 0) continue;
          ExpectNear(first, want_first, 1e-5, "gradient of the first", gradient_scale);
          ExpectNear(second, want_second, 1e-5, "gradient of the second", gradient_scale);
        }
      }
    }
  });
}

// Of equal rows there is no divergence, so what remains is the plain loss of each.
TEST(ConsistentCrossEntropyTest, EqualRowsHaveThePlainLossTwice) {
  const std::vector<int32_t> targets = {3, 0};
  TestMatrix first(2, 20, 1, 2.0f), second = first, plain = first;
  const CrossEntropySums both = ConsistentCrossEntropyRows(first.view(), second.view(), targets, 0.1f, 5, 1);
  const CrossEntropySums one = CrossEntropyRows(plain.view(), targets, 0.1f, 1);
  EXPECT_NEAR(both.loss, 2 * one.loss, 1e-5);
  ExpectNear(first, plain, 1e-6, "gradient");
}

TEST(ConsistentCrossEntropyTest, GradientIsTheDerivative) {
  const std::vector<int32_t> target = {4};
  TestMatrix first(1, 9, 1, 2), second(1, 9, 2, 2), dfirst = first, dsecond = second;
  ConsistentCrossEntropyRows(dfirst.view(), dsecond.view(), target, 0.1f, 3, 1);
  const auto loss = [&] {
    TestMatrix p = first, q = second;
    return reference::ConsistentCrossEntropyRows(p.view(), q.view(), target, 0.1f, 3, 0).loss;
  };
  for (const auto& [logits, gradient] : {std::pair(&first, &dfirst), std::pair(&second, &dsecond)}) {
    for (int64_t c = 0; c < 9; ++c) {
      const float h = 1.0f / 256, before = logits->At(0, c);
      logits->At(0, c) = before + h;
      const double above = loss();
      logits->At(0, c) = before - h;
      const double below = loss();
      logits->At(0, c) = before;
      EXPECT_NEAR(gradient->At(0, c), (above - below) / (2 * h), 1e-4);
    }
  }
}

TEST(LogSoftmaxTest, ARowDependsOnItselfAlone) {
  ForEachTarget([] {
    for (const int64_t n : {5, 64, 100, 1001}) {
      TestMatrix x(9, n, 1, 5.0f);
      std::vector<float> alone(x.Row(7), x.Row(7) + n);
      LogSoftmaxRows(x.view());
      LogSoftmaxRows(Matrix(alone.data(), 1, n));
      EXPECT_TRUE(SameBits(alone, {x.Row(7), static_cast<size_t>(n)}));
    }
  });
}

}  // namespace
}  // namespace dragoman::kernels
