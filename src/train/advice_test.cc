// SPDX-License-Identifier: Apache-2.0
#include "train/advice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// The recipe multi30k-en-de.
RunFacts Wise() {
  RunFacts facts;
  facts.updates = facts.decay_steps = 4250;
  facts.ends_by = "`max_steps` 4250";
  facts.warmup = 2000;
  facts.src_vocab = facts.tgt_vocab = 8000;
  facts.joint_vocabulary = true;
  facts.src_tokens = 420'000;
  facts.tgt_tokens = 460'000;
  facts.has_validation = true;
  facts.valid_pairs = 1014;
  return facts;
}

TEST(AdviceTest, AWiseRunGetsNone) {
  EXPECT_THAT(Advise(Wise()), IsEmpty());
  RunFacts facts = Wise();  // the demo
  facts.updates = facts.decay_steps = 1200;
  facts.warmup = 100;
  facts.joint_vocabulary = false;
  facts.src_vocab = 1500;
  facts.tgt_vocab = 1000;
  facts.src_tokens = 110'000;
  facts.tgt_tokens = 90'000;
  EXPECT_THAT(Advise(facts), IsEmpty());
  facts.warmup = facts.updates;  // the peak is reached by the last step
  EXPECT_THAT(Advise(facts), IsEmpty());
}

TEST(AdviceTest, WhatIsNotKnownEarnsNone) {
  RunFacts facts;
  facts.has_validation = true;
  facts.warmup = 4000;
  EXPECT_THAT(Advise(facts), IsEmpty());
}

TEST(AdviceTest, AWarmupLongerThanTheRun) {
  RunFacts facts = Wise();
  facts.warmup = 6000;
  facts.decay_steps = 0;
  EXPECT_THAT(Advise(facts), ElementsAre(AllOf(HasSubstr("ends inside its warm-up"),
                                               HasSubstr("`max_steps` 4250: 4250 updates, `warmup` 6000"),
                                               HasSubstr("give `warmup` 850"))));
  EXPECT_THAT(AdviseOnWarmup(4000, 1, "`max_steps` 1"), HasSubstr("1 update,"));
}

TEST(AdviceTest, ARateThatIsZeroTooEarlyOrHardlyFalls) {
  RunFacts facts = Wise();
  facts.decay_steps = 3000;
  EXPECT_THAT(Advise(facts), ElementsAre(HasSubstr("after `decay_steps` 3000 the learning rate is 0")));
  facts.decay_steps = 9000;
  EXPECT_THAT(Advise(facts), ElementsAre(HasSubstr("give `decay_steps` 4250")));
}

TEST(AdviceTest, AVocabularyLargerThanTheDataSupports) {
  RunFacts facts = Wise();
  facts.src_vocab = facts.tgt_vocab = 64000;
  EXPECT_THAT(Advise(facts), ElementsAre(AllOf(HasSubstr("`vocab` has 64000 pieces"), HasSubstr("880000 tokens"),
                                               HasSubstr("dragoman vocab `size` 14000"))));
  facts.joint_vocabulary = false;
  facts.src_vocab = 4000;
  EXPECT_THAT(Advise(facts), ElementsAre(HasSubstr("`tgt_vocab` has 64000 pieces")));
}

TEST(AdviceTest, NoValidationOrOneThatIsTrainedOn) {
  RunFacts facts = Wise();
  facts.has_validation = false;
  EXPECT_THAT(Advise(facts), ElementsAre(AllOf(HasSubstr("no validation"), HasSubstr("`valid_src`"))));
  facts.has_validation = true;
  facts.valid_pairs_in_training = 12;
  EXPECT_THAT(Advise(facts), ElementsAre(HasSubstr("12 of 1014 validation pairs are in the training data")));
}

TEST(AdviceTest, MemoryThatWillNotDo) {
  constexpr int64_t kMb = 1 << 20;
  MemoryFacts facts{
      .weights = 500 * kMb, .activations = 400 * kMb, .least_activations = 2 * kMb, .available = 900 * kMb};
  EXPECT_THAT(AdviseOnMemory(facts), IsEmpty());
  facts.available = 800 * kMb;
  EXPECT_THAT(AdviseOnMemory(facts), ElementsAre(AllOf(HasSubstr("about 900 MB, but only 800 MB"),
                                                       HasSubstr("`memory_mb` 300, fewer `threads`"))));
  facts.available = 400 * kMb;
  EXPECT_THAT(AdviseOnMemory(facts), ElementsAre(HasSubstr("give fewer `threads` or a smaller `preset`")));
  facts.available = 0;
  facts.limit = kMb;
  EXPECT_THAT(AdviseOnMemory(facts), ElementsAre(HasSubstr("`memory_mb` 1 is less than 1 thread can do with (2 MB)")));
}

}  // namespace
}  // namespace dragoman
