// SPDX-License-Identifier: Apache-2.0
// TER, the translation edit rate: how many words must be inserted, deleted, substituted, or moved as a block, to turn a
// translation into its reference, for each word of the reference. Lower is better. Scores equal sacreBLEU 2.6's.
// Source: Snover 2006.
#ifndef DRAGOMAN_METRICS_TER_H_
#define DRAGOMAN_METRICS_TER_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"
#include "metrics/ter_tokenizer.h"

namespace dragoman {

// The edits, shifts among them, that turn the words of `hypothesis` into `reference`, each word a symbol (WordNumbers
// in ngrams.h). Finding the fewest is NP-complete (Snover 2006): it is a greedy search, with limits.
int64_t TranslationEdits(std::u32string_view hypothesis, std::u32string_view reference);

// A row has: the edits to the nearest of the references, and the mean number of words of all of them.
class TerMetric final : public Metric {
 public:
  explicit TerMetric(const TerOptions& options) : options_(options) {}

  size_t NumStats() const override { return 2; }
  // Throws Error for a sentence of more than a million words.
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  std::vector<double> Scores(std::span<const double> sum) const override;  // per cent, 0 and more
  std::vector<ScoreName> ScoreNames() const override { return {{"TER", ""}}; }
  std::string Signature(int num_references) const override;

 private:
  TerOptions options_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_TER_H_
