// SPDX-License-Identifier: Apache-2.0
// How far a score can be trusted: confidence intervals, and p-values of the difference between two systems. All need
// the sentences' statistics only (metric.h), and are the same for the same seed, whatever the machine.
// Source: Koehn 2004 (bootstrap resampling); Riezler & Maxwell 2005, figures 1 and 2 (approximate randomisation, and
// the bootstrap's test of a difference); as sacreBLEU 2.6 has them, with other random numbers.
#ifndef DRAGOMAN_METRICS_SIGNIFICANCE_H_
#define DRAGOMAN_METRICS_SIGNIFICANCE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "metrics/metric.h"

namespace dragoman {

struct ResamplingOptions {
  int resamples = 1000;   // test sets drawn for the bootstrap, 1…1,000,000
  int trials = 10000;     // of randomisation, 1…1,000,000
  uint64_t seed = 12345;  // of both

  // Throws OptionError.
  void Validate() const;
};

// The rows of all sentences of a corpus, end to end.
class StatsTable {
 public:
  explicit StatsTable(size_t width) : width_(width) {}

  void Add(std::span<const double> row);
  size_t width() const { return width_; }
  size_t size() const { return numbers_.size() / width_; }
  std::span<const double> Row(size_t i) const { return std::span(numbers_).subspan(i * width_, width_); }
  Stats Sum() const;

 private:
  size_t width_;
  std::vector<double> numbers_;
};

using Scores = std::vector<double>;  // as Metric::Scores gives them: one for each of its names

// The scores of test sets of as many sentences, drawn with replacement. Which sentences, the seed decides and the
// number of them: systems of one test set get the same.
std::vector<Scores> BootstrapScores(const Metric& metric, const StatsTable& system, const ResamplingOptions& options);

struct Interval {
  double mean = 0;
  double half_width = 0;  // half of the span of the middle 95 %
};

// One for each score.
std::vector<Interval> ConfidenceIntervals(const std::vector<Scores>& bootstrap);

// p-values, one for each score: how probable so large a difference between the two is, were they equally good. Two
// systems without any difference have 1.
// differs: sacreBLEU counts trials whose difference exceeds the one observed, here those that equal it count, too, as
// in the paper. It tells where few sentences differ: of one single answer, all trials have the same difference.
std::vector<double> PairedBootstrap(const std::vector<Scores>& baseline_bootstrap,
                                    const std::vector<Scores>& system_bootstrap, const Scores& baseline,
                                    const Scores& system);
std::vector<double> PairedRandomisation(const Metric& metric, const StatsTable& baseline, const StatsTable& system,
                                        const ResamplingOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_SIGNIFICANCE_H_
