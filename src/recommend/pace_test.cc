// SPDX-License-Identifier: Apache-2.0
#include "recommend/pace.h"

#include <gtest/gtest.h>

#include <csignal>

#include "base/signals.h"
#include "base/timer.h"

namespace dragoman {
namespace {

// 300 pairs of a corpus of 3,000.
CorpusFacts Facts() {
  CorpusFacts facts;
  facts.pairs = 3000;
  facts.src_words = facts.tgt_words = 5;
  facts.shared_letters = facts.distinct_targets = 1;
  for (int i = 0; i < 300; ++i) {
    const std::string text = "cat " + std::to_string(i) + " sees dog " + std::to_string(7 * i);
    facts.sample.emplace_back(text, "die " + text);
  }
  return facts;
}

TEST(PaceTest, TheSampleStandsForTheCorpus) {
  const CorpusFacts facts = Facts();
  Recommendation r = Recommend(facts, false);
  r.options.threads = 1;
  r.options.batch_tokens = 1000;
  const Timer timer;
  const Pace pace = MeasurePace(r, facts, /*seconds=*/0.1, [] {});
  EXPECT_GT(pace.updates_per_epoch, 20);  // 3,000 pairs of more than 8 tokens in batches of 1,000
  EXPECT_LT(pace.updates_per_epoch, 100);
  EXPECT_GT(pace.seconds_per_update, 0);
  EXPECT_LT(pace.seconds_per_update, timer.Seconds());
  EXPECT_LT(pace.vocab_size, 2000);  // so little text has not that many pieces
  EXPECT_GT(pace.parameters, 100'000);
}

TEST(PaceTest, AStopIsHeededBetweenSteps) {
  const CorpusFacts facts = Facts();
  EXPECT_THROW(MeasurePace(Recommend(facts, false), facts, 1000, [] { throw Interrupted(SIGTERM); }), Interrupted);
}

}  // namespace
}  // namespace dragoman
