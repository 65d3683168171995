// SPDX-License-Identifier: Apache-2.0
// chrF, the F-score of character n-grams, and chrF++, which adds word n-grams. Scores equal sacreBLEU 2.6's.
// Needs no tokenizer, so it is the score to look at for Chinese and for languages rich in word forms.
// Source: Popović 2015 (chrF), Popović 2017 (chrF++).
#ifndef DRAGOMAN_METRICS_CHRF_H_
#define DRAGOMAN_METRICS_CHRF_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"

namespace dragoman {

struct ChrfOptions {
  int char_order = 6;  // the longest character n-gram; spaces do not count as characters
  int word_order = 0;  // the longest word n-gram: 0 is chrF, 2 is chrF++
  int beta = 2;        // recall weighs beta times as much as precision
  bool lowercase = false;
};

// The options of chrF++.
ChrfOptions ChrfPlusPlus();

// A row has for every order, those of characters first: the hypothesis' n-grams (0 where the reference has none of this
// order), the reference's, and those that match. Of several references it is the one that gives the best score.
class ChrfMetric final : public Metric {
 public:
  explicit ChrfMetric(const ChrfOptions& options) : options_(options) {}

  size_t NumStats() const override { return 3 * static_cast<size_t>(options_.char_order + options_.word_order); }
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  // The F-score of precision and recall, each averaged over the orders that both sides have.
  std::vector<double> Scores(std::span<const double> sum) const override;
  std::vector<ScoreName> ScoreNames() const override;  // "chrF2", "chrF2++"
  std::string Signature(int num_references) const override;

 private:
  ChrfOptions options_;
};

// The score of hypotheses[i] against references[i], or against references[r][i] of every reference set r.
// Throws Error when the numbers of lines differ.
double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::string> references,
                  const ChrfOptions& options = {});
double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                  const ChrfOptions& options = {});

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_CHRF_H_
