// SPDX-License-Identifier: Apache-2.0
#include "metrics/significance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/error.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/exact_match.h"
#include "metrics/expected_scores_testing.h"
#include "metrics/ter.h"

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

StatsTable TableOf(const Metric& metric, const Lines& hypotheses, const Lines& references) {
  StatsTable table(metric.NumStats());
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const std::string_view reference = references[i];
    table.Add(metric.SentenceStats(hypotheses[i], {&reference, 1}));
  }
  return table;
}

std::unique_ptr<Metric> MetricOf(const std::string& name) {
  if (name == "BLEU") return std::make_unique<BleuMetric>(BleuOptions());
  if (name == "chrF2") return std::make_unique<ChrfMetric>(ChrfOptions());
  return std::make_unique<TerMetric>(TerOptions());
}

// Of one metric and all of the recorded systems.
struct Recorded {
  explicit Recorded(const std::string& name) : metric(MetricOf(name)) {
    const auto& json = ExpectedScores().at("significance");
    for (const auto& system : json.at("systems")) {
      tables.push_back(TableOf(*metric, system, json.at("references")[0]));
    }
  }
  std::unique_ptr<Metric> metric;
  std::vector<StatsTable> tables;
};

// Both sides draw some 20,000 times at random: p-values differ by 0.003 as a rule.
constexpr double kPTolerance = 0.01;

TEST(SignificanceTest, IntervalsAndPairedBootstrapAreSacrebleus) {
  const auto& json = ExpectedScores().at("significance");
  const ResamplingOptions options{.resamples = json.at("bs_draws")};
  for (const auto& [name, results] : json.at("bs").items()) {
    const Recorded recorded(name);
    const auto baseline = BootstrapScores(*recorded.metric, recorded.tables[0], options);
    for (size_t i = 0; i < recorded.tables.size(); ++i) {
      SCOPED_TRACE(name + " " + std::to_string(i));
      const auto drawn = BootstrapScores(*recorded.metric, recorded.tables[i], options);
      const Interval interval = ConfidenceIntervals(drawn)[0];
      EXPECT_NEAR(interval.mean, results[i].at("mean").get<double>(), 0.06);
      EXPECT_NEAR(interval.half_width, results[i].at("ci").get<double>(), 0.08);
      const Scores score = recorded.metric->Scores(recorded.tables[i].Sum());
      EXPECT_NEAR(score[0], results[i].at("score").get<double>(), kScoreTolerance);
      const double p =
          PairedBootstrap(baseline, drawn, recorded.metric->Scores(recorded.tables[0].Sum()), score).front();
      if (i == 0) {
        EXPECT_EQ(p, 1);
      } else {
        for (const double expected : results[i].at("p_values")) EXPECT_NEAR(p, expected, kPTolerance);
      }
    }
  }
}

TEST(SignificanceTest, PairedRandomisationIsSacrebleus) {
  const auto& json = ExpectedScores().at("significance");
  const ResamplingOptions options{.trials = json.at("ar_draws")};
  for (const auto& [name, results] : json.at("ar").items()) {
    const Recorded recorded(name);
    for (size_t i = 1; i < recorded.tables.size(); ++i) {
      SCOPED_TRACE(name + " " + std::to_string(i));
      const double p = PairedRandomisation(*recorded.metric, recorded.tables[0], recorded.tables[i], options).front();
      // sacreBLEU's own, then with ties. Only TER of few sentences has so many that it shows.
      const std::vector<double> expected = results[i].at("p_values");
      EXPECT_NEAR(p, expected[1], kPTolerance);
      if (name != "TER") {
        EXPECT_NEAR(p, expected[0], kPTolerance);
      }
    }
  }
}

TEST(SignificanceTest, TheSeedDecidesAndNothingElse) {
  const Recorded recorded("BLEU");
  const auto draw = [&](uint64_t seed) {
    return BootstrapScores(*recorded.metric, recorded.tables[1], {.resamples = 50, .seed = seed});
  };
  EXPECT_EQ(draw(1), draw(1));
  EXPECT_NE(draw(1), draw(2));
  const auto p = [&](uint64_t seed) {
    return PairedRandomisation(*recorded.metric, recorded.tables[0], recorded.tables[1], {.trials = 200, .seed = seed});
  };
  EXPECT_EQ(p(1), p(1));
  EXPECT_NE(p(1), p(2));
}

// Published numbers must come out again, in whatever order draws are made and with every compiler.
TEST(SignificanceTest, TheDefaultsAndTheDrawsStay) {
  const ResamplingOptions options;
  EXPECT_EQ(options.resamples, 1000);
  EXPECT_EQ(options.trials, 10000);
  EXPECT_EQ(options.seed, 12345u);
  StatsTable table(2);
  for (double i = 0; i < 10; ++i) table.Add(Stats{i, 10});
  const auto drawn = BootstrapScores(ExactMatchMetric({}), table, {.resamples = 4});
  EXPECT_EQ(drawn, (std::vector<Scores>{{60}, {51}, {45}, {37}}));
}

TEST(SignificanceTest, SystemsWithoutADifferenceHaveP1) {
  const Recorded recorded("TER");
  const auto drawn = BootstrapScores(*recorded.metric, recorded.tables[0], {.resamples = 100});
  const Scores score = recorded.metric->Scores(recorded.tables[0].Sum());
  EXPECT_EQ(PairedBootstrap(drawn, drawn, score, score), Scores{1});
  EXPECT_EQ(PairedRandomisation(*recorded.metric, recorded.tables[0], recorded.tables[0], {.trials = 100}), Scores{1});
}

// 20 answers of which one system gets 12 and the other 13, the same but for one: nothing can be said of them.
TEST(SignificanceTest, OneAnswerDecidesNothing) {
  const ExactMatchMetric metric({});
  StatsTable baseline(2), system(2);
  for (int i = 0; i < 20; ++i) {
    baseline.Add(Stats{i < 12 ? 1.0 : 0.0, 1});
    system.Add(Stats{i < 13 ? 1.0 : 0.0, 1});
  }
  EXPECT_EQ(PairedRandomisation(metric, baseline, system, {}), Scores{1});
}

// Ten answers more of twenty, none less: of 2^20 ways to swap, those with all ten on one side are 2 of 2^10.
TEST(SignificanceTest, RandomisationCountsTheTailsOfTheBinomial) {
  const ExactMatchMetric metric({});
  StatsTable baseline(2), system(2);
  for (int i = 0; i < 20; ++i) {
    baseline.Add(Stats{i < 5 ? 1.0 : 0.0, 1});
    system.Add(Stats{i < 15 ? 1.0 : 0.0, 1});
  }
  EXPECT_NEAR(PairedRandomisation(metric, baseline, system, {.trials = 100'000})[0], 2.0 / 1024, 0.0005);
}

TEST(SignificanceTest, NumbersOfDrawsHaveBounds) {
  EXPECT_NO_THROW(ResamplingOptions().Validate());
  EXPECT_THAT([] { ResamplingOptions{.resamples = 0}.Validate(); },
              testing::ThrowsMessage<OptionError>(testing::StartsWith("`resamples` is 0, expected 1 to 1000000")));
  EXPECT_THAT([] { ResamplingOptions{.trials = 1'000'001}.Validate(); },
              testing::ThrowsMessage<OptionError>(testing::StartsWith("`trials` is 1000001")));
}

}  // namespace
}  // namespace dragoman
