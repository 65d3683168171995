// SPDX-License-Identifier: Apache-2.0
#include "decode/sampler.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr int32_t kStart = 7;
constexpr int32_t kEos = 2;

DecodeOptions Drawn(int n_best) {
  DecodeOptions options;
  options.sample = true;
  options.n_best = n_best;
  return options;
}

// Rows of log-probabilities, one for each open sample, each drawing as it wants to.
void Advance(Samples& samples, std::vector<std::vector<float>> rows) {
  std::vector<kernels::TokenLogProb> best(rows.size());
  std::vector<kernels::TokenChoice> choices(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    choices[r].best = {&best[r], 1};
    if (r < samples.rows().size()) choices[r].draw = samples.DrawFor(static_cast<int64_t>(r));
    std::vector<float> logits = rows[r];
    kernels::ChooseTokens(Matrix(logits.data(), 1, static_cast<int64_t>(logits.size())), {}, {&choices[r], 1});
    best[r].log_prob = rows[r][static_cast<size_t>(best[r].token)];  // as it is, not made to add up to 1
  }
  samples.Advance(choices);
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
