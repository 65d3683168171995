// SPDX-License-Identifier: Apache-2.0
#include "decode/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr int kDraws = 20000;

std::vector<float> LogsOf(const std::vector<double>& probabilities) {
  std::vector<float> logs;
  for (const double p : probabilities) logs.push_back(static_cast<float>(std::log(p)));
  return logs;
}

std::vector<int> CountDraws(const DecodeOptions& options, const std::vector<double>& probabilities) {
  const std::vector<float> log_probs = LogsOf(probabilities);
  std::vector<int> counts(probabilities.size(), 0);
  Rng rng(17);
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<size_t>(SampleToken(options, log_probs, rng))];
  return counts;
}

// Pearson's chi-square of the counts. Its mean is the number of tokens that can be drawn less 1, its variance twice
// that: with the seed fixed above, the bound (about the 0.999 quantile for up to 5 tokens) is met once and for all.
void ExpectDistribution(const std::vector<int>& counts, const std::vector<double>& expected) {
  double chi_square = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (expected[i] == 0) {
      EXPECT_EQ(counts[i], 0) << "token " << i;
      continue;
    }
    const double mean = kDraws * expected[i];
    chi_square += (counts[i] - mean) * (counts[i] - mean) / mean;
  }
  EXPECT_LT(chi_square, 18.5);
}

const std::vector<double> kProbabilities = {0.1, 0.4, 0.05, 0.25, 0.2};

TEST(SamplerTest, FollowsTheDistribution) {
  ExpectDistribution(CountDraws(DecodeOptions(), kProbabilities), kProbabilities);
}

TEST(SamplerTest, TemperatureRaisesProbabilitiesToItsInverse) {
  for (const float temperature : {0.5f, 2.0f}) {
    DecodeOptions options;
    options.temperature = temperature;
    std::vector<double> expected;
    double total = 0;
    for (const double p : kProbabilities) total += expected.emplace_back(std::pow(p, 1 / double{temperature}));
    for (double& p : expected) p /= total;
    ExpectDistribution(CountDraws(options, kProbabilities), expected);
  }
}

TEST(SamplerTest, TinyTemperatureIsGreedy) {
  DecodeOptions options;
  options.temperature = 1e-30f;
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
}

TEST(SamplerTest, TopKKeepsTheLikeliestAndTheirProportions) {
  DecodeOptions options;
  options.top_k = 2;
  ExpectDistribution(CountDraws(options, kProbabilities), {0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
  options.top_k = 1;
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
  options.top_k = 100;  // more than there are
  ExpectDistribution(CountDraws(options, kProbabilities), kProbabilities);
}

TEST(SamplerTest, TopPKeepsTheSmallestSetThatReachesIt) {
  DecodeOptions options;
  options.top_p = 0.6f;  // 0.4 is not enough, 0.4 + 0.25 is
  ExpectDistribution(CountDraws(options, kProbabilities), {0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
  options.top_p = 0.3f;
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
  options.top_p = 0.9f;  // 0.4 + 0.25 + 0.2 + 0.1
  ExpectDistribution(CountDraws(options, kProbabilities), {0.1 / 0.95, 0.4 / 0.95, 0, 0.25 / 0.95, 0.2 / 0.95});
}

TEST(SamplerTest, TopPCountsWithinTopK) {
  DecodeOptions options;
  options.top_k = 2;
  options.top_p = 0.61f;  // 0.4 of the 0.65 that are left is 0.615
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
}

TEST(SamplerTest, OfEqualProbabilitiesTheSmallerIdsAreKept) {
  DecodeOptions options;
  options.top_k = 2;
  ExpectDistribution(CountDraws(options, {0.25, 0.25, 0.25, 0.25}), {0.5, 0.5, 0, 0});
}

TEST(SamplerTest, TheSameSeedDrawsTheSame) {
  const std::vector<float> log_probs = LogsOf(kProbabilities);
  Rng a(3), b(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(SampleToken(DecodeOptions(), log_probs, a), SampleToken(DecodeOptions(), log_probs, b));
  }
}

TEST(SamplerTest, WhatIsNotANumberIsNeverDrawn) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Rng rng(1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(SampleToken(DecodeOptions(), std::vector<float>{nan, -kInf, -3, nan}, rng), 2);
  }
  EXPECT_THROW(SampleToken(DecodeOptions(), std::vector<float>{nan, nan}, rng), NumericError);
  EXPECT_THROW(SampleToken(DecodeOptions(), std::vector<float>{-kInf, -kInf}, rng), NumericError);
}

constexpr int32_t kStart = 7;
constexpr int32_t kEos = 2;

DecodeOptions Drawn(int n_best) {
  DecodeOptions options;
  options.sample = true;
  options.n_best = n_best;
  return options;
}

// Rows of log-probabilities, one for each open sample.
void Advance(Samples& samples, std::vector<std::vector<float>> rows) {
  std::vector<float> flat;
  for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  samples.Advance(ConstMatrix(flat.data(), static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())));
}

// A vocabulary of four, of which one token alone is possible.
std::vector<float> Only(size_t token, float log_prob) {
  std::vector<float> row(4, -kInf);
  row[token] = log_prob;
  return row;
}

TEST(SamplesTest, EachIsARowUntilItEndsOrTheLimitCutsIt) {
  Samples samples(Drawn(3), {kStart, kEos, /*max_length=*/2}, /*sentence_id=*/0);
  ASSERT_EQ(samples.rows().size(), 3u);
  for (const SearchRow& row : samples.rows()) {
    EXPECT_EQ(row.token, kStart);
    EXPECT_EQ(row.parent, 0);
  }
  Advance(samples, {Only(1, -1), Only(kEos, -4), Only(3, -2)});
  ASSERT_EQ(samples.rows().size(), 2u);
  EXPECT_EQ(samples.rows()[0].token, 1);
  EXPECT_EQ(samples.rows()[0].parent, 0);
  EXPECT_EQ(samples.rows()[1].token, 3);
  EXPECT_EQ(samples.rows()[1].parent, 2);
  Advance(samples, {Only(0, -1), Only(kEos, -0.5f)});
  EXPECT_TRUE(samples.done());
  EXPECT_THROW(Advance(samples, {Only(0, -1)}), InternalError);
  const std::vector<Hypothesis> all = samples.Finish();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0].tokens, std::vector<int32_t>{3});
  EXPECT_EQ(all[0].log_prob, -2.5);
  EXPECT_EQ(all[0].score, -2.5 / LengthPenaltyOf(DecodeOptions(), 2)) << "</s> counts";
  EXPECT_TRUE(all[0].complete);
  EXPECT_EQ(all[1].tokens, std::vector<int32_t>{});
  EXPECT_EQ(all[1].score, -4 / LengthPenaltyOf(DecodeOptions(), 1));
  EXPECT_EQ(all[2].tokens, (std::vector<int32_t>{1, 0})) << "what was cut comes last, whatever its score";
  EXPECT_FALSE(all[2].complete);
}

TEST(SamplesTest, WhatIsDrawnFollowsFromSeedSentenceAndNumberAlone) {
  const auto draw = [](int n_best, uint64_t seed, int64_t sentence_id) {
    DecodeOptions options = Drawn(n_best);
    options.seed = seed;
    Samples samples(options, {kStart, kEos, /*max_length=*/10}, sentence_id);
    std::vector<std::vector<int32_t>> tokens(static_cast<size_t>(n_best));  // of each sample, in the order of its rows
    for (int step = 0; step < 9; ++step) {
      Advance(samples, std::vector<std::vector<float>>(static_cast<size_t>(n_best), {-1, -1, -kInf, -1}));
      for (size_t i = 0; i < tokens.size(); ++i) tokens[i].push_back(samples.rows()[i].token);
    }
    return tokens;
  };
  const auto usual = draw(2, 1, 5);
  EXPECT_EQ(draw(2, 1, 5), usual);
  EXPECT_EQ(draw(4, 1, 5)[1], usual[1]) << "more samples are the same ones and some more";
  EXPECT_NE(draw(2, 2, 5), usual);
  EXPECT_NE(draw(2, 1, 6), usual);
  EXPECT_NE(usual[0], usual[1]);
}

TEST(SamplesTest, NanEverywhereIsAnError) {
  Samples samples(Drawn(1), {kStart, kEos, 5}, 0);
  EXPECT_THROW(Advance(samples, {std::vector<float>(4, std::numeric_limits<float>::quiet_NaN())}), NumericError);
}

}  // namespace
}  // namespace dragoman
