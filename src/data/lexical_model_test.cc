// SPDX-License-Identifier: Apache-2.0
#include "data/lexical_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "base/rng.h"

namespace dragoman {
namespace {

using testing::ElementsAre;

PackedSentences Packed(const std::vector<std::vector<int32_t>>& sentences) {
  PackedSentences packed;
  for (const auto& sentence : sentences) packed.Add(sentence);
  return packed;
}

float ProbabilityOf(const LexicalModel& model, int32_t source, int32_t target) {
  for (const LexicalEntry& entry : model.EntriesOf(source)) {
    if (entry.target == target) return entry.probability;
  }
  return 0;
}

// Das Haus, das Buch, ein Buch: the usual example. Without NULL's share by hand: das 0, Haus 1, Buch 2, ein 3.
TEST(LexicalModelTest, FindsWhatBelongsTogether) {
  const PackedSentences src = Packed({{0, 1}, {0, 2}, {3, 2}}), tgt = Packed({{10, 11}, {10, 12}, {13, 12}});
  const LexicalModel model(src.view(), tgt.view(), /*src_rows=*/4, /*iterations=*/20);
  for (const auto& [source, target] : std::map<int32_t, int32_t>{{0, 10}, {1, 11}, {2, 12}, {3, 13}}) {
    EXPECT_THAT(model.BestOf(source, 1), ElementsAre(target)) << source;
  }
}

// One iteration from equal probabilities, with NULL beside each source: counts of 1/2 where there is one token.
TEST(LexicalModelTest, AnIterationIsTheOneOfTheBook) {
  const PackedSentences src = Packed({{0}, {0, 1}}), tgt = Packed({{5, 6}, {5}});
  const LexicalModel model(src.view(), tgt.view(), 2, /*iterations=*/1);
  // counts: (0, 5): 1/2 + 1/3, (0, 6): 1/2, (1, 5): 1/3
  EXPECT_NEAR(ProbabilityOf(model, 0, 5), (5.0 / 6) / (4.0 / 3), 1e-6);
  EXPECT_NEAR(ProbabilityOf(model, 0, 6), 0.5 / (4.0 / 3), 1e-6);
  EXPECT_NEAR(ProbabilityOf(model, 1, 5), 1, 1e-6);
}

TEST(LexicalModelTest, ProbabilitiesOfASourceTokenAddUpToOne) {
  Rng rng(1);
  std::vector<std::vector<int32_t>> sources(500), targets(500);
  for (size_t s = 0; s < sources.size(); ++s) {
    for (uint64_t i = rng.Below(9); i-- > 0;) sources[s].push_back(static_cast<int32_t>(rng.Below(30)));
    for (uint64_t i = rng.Below(9); i-- > 0;) targets[s].push_back(static_cast<int32_t>(rng.Below(40)));
  }
  const PackedSentences src = Packed(sources), tgt = Packed(targets);
  const LexicalModel model(src.view(), tgt.view(), 30);
  for (int32_t id = 0; id < 30; ++id) {
    double sum = 0;
    for (const LexicalEntry& entry : model.EntriesOf(id)) sum += double{entry.probability};
    EXPECT_NEAR(sum, 1, 1e-5);
  }
}

TEST(LexicalModelTest, TheBestAreSortedAndOfEqualsThoseWithSmallerIds) {
  const PackedSentences src = Packed({{0}}), tgt = Packed({{9, 8, 7, 7}});
  const LexicalModel model(src.view(), tgt.view(), 2);
  EXPECT_THAT(model.BestOf(0, 2), ElementsAre(7, 8));
  EXPECT_THAT(model.BestOf(0, 9), ElementsAre(7, 8, 9));
  EXPECT_THAT(model.BestOf(1, 9), ElementsAre()) << "never seen";
}

}  // namespace
}  // namespace dragoman
