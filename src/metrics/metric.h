// SPDX-License-Identifier: Apache-2.0
// What all metrics have in common. Of every sentence a metric makes a row of numbers, its statistics; rows add up; and
// the scores of any set of sentences follow from the sum of their rows. So a corpus takes no more memory than a row,
// and a resampled corpus (significance.h) needs its rows only, not its text.
#ifndef DRAGOMAN_METRICS_METRIC_H_
#define DRAGOMAN_METRICS_METRIC_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

using Stats = std::vector<double>;  // whole numbers stay exact up to 2^53

// One of the numbers that a metric gives.
struct ScoreName {
  std::string name;  // for people: "BLEU", "ROUGE-1"
  std::string key;   // in JSON, within the metric's object: "rouge1"; "" where the metric gives one score only
};

// Threads: const members may be called from several at once.
class Metric {
 public:
  virtual ~Metric() = default;

  virtual size_t NumStats() const = 0;

  // The row of one sentence, of NumStats() numbers. There is at least one reference.
  virtual Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const = 0;

  // The scores of sentences whose rows add up to `sum`, one for each of ScoreNames(), 0…100 (TER: 0 and more).
  virtual std::vector<double> Scores(std::span<const double> sum) const = 0;
  virtual std::vector<ScoreName> ScoreNames() const = 0;

  // How the scores came about, in sacreBLEU's words: "nrefs:1|case:mixed|…|version:dragoman-…".
  virtual std::string Signature(int num_references) const = 0;
};

// sum += row, number by number.
void AddTo(std::span<const double> row, std::span<double> sum);

// The sum over a corpus: hypotheses[i] beside references[r][i] for every reference set r.
// Throws Error, which begins with the name of the metric's first score, when the numbers of lines differ.
Stats CorpusStats(const Metric& metric, std::span<const std::string> hypotheses,
                  std::span<const std::vector<std::string>> references);

// The same with one reference per sentence.
Stats CorpusStats(const Metric& metric, std::span<const std::string> hypotheses,
                  std::span<const std::string> references);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_METRIC_H_
