// SPDX-License-Identifier: Apache-2.0
#include "decode/beam.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/hash.h"
#include "base/rng.h"
#include "decode/search_testing.h"

namespace dragoman {
namespace {

using testing::ElementsAre;

// A vocabulary of four: </s> is 2, as in our vocabularies.
constexpr int32_t kEos = 2;
constexpr int32_t kStart = 7;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Rows of log-probabilities, one for each open hypothesis.
void Advance(Beam& beam, const std::vector<std::vector<float>>& rows) { AdvanceSearch(beam, rows); }

std::vector<std::vector<int32_t>> TokensOf(const std::vector<Hypothesis>& hypotheses) {
  std::vector<std::vector<int32_t>> tokens;
  for (const Hypothesis& hypothesis : hypotheses) tokens.push_back(hypothesis.tokens);
  return tokens;
}

std::vector<double> ScoresOf(const std::vector<Hypothesis>& hypotheses) {
  std::vector<double> scores;
  for (const Hypothesis& hypothesis : hypotheses) scores.push_back(hypothesis.score);
  return scores;
}

std::vector<int32_t> ParentsOf(const Beam& beam) {
  std::vector<int32_t> parents;
  for (const SearchRow& row : beam.rows()) parents.push_back(row.parent);
  return parents;
}

using Tokens = std::vector<int32_t>;

constexpr bool kKeepAll = false;  // hypotheses without hope, too, so that each step has the rows that are given here

SearchBounds Within(int64_t max_length) { return {kStart, kEos, max_length}; }

// No length penalty unless a test is about it: scores are then log-probabilities.
DecodeOptions Options(int beam_size) {
  DecodeOptions options;
  options.beam_size = options.n_best = beam_size;
  options.length_penalty = 0;
  options.stopping = Stopping::kBeam;
  return options;
}

TEST(BeamTest, KeepsTheBestContinuationsOfAllHypotheses) {
  Beam beam(Options(2), Within(10), kKeepAll);
  EXPECT_EQ(beam.open().size(), 1u);
  Advance(beam, {{-1, -3, -9, -2}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0}, Tokens{3}));
  EXPECT_THAT(ParentsOf(beam), ElementsAre(0, 0));
  Advance(beam, {{-5, -4, -9, -7}, {-9, -1, -9, -2.5f}});  // totals -6 -5 . -8 and . -3 . -4.5
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{3, 1}, Tokens{3, 3}));
  EXPECT_THAT(ParentsOf(beam), ElementsAre(1, 1));
  EXPECT_EQ(beam.open()[0].log_prob, -3);
  EXPECT_EQ(beam.open()[1].log_prob, -4.5);
  EXPECT_FALSE(beam.done());
}

TEST(BeamTest, EachRowsTokenIsTheNewestOfItsHypothesisAndNoneIsLeftWhenItIsDone) {
  DecodeOptions options = Options(2);
  options.n_best = 1;
  options.stopping = Stopping::kFirst;
  Beam beam(options, Within(10), kKeepAll);
  ASSERT_EQ(beam.rows().size(), 1u);
  EXPECT_EQ(beam.rows()[0].token, kStart);
  EXPECT_EQ(beam.rows()[0].parent, 0);
  Advance(beam, {{-1, -3, -9, -2}});
  ASSERT_EQ(beam.rows().size(), 2u);
  for (size_t i = 0; i < 2; ++i) EXPECT_EQ(beam.rows()[i].token, beam.open()[i].tokens.back());
  Advance(beam, {{-2, -9, -0.5f, -9}, {-9, -9, -9, -9}});
  EXPECT_TRUE(beam.done());
  EXPECT_TRUE(beam.rows().empty());
  EXPECT_FALSE(beam.open().empty()) << "what was open did not have to end";
  EXPECT_THROW(Advance(beam, {{-1, -1, -1, -1}}), InternalError);
}

TEST(BeamTest, OpensNoMoreThanThereAreTokens) {
  Beam beam(Options(8), Within(10), kKeepAll);
  Advance(beam, {{-1, -1.5f, -3, -kInf}});  // one token is impossible, one is </s>
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0}, Tokens{1}));
}

// As search without probabilities takes the largest logit, search with them does where two round to one.
TEST(BeamTest, WhatRoundsToOneProbabilityStaysInTheOrderOfItsLogits) {
  Beam beam(Options(1), Within(9));
  std::array<kernels::TokenLogProb, 2> best = {{{3, -1.0f}, {0, -1.0f}}};
  kernels::TokenChoice choice{.best = best};
  choice.found = 2;
  beam.Advance({&choice, 1});
  EXPECT_THAT(beam.open().front().tokens, ElementsAre(3));
}

TEST(BeamTest, TiesGoToTheBetterParentThenToTheSmallerId) {
  Beam beam(Options(3), Within(10), kKeepAll);
  Advance(beam, {{-1, -1, -9, -1}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0}, Tokens{1}, Tokens{3}));
  Advance(beam, {{-2, -1, -9, -1}, {-1, -2, -9, -2}, {-1, -1, -9, -1}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0, 1}, Tokens{0, 3}, Tokens{1, 0}));
  EXPECT_THAT(ParentsOf(beam), ElementsAre(0, 0, 1));
}

TEST(BeamTest, EndOfSentenceFinishesAHypothesisWithinTheBeamOnly) {
  DecodeOptions options = Options(2);
  options.n_best = 1;
  options.stopping = Stopping::kBound;
  Beam beam(options, Within(10), kKeepAll);
  Advance(beam, {{-1, -2, -3, -9}});  // </s> is third: outside of a beam of 2
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0}, Tokens{1}));
  Advance(beam, {{-2, -9, -1, -9}, {-9, -9, -9, -9}});  // </s> first (-2), then 0 (-3); next -10
  EXPECT_TRUE(beam.done());                             // nothing open can overtake -2
  const std::vector<Hypothesis> best = beam.Finish();
  ASSERT_EQ(best.size(), 1u);
  EXPECT_THAT(best[0].tokens, ElementsAre(0));  // without </s>
  EXPECT_EQ(best[0].log_prob, -2);              // with its probability
  EXPECT_TRUE(best[0].complete);
}

// The open hypotheses keep filling the beam: </s> takes no place from them.
TEST(BeamTest, AFinishedHypothesisLeavesItsPlaceToTheNext) {
  Beam beam(Options(2), Within(10), kKeepAll);
  Advance(beam, {{-2, -4, -1, -3}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0}, Tokens{3}));
  EXPECT_FALSE(beam.done());
}

TEST(BeamTest, TheLengthLimitCutsOpenHypotheses) {
  Beam beam(Options(2), Within(2), kKeepAll);
  Advance(beam, {{-1, -2, -9, -9}});
  EXPECT_FALSE(beam.done());
  Advance(beam, {{-1, -9, -5, -9}, {-9, -9, -3.5f, -9}});  // {0 0} -2, {1 </s>} -5.5
  EXPECT_TRUE(beam.done());
  const std::vector<Hypothesis> best = beam.Finish();
  // A sentence that ends comes before one that was cut, whatever their scores.
  EXPECT_THAT(TokensOf(best), ElementsAre(Tokens{1}, Tokens{0, 0}));
  EXPECT_TRUE(best[0].complete);
  EXPECT_FALSE(best[1].complete);
}

TEST(BeamTest, TheShortestLimitIsOneToken) {
  Beam beam(Options(1), Within(1), kKeepAll);
  Advance(beam, {{-1, -2, -3, -4}});
  EXPECT_TRUE(beam.done());
  const std::vector<Hypothesis> best = beam.Finish();
  ASSERT_EQ(best.size(), 1u);
  EXPECT_THAT(best[0].tokens, ElementsAre(0));
  EXPECT_FALSE(best[0].complete);
  EXPECT_THROW(Beam(Options(1), Within(0)), InternalError);
}

TEST(BeamTest, AnEmptyTranslationIsPossible) {
  Beam beam(Options(1), Within(5), kKeepAll);
  Advance(beam, {{-3, -2, -1, -4}});
  EXPECT_TRUE(beam.done());
  const std::vector<Hypothesis> best = beam.Finish();
  ASSERT_EQ(best.size(), 1u);
  EXPECT_TRUE(best[0].tokens.empty());
  EXPECT_TRUE(best[0].complete);
  EXPECT_EQ(best[0].log_prob, -1);
}

TEST(BeamTest, NBestIsSortedByScore) {
  Beam beam(Options(3), Within(3), kKeepAll);
  Advance(beam, {{-1, -1.5f, -2, -1.75f}});
  Advance(beam, {{-9, -9, -1.5f, -9}, {-9, -9, -0.25f, -9}, {-9, -9, -0.5f, -9}});  // all three end
  EXPECT_TRUE(beam.done());
  const std::vector<Hypothesis> best = beam.Finish();
  EXPECT_THAT(ScoresOf(best), ElementsAre(-1.75, -2.25, -2.5));
  EXPECT_THAT(TokensOf(best), ElementsAre(Tokens{1}, Tokens{3}, Tokens{0}));
}

TEST(BeamTest, OfEqualScoresTheFirstFinishedIsFirst) {
  Beam beam(Options(2), Within(3), kKeepAll);
  Advance(beam, {{-1, -9, -2, -9}});                       // {} -2
  Advance(beam, {{-0.5f, -9, -1, -9}, {-9, -9, -9, -9}});  // {0} -2
  EXPECT_THAT(TokensOf(beam.Finish()), ElementsAre(Tokens{}, Tokens{0}));
}

TEST(LengthPenaltyTest, FollowsItsFormula) {
  DecodeOptions options;
  options.length_penalty = 0.6f;
  const double alpha = double{options.length_penalty};
  for (const int64_t length : {1, 2, 7, 100}) {
    const auto y = static_cast<double>(length);
    options.length_penalty_form = LengthPenaltyForm::kWu;
    EXPECT_DOUBLE_EQ(LengthPenaltyOf(options, length), std::pow(5 + y, alpha) / std::pow(6, alpha));
    options.length_penalty_form = LengthPenaltyForm::kPower;
    EXPECT_DOUBLE_EQ(LengthPenaltyOf(options, length), std::pow(y, alpha));
  }
  options.length_penalty = 0;
  EXPECT_EQ(LengthPenaltyOf(options, 9), 1);
}

// {0 0 </s>} with -2.75 against {1 </s>} with -2.5: the mean log-probability a token prefers the longer one.
TEST(LengthPenaltyTest, RanksHypothesesByScoreNotByProbability) {
  for (const LengthPenaltyForm penalty : {LengthPenaltyForm::kWu, LengthPenaltyForm::kPower}) {
    for (const float alpha : {0.0f, 1.0f}) {
      DecodeOptions options = Options(2);
      options.length_penalty_form = penalty;
      options.length_penalty = alpha;
      Beam beam(options, Within(4), kKeepAll);
      Advance(beam, {{-1, -2, -9, -9}});
      Advance(beam, {{-1, -9, -9, -9}, {-9, -9, -0.5f, -9}});
      Advance(beam, {{-9, -9, -0.75f, -9}, {-9, -9, -9, -9}});
      ASSERT_TRUE(beam.done());
      const std::vector<Hypothesis> best = beam.Finish();
      ASSERT_EQ(best.size(), 2u);
      EXPECT_THAT(best[0].tokens, alpha > 0 ? Tokens({0, 0}) : Tokens({1}));
      for (const Hypothesis& h : best) {
        const auto length = static_cast<int64_t>(h.tokens.size()) + 1;  // </s> counts
        EXPECT_DOUBLE_EQ(h.score, h.log_prob / LengthPenaltyOf(options, length));
      }
    }
  }
}

// After two steps of a beam of 2: {0 </s>} finished with -1.5; open {0 0} with -2 and {1 0} with -2.25.
Beam AfterOneFinished(Stopping stopping, int n_best, float alpha) {
  DecodeOptions options = Options(2);
  options.n_best = n_best;
  options.stopping = stopping;
  options.length_penalty_form = LengthPenaltyForm::kPower;
  options.length_penalty = alpha;
  Beam beam(options, Within(10), kKeepAll);
  Advance(beam, {{-1, -1.25f, -9, -9}});
  Advance(beam, {{-1, -9, -0.5f, -9}, {-1, -9, -9, -9}});
  return beam;
}

TEST(StoppingTest, BeamWaitsForAsManyFinishedAsTheBeamIsWide) {
  Beam beam = AfterOneFinished(Stopping::kBeam, 1, 0);
  EXPECT_FALSE(beam.done());
  Advance(beam, {{-0.5f, -9, -9, -9}, {-9, -9, -0.5f, -9}});
  EXPECT_TRUE(beam.done());
}

TEST(StoppingTest, FullWaitsUntilNoOpenOneIsAheadOfThoseThatFillTheBeam) {
  for (const Stopping stopping : {Stopping::kBeam, Stopping::kFull}) {
    Beam beam = AfterOneFinished(stopping, 1, 1);
    Advance(beam, {{-0.5f, -9, -9, -9}, {-9, -9, -0.5f, -9}});
    // Finished, per token: -0.75 and -2.75 / 3 = -0.92; open: {0 0 0} with -2.5 / 3 = -0.83.
    EXPECT_EQ(beam.done(), stopping == Stopping::kBeam);
    if (beam.done()) continue;
    Advance(beam, {{-2, -9, -9, -9}, {-9, -9, -9, -9}});  // -4.5 / 4 = -1.1
    EXPECT_TRUE(beam.done());
    EXPECT_DOUBLE_EQ(beam.Finish().front().score, -0.75);
  }
}

// {0} and {1} go on, {0 </s>} ends and {0 0} stays alone: of its continuations one is looked at, however good the
// second.
TEST(StoppingTest, NarrowLeavesThePlacesOfFinishedOnesEmpty) {
  DecodeOptions options = Options(2);
  options.n_best = 2;
  options.stopping = Stopping::kNarrow;
  Beam beam(options, Within(10), kKeepAll);
  Advance(beam, {{-0.5f, -1, -9, -9}});
  Advance(beam, {{-0.75f, -9, -0.5f, -9}, {-9, -9, -9, -9}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0, 0}));
  EXPECT_FALSE(beam.done()) << "the one that is open has to end, too, however bad it is";
  Advance(beam, {{-1, -1.25f, -1.5f, -9}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{0, 0, 0}));
  Advance(beam, {{-9, -9, -0.25f, -9}});
  EXPECT_TRUE(beam.done());
  EXPECT_THAT(TokensOf(beam.Finish()), ElementsAre(Tokens{0}, Tokens{0, 0, 0}));
}

TEST(StoppingTest, FirstEndsWhenTheNBestFinishedAreAheadOfTheOpenOnesAsTheyStand) {
  EXPECT_TRUE(AfterOneFinished(Stopping::kFirst, 1, 0).done());   // -1.5 against -2
  EXPECT_FALSE(AfterOneFinished(Stopping::kFirst, 2, 0).done());  // of the 2 best only one is there
  DecodeOptions options = Options(2);
  options.n_best = 1;
  options.stopping = Stopping::kFirst;
  Beam beam(options, Within(10), kKeepAll);
  Advance(beam, {{-1, -4, -2, -9}});  // {</s>} finished with -2, but {0} is open with -1
  EXPECT_FALSE(beam.done());
  Advance(beam, {{-1.5f, -9, -9, -9}, {-9, -9, -9, -9}});  // -2.5
  EXPECT_TRUE(beam.done());
}

TEST(StoppingTest, BoundEndsWhenNothingOpenCanOvertake) {
  EXPECT_TRUE(AfterOneFinished(Stopping::kBound, 1, 0).done());  // without a penalty -2 only falls
  // Divided by |Y|: -1.5 / 2 = -0.75, but -2 / 10 = -0.2 may come yet. kFirst would stop: -2 / 2 = -1.
  EXPECT_FALSE(AfterOneFinished(Stopping::kBound, 1, 1).done());
  EXPECT_TRUE(AfterOneFinished(Stopping::kFirst, 1, 1).done());
  // Of the 2 best only one is there.
  Beam beam = AfterOneFinished(Stopping::kBound, 2, 0);
  EXPECT_FALSE(beam.done());
  Advance(beam, {{-9, -9, -0.25f, -9}, {-0.25f, -9, -9, -9}});  // {0 0 </s>} -2.25, open {1 0 0} -2.5
  EXPECT_TRUE(beam.done());
  EXPECT_THAT(TokensOf(beam.Finish()), ElementsAre(Tokens{0}, Tokens{0, 0}));
}

// {0 </s>} has its place by kFirst (-1.5 / 2 against -2 / 2) when {0 0 0 </s>} ends with -2.25 / 4 after all.
TEST(StoppingTest, WhatOvertakesAPlaceOnceGivenIsLeftOut) {
  for (const int n_best : {1, 2}) {
    Beam beam = AfterOneFinished(Stopping::kFirst, n_best, 1);
    EXPECT_EQ(beam.done(), n_best == 1);
    if (n_best == 2) {
      Advance(beam, {{-0.125f, -9, -9, -9}, {-0.5f, -9, -9, -9}});   // {0 0 0} -2.125, {1 0 0} -2.75
      Advance(beam, {{-9, -9, -0.125f, -9}, {-9, -9, -0.75f, -9}});  // {0 0 0 </s>} -0.5625, {1 0 0 </s>} -0.875
      EXPECT_TRUE(beam.done());
    }
    const std::vector<Hypothesis> best = beam.Finish();
    EXPECT_EQ(best.size(), static_cast<size_t>(n_best));
    EXPECT_THAT(best[0].tokens, ElementsAre(0));
    EXPECT_EQ(best.back().tokens, n_best == 1 ? Tokens({0}) : Tokens({1, 0, 0}));
  }
}

// Random searches, of all stoppings, penalties and numbers of places: the same results to the last bit, with fewer
// rows.
TEST(BeamTest, DroppingTheHopelessChangesNoResult) {
  Rng rng(1);
  int64_t rows = 0, plain_rows = 0;
  for (int round = 0; round < 3000; ++round) {
    DecodeOptions options = Options(2 + static_cast<int>(rng.Below(4)));
    options.n_best = 1 + static_cast<int>(rng.Below(static_cast<uint64_t>(options.beam_size)));
    options.stopping = std::array{Stopping::kBeam, Stopping::kBound, Stopping::kFirst, Stopping::kFull,
                                  Stopping::kNarrow}[rng.Below(5)];
    options.length_penalty_form = rng.Below(2) == 0 ? LengthPenaltyForm::kWu : LengthPenaltyForm::kPower;
    options.length_penalty = std::array{0.0f, 0.6f, 1.0f}[rng.Below(3)];
    const SearchBounds bounds = Within(2 + static_cast<int64_t>(rng.Below(9)));
    Beam beam(options, bounds), plain(options, bounds, /*drop_hopeless=*/false);
    const uint64_t of_round = rng.Below(uint64_t{1} << 62);
    // What a hypothesis' next token may be follows from what it has said.
    const auto advance = [&](Beam& search, int64_t* count) {
      std::vector<std::vector<float>> next;
      for (const Hypothesis& hypothesis : search.open()) {
        uint64_t key = of_round;
        for (const int32_t token : hypothesis.tokens) key = HashCombine(key, static_cast<uint64_t>(token));
        Rng of_past(key);
        std::vector<float>& row = next.emplace_back(6);
        for (float& log_prob : row) log_prob = -static_cast<float>(3 * of_past.Uniform());
      }
      *count += static_cast<int64_t>(next.size());
      Advance(search, next);
    };
    while (!beam.done()) advance(beam, &rows);
    while (!plain.done()) advance(plain, &plain_rows);
    const std::vector<Hypothesis> found = beam.Finish(), expected = plain.Finish();
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      ASSERT_EQ(found[i].tokens, expected[i].tokens) << "round " << round;
      ASSERT_EQ(found[i].score, expected[i].score);
    }
  }
  EXPECT_LT(rows, plain_rows);
}

TEST(BeamTest, NanEverywhereIsAnError) {
  Beam beam(Options(2), Within(5), kKeepAll);
  EXPECT_THROW(Advance(beam, {{kNan, kNan, kNan, kNan}}), NumericError);
  Beam impossible(Options(2), Within(5), kKeepAll);
  EXPECT_THROW(Advance(impossible, {{-kInf, -kInf, -kInf, -kInf}}), NumericError);
}

TEST(BeamTest, NanIsNeverChosen) {
  Beam beam(Options(3), Within(5), kKeepAll);
  Advance(beam, {{kNan, -2, kNan, -1}});
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{3}, Tokens{1}));
  Advance(beam, {{kNan, kNan, kNan, kNan}, {-1, kNan, -2, kNan}});  // one hypothesis' row is lost
  EXPECT_THAT(TokensOf(beam.open()), ElementsAre(Tokens{1, 0}));
}

}  // namespace
}  // namespace dragoman
