// SPDX-License-Identifier: Apache-2.0
#include "metrics/metric.h"

#include <fmt/core.h>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {
namespace {

// `set` counts reference sets from 0.
void CheckLineCounts(const Metric& metric, size_t hypotheses, size_t references, size_t set) {
  if (hypotheses == references) return;
  throw Error(fmt::format("{}: {} hypotheses but {} lines in reference set {}; give one reference line per hypothesis",
                          metric.ScoreNames().front().name, hypotheses, references, set + 1));
}

}  // namespace

void AddTo(std::span<const double> row, std::span<double> sum) {
  DRAGOMAN_CHECK(row.size() == sum.size());
  for (size_t i = 0; i < row.size(); ++i) sum[i] += row[i];
}

Stats CorpusStats(const Metric& metric, std::span<const std::string> hypotheses,
                  std::span<const std::vector<std::string>> references) {
  for (size_t r = 0; r < references.size(); ++r) {
    CheckLineCounts(metric, hypotheses.size(), references[r].size(), r);
  }
  Stats sum(metric.NumStats());
  std::vector<std::string_view> of_sentence(references.size());
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    for (size_t r = 0; r < references.size(); ++r) of_sentence[r] = references[r][i];
    AddTo(metric.SentenceStats(hypotheses[i], of_sentence), sum);
  }
  return sum;
}

Stats CorpusStats(const Metric& metric, std::span<const std::string> hypotheses,
                  std::span<const std::string> references) {
  CheckLineCounts(metric, hypotheses.size(), references.size(), 0);
  Stats sum(metric.NumStats());
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const std::string_view reference = references[i];
    AddTo(metric.SentenceStats(hypotheses[i], {&reference, 1}), sum);
  }
  return sum;
}

}  // namespace dragoman
