// SPDX-License-Identifier: Apache-2.0
// Exact match: the share of lines that equal a reference once the spaces around both are gone.
#ifndef DRAGOMAN_METRICS_EXACT_MATCH_H_
#define DRAGOMAN_METRICS_EXACT_MATCH_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"

namespace dragoman {

struct ExactMatchOptions {
  bool lowercase = false;
};

// A row has: 1 for a line that equals any of its references, else 0; and 1.
class ExactMatchMetric final : public Metric {
 public:
  explicit ExactMatchMetric(const ExactMatchOptions& options) : options_(options) {}

  size_t NumStats() const override { return 2; }
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  std::vector<double> Scores(std::span<const double> sum) const override;  // the share that matches; of none 0
  std::vector<ScoreName> ScoreNames() const override { return {{"exact match", ""}}; }
  std::string Signature(int num_references) const override;

 private:
  ExactMatchOptions options_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_EXACT_MATCH_H_
