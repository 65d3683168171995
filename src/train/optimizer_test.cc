// SPDX-License-Identifier: Apache-2.0
#include "train/optimizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/rng.h"

namespace dragoman {
namespace {

constexpr int64_t kSize = 40'003;  // several blocks for each worker, and an odd rest
constexpr double kRate = 0.01;

std::vector<float> Normals(uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(kSize);
  for (float& value : values) value = static_cast<float>(rng.Normal());
  return values;
}

// What the workers' buffers hold in a step: the same for the optimizer and for its twin.
void FillGradients(int64_t step, std::vector<FlatBuffer>* gradients) {
  for (size_t worker = 0; worker < gradients->size(); ++worker) {
    const auto values = Normals(100 * static_cast<uint64_t>(step) + worker);
    std::copy(values.begin(), values.end(), (*gradients)[worker].data());
  }
}

std::vector<FlatBuffer> Buffers(int count) {
  std::vector<FlatBuffer> buffers;
  for (int i = 0; i < count; ++i) buffers.emplace_back(kSize);
  return buffers;
}

bool SameBits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

// Kingma 2015, Algorithm 1, with Loshchilov 2019's decay, clipping and a moving average, one number after the other.
struct PlainAdam {
  OptimizerOptions options;
  std::vector<double> m, v, w, average;

  PlainAdam(const OptimizerOptions& o, const std::vector<float>& start)
      : options(o), m(kSize), v(kSize), w(start.begin(), start.end()), average(w) {}

  double Update(int64_t step, const std::vector<FlatBuffer>& gradients) {
    std::vector<double> g(kSize);
    double squares = 0;
    for (size_t i = 0; i < g.size(); ++i) {
      for (const FlatBuffer& gradient : gradients) g[i] += gradient.data()[i];
      squares += g[i] * g[i];
    }
    const double norm = std::sqrt(squares);
    const double scale = options.clip_norm > 0 && norm > options.clip_norm ? options.clip_norm / norm : 1;
    const double b1 = options.beta1, b2 = options.beta2, t = static_cast<double>(step);
    const double decay = std::min<double>(options.ema_decay, t / (t + 9));
    for (size_t i = 0; i < g.size(); ++i) {
      g[i] *= scale;
      m[i] = b1 * m[i] + (1 - b1) * g[i];
      v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i];
      const double m_hat = m[i] / (1 - std::pow(b1, t)), v_hat = v[i] / (1 - std::pow(b2, t));
      w[i] -= kRate * (m_hat / (std::sqrt(v_hat) + options.epsilon) + options.weight_decay * w[i]);
      average[i] = decay * average[i] + (1 - decay) * w[i];
    }
    return norm;
  }
};

// Weights are about 1 and change by about kRate a step: a tolerance of 2e-6 is a few roundings of a float.
void ExpectNear(std::span<const float> found, const std::vector<double>& want, const char* what) {
  double worst = 0;
  for (size_t i = 0; i < found.size(); ++i) worst = std::max(worst, std::abs(found[i] - want[i]));
  EXPECT_LT(worst, 2e-6) << what;
}

struct Case {
  const char* name;
  OptimizerOptions options;
};

class OptimizerCase : public testing::TestWithParam<Case> {};

TEST_P(OptimizerCase, EqualsPlainAdamInDouble) {
  const OptimizerOptions options = GetParam().options;
  WorkerPool pool(3);
  Optimizer optimizer(options, kSize);
  std::vector<float> weights = Normals(1);
  std::copy_n(weights.begin(), optimizer.average().size(), optimizer.average().begin());
  PlainAdam plain(options, weights);
  std::vector<FlatBuffer> gradients = Buffers(3);
  for (int64_t step = 1; step <= 12; ++step) {
    FillGradients(step, &gradients);
    const double want_norm = plain.Update(step, gradients);
    const double norm = optimizer.SumGradients(pool, gradients);
    EXPECT_NEAR(norm, want_norm, 1e-5 * want_norm);
    optimizer.Update(pool, kRate, step, norm, gradients, weights);
    for (const FlatBuffer& gradient : gradients) {
      ASSERT_TRUE(std::all_of(gradient.data(), gradient.data() + kSize, [](float g) { return g == 0; }));
    }
  }
  ExpectNear(weights, plain.w, "weights");
  ExpectNear(optimizer.first_moment(), plain.m, "first moment");
  ExpectNear(optimizer.second_moment(), plain.v, "second moment");
  EXPECT_EQ(optimizer.average().empty(), options.ema_decay == 0);
  if (options.ema_decay > 0) ExpectNear(optimizer.average(), plain.average, "average");
}

INSTANTIATE_TEST_SUITE_P(OptimizerTest, OptimizerCase,
                         testing::Values(Case{"adam", {}},
                                         Case{"betas", {.beta1 = 0.5f, .beta2 = 0.9f, .epsilon = 1e-3f}},
                                         Case{"adamw", {.weight_decay = 0.1f}}, Case{"clipped", {.clip_norm = 1}},
                                         Case{"not_clipped", {.clip_norm = 1e6f}},
                                         Case{"averaged", {.ema_decay = 0.9f}},
                                         Case{"all", {.weight_decay = 0.1f, .clip_norm = 2, .ema_decay = 0.3f}}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(OptimizerTest, NumberOfWorkersChangesNoBitOfAnUpdate) {
  const OptimizerOptions options{.weight_decay = 0.1f, .clip_norm = 1, .ema_decay = 0.9f};
  std::vector<float> want, want_average;
  for (const int workers : {1, 2, 3, 7}) {
    WorkerPool pool(workers);
    Optimizer optimizer(options, kSize);
    std::vector<float> weights = Normals(1);
    std::vector<FlatBuffer> gradients = Buffers(1);
    for (int64_t step = 1; step <= 3; ++step) {
      FillGradients(step, &gradients);
      optimizer.Update(pool, kRate, step, /*norm=*/200, gradients, weights);
    }
    const std::vector<float> average(optimizer.average().begin(), optimizer.average().end());
    if (want.empty()) want = weights, want_average = average;
    EXPECT_TRUE(SameBits(weights, want)) << workers << " workers";
    EXPECT_TRUE(SameBits(average, want_average)) << workers << " workers";
  }
}

// (1e8 + 1) - 1e8 is 0 for a float, and (1e8 - 1e8) + 1 is 1: the order is seen in the sum.
TEST(OptimizerTest, GradientsAreSummedInTheOrderOfWorkers) {
  for (const int workers : {1, 2, 3}) {
    WorkerPool pool(workers);
    Optimizer optimizer({}, kSize);
    std::vector<FlatBuffer> gradients = Buffers(3);
    std::fill_n(gradients[0].data(), kSize, 1e8f);
    std::fill_n(gradients[1].data(), kSize, 1.0f);
    std::fill_n(gradients[2].data(), kSize, -1e8f);
    EXPECT_EQ(optimizer.SumGradients(pool, gradients), 0);
    EXPECT_TRUE(std::all_of(gradients[0].data(), gradients[0].data() + kSize, [](float g) { return g == 0; }));
    EXPECT_EQ(gradients[1].data()[7], 1) << "the others stay as they were until the update";
  }
}

TEST(OptimizerTest, NormShowsAnyNumberThatIsNotFinite) {
  WorkerPool pool(2);
  Optimizer optimizer({}, kSize);
  for (const int64_t at : {int64_t{0}, kSize / 2, kSize - 1}) {
    for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
      std::vector<FlatBuffer> gradients = Buffers(2);
      gradients[1].data()[at] = bad;
      EXPECT_FALSE(std::isfinite(optimizer.SumGradients(pool, gradients))) << bad << " at " << at;
    }
  }
}

TEST(OptimizerTest, DiscardZeroesGradientsAndTouchesNothingElse) {
  WorkerPool pool(2);
  Optimizer optimizer({.ema_decay = 0.5f}, kSize);
  std::vector<FlatBuffer> gradients = Buffers(2);
  FillGradients(1, &gradients);
  optimizer.Discard(pool, gradients);
  for (const FlatBuffer& gradient : gradients) {
    EXPECT_TRUE(std::all_of(gradient.data(), gradient.data() + kSize, [](float g) { return g == 0; }));
  }
  for (const std::span<float> state : {optimizer.first_moment(), optimizer.second_moment(), optimizer.average()}) {
    EXPECT_TRUE(std::all_of(state.begin(), state.end(), [](float x) { return x == 0; }));
  }
}

}  // namespace
}  // namespace dragoman
