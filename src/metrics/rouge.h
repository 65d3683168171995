// SPDX-License-Identifier: Apache-2.0
// ROUGE-1, ROUGE-2 and ROUGE-L: how many of a reference's words, word pairs, or words in the same order a summary has.
// Scores equal those of the Python package rouge-score 0.1.2, times 100, averaged over the sentences.
// Source: Lin 2004, §2 (ROUGE-N) and §3.1 (ROUGE-L).
#ifndef DRAGOMAN_METRICS_ROUGE_H_
#define DRAGOMAN_METRICS_ROUGE_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"
#include "metrics/rouge_words.h"

namespace dragoman {

struct RougeScores {   // 0…100
  RougeScore rouge1;   // words
  RougeScore rouge2;   // word pairs
  RougeScore rouge_l;  // longest common subsequence of words
};

// ROUGE-1, -2 and -L. A row has precision, recall and F1 (0…1) of each, then 1: scores are means over the sentences.
// Of several references, each score is the one with the best F1.
class RougeMetric final : public Metric {
 public:
  explicit RougeMetric(const RougeOptions& options) : options_(options) {}

  size_t NumStats() const override { return 10; }
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  std::vector<double> Scores(std::span<const double> sum) const override;  // the three F1
  std::vector<ScoreName> ScoreNames() const override;
  std::string Signature(int num_references) const override;

  RougeScores Parts(std::span<const double> sum) const;  // 0 when there is no sentence

 private:
  RougeOptions options_;
};

// The mean scores of hypotheses[i] against references[i], or against references[r][i] of every reference set r.
// Throws Error when the numbers of lines differ.
RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::string> references,
                        const RougeOptions& options = {});
RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                        const RougeOptions& options = {});

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_ROUGE_H_
