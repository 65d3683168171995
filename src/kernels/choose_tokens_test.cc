// SPDX-License-Identifier: Apache-2.0
#include "kernels/choose_tokens.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <vector>

#include "base/rng.h"
#include "kernels/kernels_testing.h"

namespace dragoman::kernels {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> RandomLogits(size_t count, uint64_t seed) {
  Rng rng(seed);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = static_cast<float>(3 * rng.Normal());
  return logits;
}

// As one would first write it: in double, all sorted.
std::vector<TokenLogProb> TopByDefinition(const std::vector<float>& logits, const std::set<int32_t>& banned,
                                          size_t count) {
  double sum = 0;
  for (const float logit : logits) sum += std::exp(double{logit});
  std::vector<TokenLogProb> all;
  for (size_t id = 0; id < logits.size(); ++id) {
    if (banned.contains(static_cast<int32_t>(id)) || logits[id] == -kInf) continue;
    all.push_back({static_cast<int32_t>(id), static_cast<float>(double{logits[id]} - std::log(sum))});
  }
  std::ranges::stable_sort(all, [&](const TokenLogProb& a, const TokenLogProb& b) {
    return logits[static_cast<size_t>(a.token)] > logits[static_cast<size_t>(b.token)];
  });
  all.resize(std::min(all.size(), count));
  return all;
}

std::vector<TokenLogProb> Top(std::vector<float> logits, size_t count, const std::vector<int32_t>& always = {},
                              const std::vector<int32_t>& here = {}, int32_t last_resort = -1) {
  std::vector<TokenLogProb> best(count);
  TokenChoice choice{.best = best, .banned = here, .last_resort = last_resort};
  ChooseTokens(Matrix(logits.data(), 1, static_cast<int64_t>(logits.size())), always, {&choice, 1});
  best.resize(static_cast<size_t>(choice.found));
  return best;
}

std::vector<int32_t> TokensOf(const std::vector<TokenLogProb>& best) {
  std::vector<int32_t> tokens;
  for (const TokenLogProb& one : best) tokens.push_back(one.token);
  return tokens;
}

TEST(ChooseTokensTest, FindsTheLikeliestOfAllLengths) {
  ForEachTarget([] {
    for (const int64_t length : TestLengths()) {
      if (length == 0) continue;
      std::vector<float> logits = RandomLogits(static_cast<size_t>(length), static_cast<uint64_t>(length));
      if (length > 20) logits[3] = logits[17], logits[5] = -kInf;
      for (const size_t count : {1, 2, 8, 40}) {
        const std::vector<int32_t> always = {0}, here = {static_cast<int32_t>(length) - 1, 0};
        const std::set<int32_t> banned = {0, static_cast<int32_t>(length) - 1};
        const std::vector<TokenLogProb> best = Top(logits, count, always, here);
        const std::vector<TokenLogProb> expected = TopByDefinition(logits, banned, count);
        ASSERT_EQ(TokensOf(best), TokensOf(expected)) << length << ", " << count;
        for (size_t i = 0; i < best.size(); ++i) EXPECT_NEAR(best[i].log_prob, expected[i].log_prob, 1e-5);
      }
    }
  });
}

// Large in number, with many equals, in no order and in the worst one.
TEST(ChooseTokensTest, OfEqualsTheSmallerIdIsFirst) {
  ForEachTarget([] {
    std::vector<float> logits(1000, 1.0f);
    for (size_t id = 0; id < logits.size(); id += 7) logits[id] = 2.0f;
    EXPECT_EQ(TokensOf(Top(logits, 5)), (std::vector<int32_t>{0, 7, 14, 21, 28}));
    std::iota(logits.begin(), logits.end(), 0.0f);
    EXPECT_EQ(TokensOf(Top(logits, 3)), (std::vector<int32_t>{999, 998, 997}));
    std::ranges::fill(logits, -kInf);
    logits[30] = logits[31] = logits[800] = 1.0f;
    EXPECT_EQ(TokensOf(Top(logits, 8)), (std::vector<int32_t>{30, 31, 800}));
  });
}

TEST(ChooseTokensTest, WhichTheyAreIsFoundWithoutProbabilities) {
  ForEachTarget([] {
    for (const int64_t length : {1, 5, 17, 71, 600, 1000}) {
      std::vector<float> logits = RandomLogits(static_cast<size_t>(length), 3);
      for (const size_t count : {1, 4}) {
        const std::vector<int32_t> expected = TokensOf(Top(logits, count, {0}));
        std::vector<TokenLogProb> best(count, {-1, 1.0f});
        TokenChoice choice{.best = best, .skip_log_probs = true};
        std::vector<float> row = logits;
        ChooseTokens(Matrix(row.data(), 1, length), std::vector<int32_t>{0}, {&choice, 1});
        best.resize(static_cast<size_t>(choice.found));
        EXPECT_EQ(TokensOf(best), expected);
        for (const TokenLogProb& token : best) EXPECT_EQ(token.log_prob, 0.0f);
        for (const float bad : {kNan, -kNan, kInf}) {
          row = logits;
          row[static_cast<size_t>(length) - 1] = bad;
          ChooseTokens(Matrix(row.data(), 1, length), {}, {&choice, 1});
          EXPECT_EQ(choice.found, 0) << bad;
        }
      }
    }
  });
}

TEST(ChooseTokensTest, WhatIsBannedKeepsItsPartOfTheProbability) {
  const std::vector<float> logits = {0, 0, 0, 0};
  const std::vector<TokenLogProb> best = Top(logits, 4, {1}, {2});
  EXPECT_EQ(TokensOf(best), (std::vector<int32_t>{0, 3}));
  EXPECT_NEAR(best[0].log_prob, std::log(0.25), 1e-6);
}

TEST(ChooseTokensTest, WhereNothingElseIsLeftTheLastResortIs) {
  const std::vector<float> logits = {0, 1, 2};
  EXPECT_EQ(TokensOf(Top(logits, 2, {0, 2}, {1}, /*last_resort=*/1)), std::vector<int32_t>{1});
  EXPECT_EQ(TokensOf(Top(logits, 2, {2}, {1}, /*last_resort=*/1)), std::vector<int32_t>{0});
  EXPECT_NEAR(Top(logits, 2, {0, 2}, {1}, 1)[0].log_prob, 1 - std::log(1 + std::exp(1.0) + std::exp(2.0)), 1e-6);
  EXPECT_TRUE(Top({0, -kInf, 2}, 2, {0, 2}, {1}, 1).empty()) << "what is impossible is no resort";
}

TEST(ChooseTokensTest, NothingIsFoundWhereALogitIsNotANumber) {
  ForEachTarget([] {
    for (const size_t at : {0, 1, 15, 40, 70}) {
      std::vector<float> logits = RandomLogits(71, 1);
      logits[at] = kNan;
      EXPECT_TRUE(Top(logits, 3).empty()) << at;
      logits[at] = kInf;
      EXPECT_TRUE(Top(logits, 3).empty()) << at;
      EXPECT_TRUE(Top(logits, 3, {}, {0}, /*last_resort=*/0).empty()) << at;
    }
    EXPECT_TRUE(Top(std::vector<float>(71, -kInf), 3).empty());
  });
}

// Though banned.
TEST(ChooseTokensTest, WhatIsGivenHasTheLogProbThatItHadAsTheLikeliest) {
  ForEachTarget([] {
    TestMatrix logits(3, 50, /*seed=*/1, /*scale=*/5);
    for (int64_t r = 0; r < 3; ++r) {
      const TokenLogProb likeliest = Top({logits.Row(r), logits.Row(r) + 50}, 1).front();
      TokenLogProb best;
      TokenChoice choice{.best = {&best, 1}, .given = likeliest.token, .banned = {&likeliest.token, 1}};
      ChooseTokens(Matrix(logits.Row(r), 1, 50), {}, {&choice, 1});
      EXPECT_EQ(choice.found, 1);
      EXPECT_EQ(best.token, likeliest.token);
      EXPECT_EQ(best.log_prob, likeliest.log_prob);
    }
  });
}

constexpr int kDraws = 20000;

std::vector<float> LogsOf(const std::vector<double>& probabilities) {
  std::vector<float> logs;
  for (const double p : probabilities) logs.push_back(static_cast<float>(std::log(p)));
  return logs;
}

// The token that is drawn; -1: none.
int32_t DrawToken(TokenDraw draw, std::vector<float> logits, Rng& rng) {
  draw.uniform = rng.Uniform();
  TokenLogProb best;
  TokenChoice choice{.best = {&best, 1}, .draw = draw};
  ChooseTokens(Matrix(logits.data(), 1, static_cast<int64_t>(logits.size())), {}, {&choice, 1});
  return choice.found == 0 ? -1 : best.token;
}

std::vector<int> CountDraws(const TokenDraw& draw, const std::vector<double>& probabilities) {
  const std::vector<float> log_probs = LogsOf(probabilities);
  std::vector<int> counts(probabilities.size(), 0);
  Rng rng(17);
  for (int i = 0; i < kDraws; ++i) ++counts[static_cast<size_t>(DrawToken(draw, log_probs, rng))];
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

TEST(TokenDrawTest, FollowsTheDistribution) {
  ExpectDistribution(CountDraws(TokenDraw(), kProbabilities), kProbabilities);
}

TEST(TokenDrawTest, TemperatureRaisesProbabilitiesToItsInverse) {
  for (const float temperature : {0.5f, 2.0f}) {
    TokenDraw options;
    options.temperature = temperature;
    std::vector<double> expected;
    double total = 0;
    for (const double p : kProbabilities) total += expected.emplace_back(std::pow(p, 1 / double{temperature}));
    for (double& p : expected) p /= total;
    ExpectDistribution(CountDraws(options, kProbabilities), expected);
  }
}

TEST(TokenDrawTest, TinyTemperatureIsGreedy) {
  TokenDraw options;
  options.temperature = 1e-30f;
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
}

TEST(TokenDrawTest, TopKKeepsTheLikeliestAndTheirProportions) {
  TokenDraw options;
  options.top_k = 2;
  ExpectDistribution(CountDraws(options, kProbabilities), {0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
  options.top_k = 1;
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
  options.top_k = 100;  // more than there are
  ExpectDistribution(CountDraws(options, kProbabilities), kProbabilities);
}

TEST(TokenDrawTest, TopPKeepsTheSmallestSetThatReachesIt) {
  TokenDraw options;
  options.top_p = 0.6f;  // 0.4 is not enough, 0.4 + 0.25 is
  ExpectDistribution(CountDraws(options, kProbabilities), {0, 0.4 / 0.65, 0, 0.25 / 0.65, 0});
  options.top_p = 0.3f;
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
  options.top_p = 0.9f;  // 0.4 + 0.25 + 0.2 + 0.1
  ExpectDistribution(CountDraws(options, kProbabilities), {0.1 / 0.95, 0.4 / 0.95, 0, 0.25 / 0.95, 0.2 / 0.95});
}

TEST(TokenDrawTest, TopPCountsWithinTopK) {
  TokenDraw options;
  options.top_k = 2;
  options.top_p = 0.61f;  // 0.4 of the 0.65 that are left is 0.615
  EXPECT_EQ(CountDraws(options, kProbabilities)[1], kDraws);
}

TEST(TokenDrawTest, OfEqualProbabilitiesTheSmallerIdsAreKept) {
  TokenDraw options;
  options.top_k = 2;
  ExpectDistribution(CountDraws(options, {0.25, 0.25, 0.25, 0.25}), {0.5, 0.5, 0, 0});
}

TEST(TokenDrawTest, TheSameSeedDrawsTheSame) {
  const std::vector<float> log_probs = LogsOf(kProbabilities);
  Rng a(3), b(3);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(DrawToken(TokenDraw(), log_probs, a), DrawToken(TokenDraw(), log_probs, b));
  }
}

TEST(TokenDrawTest, WhatIsImpossibleIsNeverDrawn) {
  Rng rng(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(DrawToken(TokenDraw(), {-kInf, -kInf, -3, -kInf}, rng), 2);
  EXPECT_EQ(DrawToken(TokenDraw(), {kNan, 1}, rng), -1);
  EXPECT_EQ(DrawToken(TokenDraw(), {-kInf, -kInf}, rng), -1);
}

}  // namespace
}  // namespace dragoman::kernels
