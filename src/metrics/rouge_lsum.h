// SPDX-License-Identifier: Apache-2.0
// ROUGE-Lsum, ROUGE-L of summaries of several sentences: a reference's sentence counts the words that it shares, in
// order, with any sentence of the hypothesis. Scores equal rouge-score 0.1.2's "rougeLsum", times 100.
// Source: Lin 2004, §3.2 (summary-level LCS).
#ifndef DRAGOMAN_METRICS_ROUGE_LSUM_H_
#define DRAGOMAN_METRICS_ROUGE_LSUM_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"
#include "metrics/rouge_words.h"

namespace dragoman {

// A row has precision, recall and F1 (0…1), then 1: scores are means over the texts. Of several references it is the
// one with the best F1.
class RougeLsumMetric final : public Metric {
 public:
  explicit RougeLsumMetric(const RougeOptions& options) : options_(options) {}

  size_t NumStats() const override { return 4; }
  // Throws Error for a pair of sentences whose table would not fit into 1.25 GB: 100,000 words on both sides do.
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  std::vector<double> Scores(std::span<const double> sum) const override { return {Parts(sum).f1}; }
  std::vector<ScoreName> ScoreNames() const override { return {{"ROUGE-Lsum", ""}}; }
  std::string Signature(int num_references) const override;

  RougeScore Parts(std::span<const double> sum) const;  // 0…100

 private:
  RougeOptions options_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_ROUGE_LSUM_H_
