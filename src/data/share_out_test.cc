// SPDX-License-Identifier: Apache-2.0
#include "data/share_out.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace dragoman {
namespace {

constexpr SentenceCost kCost{1, 1, 1.0 / 1024, 1.0 / 2048, 1.0 / 1024};

Batch BatchOf(const std::vector<std::pair<int, int>>& lengths) {
  Batch batch;
  for (const auto& [src, tgt] : lengths) {
    batch.src.ids.insert(batch.src.ids.end(), static_cast<size_t>(src), 5);
    batch.tgt_out.ids.insert(batch.tgt_out.ids.end(), static_cast<size_t>(tgt), 6);
    batch.FinishSentence(batch.sentences(), 1);
  }
  return batch;
}

Batch RandomBatch(int sentences, uint64_t seed) {
  Rng rng(seed);
  std::vector<std::pair<int, int>> lengths;
  for (int i = 0; i < sentences; ++i) {
    lengths.emplace_back(1 + static_cast<int>(rng.Below(60)), 1 + static_cast<int>(rng.Below(60)));
  }
  return BatchOf(lengths);
}

double Load(const Batch& batch, const std::vector<int>& share) {
  double load = 0;
  for (const int s : share) load += kCost.Of(batch.SrcLength(s), batch.TgtLength(s));
  return load;
}

TEST(ShareOutTest, EverySentenceGoesToOneWorkerAndLoadsAreEven) {
  for (const int workers : {1, 2, 3, 8}) {
    const Batch batch = RandomBatch(100, static_cast<uint64_t>(workers));
    const auto shares = ShareOut(batch, workers, kCost);
    ASSERT_EQ(shares.size(), static_cast<size_t>(workers));
    std::vector<int> seen;
    double most = 0;
    double total = 0;
    for (const auto& share : shares) {
      EXPECT_TRUE(std::is_sorted(share.begin(), share.end()));
      seen.insert(seen.end(), share.begin(), share.end());
      most = std::max(most, Load(batch, share));
      total += Load(batch, share);
    }
    std::sort(seen.begin(), seen.end());
    for (int s = 0; s < 100; ++s) ASSERT_EQ(seen[static_cast<size_t>(s)], s);
    EXPECT_LT(most, 1.02 * total / workers);
    EXPECT_EQ(ShareOut(batch, workers, kCost), shares);
  }
}

TEST(ShareOutTest, FewSentencesLeaveWorkersEmptyButNoneWaitsInVain) {
  const Batch batch = BatchOf({{5, 5}, {9, 9}});
  const auto shares = ShareOut(batch, 4, kCost);
  int busy = 0;
  for (const auto& share : shares) busy += !share.empty();
  EXPECT_EQ(busy, 2);
  for (const auto& share : ShareOut(RandomBatch(4, 1), 4, kCost)) EXPECT_EQ(share.size(), 1u);
}

TEST(ShareOutTest, LongSentencesCountMoreThanTheirTokens) {
  // 1 x 1000 tokens a side against 20 x 50: equal tokens, but attention makes the long one dearer.
  std::vector<std::pair<int, int>> lengths = {{1000, 1000}};
  for (int i = 0; i < 40; ++i) lengths.emplace_back(50, 50);
  const auto shares = ShareOut(BatchOf(lengths), 2, kCost);
  const auto& with_long = shares[0][0] == 0 ? shares[0] : shares[1];
  EXPECT_LT(with_long.size(), 1u + 10u);
}

TEST(ShareOutTest, EveryKindOfCostCounts) {
  const double src_token = 1, tgt_token = 10, src_pair = 100, tgt_pair = 1000, cross_pair = 10000;
  EXPECT_EQ((SentenceCost{src_token, tgt_token, src_pair, tgt_pair, cross_pair}.Of(3, 5)),
            3 * src_token + 5 * tgt_token + 9 * src_pair + 25 * tgt_pair + 15 * cross_pair);
  // Where only target tokens cost, two sentences of 10 are as dear as one of 20, whatever their sources.
  const Batch uneven = BatchOf({{90, 10}, {1, 20}, {90, 10}});
  EXPECT_EQ(ShareOut(uneven, 2, {0, 1, 0, 0, 0}), (std::vector<std::vector<int>>{{1}, {0, 2}}));
}

// Filled one after the other, the last part would be of one sentence.
TEST(MicroBatchesTest, AreEven) {
  const Batch batch = BatchOf({{5, 5}, {5, 5}, {5, 5}, {5, 5}, {5, 5}, {5, 5}, {5, 5}, {5, 5}, {5, 5}});
  const std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(MicroBatches(batch, all, 40), (std::vector<std::vector<int>>{{0, 1, 2}, {3, 4, 5}, {6, 7, 8}}));
}

TEST(MicroBatchesTest, KeepOrderAndBudget) {
  const Batch batch = RandomBatch(100, 5);
  const std::vector<int> sentences = ShareOut(batch, 2, kCost)[1];
  const auto parts = MicroBatches(batch, sentences, 256);
  std::vector<int> joined;
  for (const auto& part : parts) {
    int64_t tokens = 0;
    for (const int s : part) tokens += batch.SrcLength(s) + batch.TgtLength(s);
    EXPECT_TRUE(tokens <= 256 || part.size() == 1);
    joined.insert(joined.end(), part.begin(), part.end());
  }
  EXPECT_EQ(joined, sentences);
  EXPECT_LT(parts.size(), 2 * static_cast<size_t>(batch.src_tokens() + batch.tgt_tokens()) / 2 / 150);
}

TEST(MicroBatchesTest, ASentenceAboveTheBudgetStandsAlone) {
  const Batch batch = BatchOf({{3, 3}, {100, 100}, {3, 3}, {3, 3}});
  const std::vector<int> all = {0, 1, 2, 3};
  EXPECT_EQ(MicroBatches(batch, all, 50), (std::vector<std::vector<int>>{{0}, {1}, {2, 3}}));
  EXPECT_TRUE(MicroBatches(batch, {}, 50).empty());
}

}  // namespace
}  // namespace dragoman
