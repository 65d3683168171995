// SPDX-License-Identifier: Apache-2.0
#include "data/batch_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "base/error.h"
#include "base/rng.h"

namespace dragoman {
namespace {

std::vector<PairLengths> RandomLengths(int pairs, uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<PairLengths> lengths;
  for (int i = 0; i < pairs; ++i) {
    const auto src = static_cast<uint16_t>(2 + rng.Below(40));
    lengths.push_back({src, static_cast<uint16_t>(2 + src / 2 + rng.Below(20))});
  }
  return lengths;
}

BatchPlan Plan(const std::vector<PairLengths>& lengths, const BatchOptions& options, int64_t epoch = 0) {
  BatchPlan plan;
  PlanEpoch(lengths, options, epoch, &plan);
  return plan;
}

struct Totals {
  int64_t sentences = 0;
  int64_t src = 0;
  int64_t tgt = 0;
};

Totals TotalsOf(const std::vector<PairLengths>& lengths, const BatchPlan& plan, int64_t batch) {
  Totals totals;
  for (const uint32_t pair : plan.Pairs(batch)) {
    ++totals.sentences;
    totals.src += lengths[pair].src;
    totals.tgt += lengths[pair].tgt;
  }
  return totals;
}

class BatchPlanOrderTest : public testing::TestWithParam<BatchOrder> {
 protected:
  BatchOptions Options() const {
    BatchOptions options;
    options.order = GetParam();
    options.max_tokens = 500;
    return options;
  }
};
INSTANTIATE_TEST_SUITE_P(Orders, BatchPlanOrderTest,
                         testing::Values(BatchOrder::kShuffled, BatchOrder::kBucketed, BatchOrder::kFile));

TEST_P(BatchPlanOrderTest, EveryPairIsInExactlyOneBatch) {
  const auto lengths = RandomLengths(3000);
  for (int64_t epoch = 0; epoch < 3; ++epoch) {
    BatchPlan plan = Plan(lengths, Options(), epoch);
    EXPECT_EQ(plan.starts.front(), 0u);
    EXPECT_EQ(plan.starts.back(), 3000u);
    EXPECT_TRUE(std::is_sorted(plan.starts.begin(), plan.starts.end()));
    std::sort(plan.order.begin(), plan.order.end());
    for (uint32_t i = 0; i < 3000; ++i) ASSERT_EQ(plan.order[i], i);
  }
}

TEST_P(BatchPlanOrderTest, NoBatchExceedsTheBudgetAndFewAreMuchSmaller) {
  const auto lengths = RandomLengths(3000);
  const BatchPlan plan = Plan(lengths, Options());
  double fill = 0;
  for (int64_t b = 0; b < plan.batches(); ++b) {
    const Totals totals = TotalsOf(lengths, plan, b);
    EXPECT_LE(totals.tgt, 500);
    EXPECT_LE(totals.src, 2000);
    fill += static_cast<double>(totals.tgt) / 500 / static_cast<double>(plan.batches());
  }
  EXPECT_GT(fill, 0.9);
}

TEST_P(BatchPlanOrderTest, SourceTokensAreBoundedAtFourTimesTheTargets) {
  const std::vector<PairLengths> lengths(100, PairLengths{300, 10});
  const BatchPlan plan = Plan(lengths, Options());
  EXPECT_EQ(plan.Pairs(0).size(), 6u);  // 1,800 of 2,000 source tokens, 60 of 500 target tokens
}

TEST_P(BatchPlanOrderTest, APairAboveTheBudgetIsABatchOfItsOwn) {
  const std::vector<PairLengths> lengths = {{10, 10}, {10, 600}, {10, 10}, {3000, 10}};
  const BatchPlan plan = Plan(lengths, Options());
  for (int64_t b = 0; b < plan.batches(); ++b) {
    for (const uint32_t pair : plan.Pairs(b)) {
      EXPECT_TRUE((pair != 1 && pair != 3) || plan.Pairs(b).size() == 1) << pair;
    }
  }
}

TEST_P(BatchPlanOrderTest, SameArgumentsSamePlanOtherEpochOrSeedOtherPlan) {
  const auto lengths = RandomLengths(1000);
  BatchOptions options = Options();
  const BatchPlan plan = Plan(lengths, options, 3);
  EXPECT_EQ(Plan(lengths, options, 3).order, plan.order);
  EXPECT_EQ(Plan(lengths, options, 3).starts, plan.starts);
  const bool changes = GetParam() != BatchOrder::kFile;
  EXPECT_EQ(Plan(lengths, options, 4).order != plan.order, changes);
  options.seed = 2;
  EXPECT_EQ(Plan(lengths, options, 3).order != plan.order, changes);
}

TEST(BatchPlanTest, ShufflingReachesAcrossTheWholeCorpus) {
  const auto lengths = RandomLengths(10000);
  const BatchPlan plan = Plan(lengths, BatchOptions());
  double distance = 0;
  for (uint32_t i = 0; i < 10000; ++i) distance += std::abs(static_cast<double>(plan.order[i]) - i) / 10000;
  EXPECT_NEAR(distance, 10000 / 3.0, 100);  // mean of |a - b| for independent uniform a and b
}

TEST(BatchPlanTest, BucketsHoldLikeLengthsAndComeInRandomOrder) {
  const auto lengths = RandomLengths(5000);
  BatchOptions options;
  options.order = BatchOrder::kBucketed;
  options.max_tokens = 500;
  const BatchPlan plan = Plan(lengths, options);
  int longest_first = 0;
  int previous = 0;
  for (int64_t b = 0; b < plan.batches(); ++b) {
    int low = 1000;
    int high = 0;
    for (const uint32_t pair : plan.Pairs(b)) {
      low = std::min<int>(low, lengths[pair].tgt);
      high = std::max<int>(high, lengths[pair].tgt);
    }
    EXPECT_LE(high - low, 4);
    longest_first += low < previous;
    previous = low;
  }
  EXPECT_GT(longest_first, plan.batches() / 4);
  EXPECT_LT(longest_first, 3 * plan.batches() / 4);
}

TEST(BatchPlanTest, PairsOfEqualLengthMeetOthersInTheNextEpoch) {
  const std::vector<PairLengths> lengths(200, PairLengths{10, 10});
  BatchOptions options;
  options.order = BatchOrder::kBucketed;
  options.max_tokens = 100;
  const auto mates = [&](int64_t epoch) {
    const BatchPlan plan = Plan(lengths, options, epoch);
    std::vector<std::vector<uint32_t>> batches;
    for (int64_t b = 0; b < plan.batches(); ++b) {
      batches.emplace_back(plan.Pairs(b).begin(), plan.Pairs(b).end());
      std::sort(batches.back().begin(), batches.back().end());
    }
    std::sort(batches.begin(), batches.end());
    return batches;
  };
  EXPECT_NE(mates(0), mates(1));
}

TEST(BatchPlanTest, OptionsOutOfRangeAreNamed) {
  const auto message = [](const BatchOptions& options) -> std::string {
    try {
      options.Validate();
    } catch (const OptionError& e) {
      return e.what();
    }
    return "fine";
  };
  BatchOptions options;
  EXPECT_EQ(message(options), "fine");
  options.max_tokens = 0;
  EXPECT_THAT(message(options), testing::HasSubstr("`batch_tokens` 0"));
  options = {};
  options.decoder_start = -2;
  EXPECT_THAT(message(options), testing::HasSubstr("`decoder_start` -2"));
}

// How often each of `pairs` is in an epoch.
std::vector<int> TimesOf(int64_t pairs, const BatchOptions& options, int64_t epoch) {
  const std::vector<PairLengths> lengths(static_cast<size_t>(pairs), PairLengths{3, 3});
  BatchPlan plan;
  PlanEpoch(lengths, options, epoch, &plan);
  std::vector<int> times(static_cast<size_t>(pairs));
  for (const uint32_t pair : plan.order) ++times[pair];
  return times;
}

TEST(BatchPlanTest, SharesSayHowOftenAnEpochHasThePairs) {
  BatchOptions options;
  options.max_tokens = 20;
  for (const BatchOrder order : {BatchOrder::kShuffled, BatchOrder::kBucketed, BatchOrder::kFile}) {
    options.order = order;
    options.shares = {{3, 2000}, {10, 250}, {2, 1500}};
    std::vector<int> sums(15);
    for (int64_t epoch = 0; epoch < 4; ++epoch) {
      const std::vector<int> times = TimesOf(15, options, epoch);
      for (size_t pair = 0; pair < 3; ++pair) EXPECT_EQ(times[pair], 2);
      EXPECT_NEAR(std::accumulate(times.begin() + 3, times.begin() + 13, 0), 2.5, 0.5);
      EXPECT_EQ(times[13] + times[14], 3);
      for (size_t pair = 0; pair < 15; ++pair) sums[pair] += times[pair];
    }
    for (size_t pair = 3; pair < 13; ++pair) EXPECT_EQ(sums[pair], 1) << "once in four epochs";
    for (size_t pair = 13; pair < 15; ++pair) EXPECT_EQ(sums[pair], 6);
    EXPECT_EQ(TimesOf(15, options, 1003), TimesOf(15, options, 3)) << "after 1000 epochs it begins again";
  }
  EXPECT_EQ(options.PairsAnEpoch(15), 6 + 2 + 3);
  EXPECT_TRUE(options.EpochsDiffer());
}

// Of pairs of one length, a batch of ten holds ten of the 400: copies of one are together by chance alone.
TEST(BatchPlanTest, CopiesOfAPairAreNoNeighbours) {
  const std::vector<PairLengths> lengths(100, PairLengths{3, 3});
  BatchOptions options;
  options.max_tokens = 30;
  options.order = BatchOrder::kBucketed;
  options.shares = {{100, 4000}};
  BatchPlan plan;
  PlanEpoch(lengths, options, 0, &plan);
  int64_t together = 0;
  for (int64_t batch = 0; batch < plan.batches(); ++batch) {
    const auto pairs = plan.Pairs(batch);
    together += std::ssize(pairs) - std::ssize(std::set<uint32_t>(pairs.begin(), pairs.end()));
  }
  EXPECT_LT(together, 60);  // 13 expected; of neighbours 300
}

TEST(BatchPlanTest, SharesOfOneAreThePlanWithout) {
  const std::vector<PairLengths> lengths(30, PairLengths{3, 3});
  BatchOptions options;
  options.max_tokens = 20;
  BatchPlan with, without;
  PlanEpoch(lengths, options, 5, &without);
  options.shares = {{12, 1000}, {18, 1000}};
  EXPECT_FALSE(options.EpochsDiffer());
  PlanEpoch(lengths, options, 5, &with);
  EXPECT_EQ(with.order, without.order);
  EXPECT_EQ(with.starts, without.starts);
}

TEST(BatchPlanTest, SharesThatLeaveAnEpochEmptyAreRefused) {
  BatchOptions options;
  options.shares = {{9, 100}};
  EXPECT_THROW(options.Validate(), OptionError);
  options.shares = {{10, 100}};
  options.Validate();
}

}  // namespace
}  // namespace dragoman
