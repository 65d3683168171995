// SPDX-License-Identifier: Apache-2.0
#include "kernels/copy_logits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/rng.h"

namespace dragoman::kernels {
namespace {

constexpr int kVocab = 7;
constexpr float kScale = 0.5f;
const std::vector<int32_t> kIds = {3, 0, 3, 6, 3};

std::vector<float> Random(size_t count, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(rng.Normal());
  return values;
}

TEST(CopyLogitsTest, GeneratingAndCopyingShareOneNormalization) {
  const std::vector<float> scores = Random(kIds.size(), 1), before = Random(kVocab, 2);
  std::vector<double> mass(kVocab);
  for (size_t v = 0; v < mass.size(); ++v) mass[v] = std::exp(double{before[v]});
  for (size_t j = 0; j < kIds.size(); ++j) mass[static_cast<size_t>(kIds[j])] += std::exp(double{kScale * scores[j]});
  std::vector<float> logits = before;
  AddCopies(kIds, scores.data(), kScale, logits.data(), nullptr);
  for (size_t v = 0; v < mass.size(); ++v) EXPECT_NEAR(std::exp(logits[v]), mass[v], 1e-5 * mass[v]) << v;
}

TEST(CopyLogitsTest, FarApartScoresLoseNothing) {
  std::vector<float> logits(kVocab, 0.0f);
  logits[3] = -200;
  logits[0] = 200;
  const std::vector<float> scores = {200, -200, -200, 0, -200};
  AddCopies(kIds, scores.data(), /*scale=*/1, logits.data(), nullptr);
  EXPECT_EQ(logits[3], 200);
  EXPECT_EQ(logits[0], 200);
}

// Of sum over v of weight_v logits'_v.
TEST(CopyLogitsTest, GradientsAreThoseOfTheSum) {
  const std::vector<float> weights = Random(kVocab, 3);
  std::vector<float> scores = Random(kIds.size(), 1), logits = Random(kVocab, 2);
  const auto value = [&] {
    std::vector<float> changed = logits;
    AddCopies(kIds, scores.data(), kScale, changed.data(), nullptr);
    double sum = 0;
    for (size_t v = 0; v < changed.size(); ++v) sum += double{weights[v]} * double{changed[v]};
    return sum;
  };
  std::vector<float> changed = logits, kept(2 * kIds.size()), dlogits = weights, dscores(kIds.size(), 100.0f);
  AddCopies(kIds, scores.data(), kScale, changed.data(), kept.data());
  AddCopiesBackward(kIds, scores.data(), kScale, kept.data(), dlogits.data(), dscores.data());
  const auto numerical = [&](float& at) {
    constexpr float kStep = 1e-2f;
    const float middle = at;
    at = middle + kStep;
    const double above = value();
    at = middle - kStep;
    const double below = value();
    at = middle;
    return (above - below) / (2 * double{kStep});
  };
  for (size_t v = 0; v < logits.size(); ++v) EXPECT_NEAR(dlogits[v], numerical(logits[v]), 2e-4) << v;
  for (size_t j = 0; j < scores.size(); ++j) EXPECT_NEAR(dscores[j], numerical(scores[j]), 2e-4) << j;
}

}  // namespace
}  // namespace dragoman::kernels
