// SPDX-License-Identifier: Apache-2.0
#include "metrics/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/error.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/exact_match.h"
#include "metrics/expected_scores_testing.h"
#include "metrics/rouge.h"
#include "metrics/rouge_lsum.h"
#include "metrics/squad.h"
#include "metrics/ter.h"

namespace dragoman {
namespace {

using Lines = std::vector<std::string>;

std::vector<std::unique_ptr<Metric>> AllMetrics() {
  std::vector<std::unique_ptr<Metric>> metrics;
  metrics.push_back(std::make_unique<BleuMetric>(BleuOptions()));
  metrics.push_back(std::make_unique<ChrfMetric>(ChrfOptions()));
  metrics.push_back(std::make_unique<ChrfMetric>(ChrfPlusPlus()));
  metrics.push_back(std::make_unique<TerMetric>(TerOptions()));
  metrics.push_back(std::make_unique<RougeMetric>(RougeOptions()));
  metrics.push_back(std::make_unique<RougeLsumMetric>(RougeOptions()));
  metrics.push_back(std::make_unique<ExactMatchMetric>(ExactMatchOptions()));
  metrics.push_back(std::make_unique<SquadMetric>());
  return metrics;
}

TEST(MetricTest, RowsAndScoresHaveTheSizesPromised) {
  const std::string_view reference = "the reference";
  for (const auto& metric : AllMetrics()) {
    const Stats row = metric->SentenceStats("the hypothesis", {&reference, 1});
    EXPECT_EQ(row.size(), metric->NumStats());
    EXPECT_EQ(metric->Scores(row).size(), metric->ScoreNames().size());
    EXPECT_EQ(metric->Scores(Stats(metric->NumStats())).size(), metric->ScoreNames().size());
  }
}

TEST(MetricTest, EmptyCorpusScoresZero) {
  for (const auto& metric : AllMetrics()) {
    EXPECT_THAT(metric->Scores(CorpusStats(*metric, Lines{}, Lines{})), testing::Each(0))
        << metric->ScoreNames()[0].name;
  }
}

TEST(MetricTest, SumsOfPartsAreTheSumOfTheWhole) {
  const TestCorpus corpus(ExpectedScores().at("corpora").at(0));
  const auto part = [](const Lines& lines, size_t begin, size_t end) {
    return Lines(lines.begin() + static_cast<std::ptrdiff_t>(begin), lines.begin() + static_cast<std::ptrdiff_t>(end));
  };
  const Lines& references = corpus.references[0];
  for (const auto& metric : AllMetrics()) {
    Stats sum = CorpusStats(*metric, part(corpus.hypotheses, 0, 3), part(references, 0, 3));
    const size_t size = references.size();
    AddTo(CorpusStats(*metric, part(corpus.hypotheses, 3, size), part(references, 3, size)), sum);
    const auto scores = metric->Scores(CorpusStats(*metric, corpus.hypotheses, references));
    EXPECT_THAT(metric->Scores(sum), testing::Pointwise(testing::DoubleNear(kScoreTolerance), scores));
  }
}

TEST(MetricTest, InvalidUtf8IsScoredNotFatal) {
  const Lines broken = {"a \xFF\xC3 b", std::string("\0x", 2)};
  for (const auto& metric : AllMetrics()) {
    EXPECT_THAT(metric->Scores(CorpusStats(*metric, broken, broken)), testing::Each(testing::Ge(0)));
  }
}

TEST(MetricTest, UnequalNumbersOfLinesAreAnError) {
  const Lines two = {"a", "b"}, one = {"a"};
  for (const auto& metric : AllMetrics()) {
    EXPECT_THAT([&] { CorpusStats(*metric, two, one); },
                testing::ThrowsMessage<Error>(testing::StartsWith(metric->ScoreNames()[0].name +
                                                                  ": 2 hypotheses but 1 lines in reference set 1")));
    EXPECT_THROW(CorpusStats(*metric, two, std::vector<Lines>{two, one}), Error);
  }
}

}  // namespace
}  // namespace dragoman
