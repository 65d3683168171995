// SPDX-License-Identifier: Apache-2.0
#include "metrics/significance.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/rng.h"

namespace dragoman {
namespace {

constexpr int kMost = 1'000'000;
constexpr double kRounding = 1e-9;  // differences of scores, 0…100, that are one

// Apart, so that one does not repeat the other's numbers.
constexpr uint64_t kBootstrapStream = 1;
constexpr uint64_t kRandomisationStream = 2;

// Each draw has random numbers of its own, so it does not matter who makes it, and when.
Rng RngOf(uint64_t seed, uint64_t stream, int draw) {
  return Rng(HashCombine(HashCombine(seed, stream), static_cast<uint64_t>(draw)));
}

// The share of draws whose statistic is at least the difference observed, which counts as one of them.
// Source: Riezler & Maxwell 2005, figure 1
double PValue(std::span<const double> statistics, double observed) {
  const auto count = std::count_if(statistics.begin(), statistics.end(),
                                   [&](double statistic) { return statistic >= observed - kRounding; });
  return static_cast<double>(count + 1) / static_cast<double>(statistics.size() + 1);
}

// Row by row, what `baseline` has more than `system`.
std::vector<double> Differences(const StatsTable& baseline, const StatsTable& system) {
  std::vector<double> differences;
  for (size_t i = 0; i < baseline.size(); ++i) {
    const auto a = baseline.Row(i), b = system.Row(i);
    for (size_t k = 0; k < a.size(); ++k) differences.push_back(a[k] - b[k]);
  }
  return differences;
}

// Adds every row of `width` numbers for which a coin falls on heads.
void AddAtRandom(std::span<const double> rows, size_t width, Rng* rng, std::span<double> sum) {
  uint64_t coins = 0;
  size_t thrown = 0;
  for (size_t begin = 0; begin < rows.size(); begin += width, coins >>= 1) {
    if (thrown++ % 64 == 0) coins = rng->Next();
    const auto heads = static_cast<double>(coins & 1);  // times 0 or 1: a branch would be guessed wrong half the time
    for (size_t k = 0; k < width; ++k) sum[k] += heads * rows[begin + k];
  }
}

}  // namespace

void ResamplingOptions::Validate() const {
  const auto check = [](const char* name, int value) {
    if (value >= 1 && value <= kMost) return;
    throw OptionError(fmt::format("`{}` is {}, expected 1 to {}", name, value, kMost));
  };
  check("resamples", resamples);
  check("trials", trials);
}

void StatsTable::Add(std::span<const double> row) {
  DRAGOMAN_CHECK(row.size() == width_);
  numbers_.insert(numbers_.end(), row.begin(), row.end());
}

Stats StatsTable::Sum() const {
  Stats sum(width_);
  for (size_t i = 0; i < size(); ++i) AddTo(Row(i), sum);
  return sum;
}

std::vector<Scores> BootstrapScores(const Metric& metric, const StatsTable& system, const ResamplingOptions& options) {
  std::vector<Scores> result;
  Stats sum(system.width());
  for (int draw = 0; draw < options.resamples; ++draw) {
    Rng rng = RngOf(options.seed, kBootstrapStream, draw);
    std::fill(sum.begin(), sum.end(), 0);
    for (size_t i = 0; i < system.size(); ++i) AddTo(system.Row(rng.Below(system.size())), sum);
    result.push_back(metric.Scores(sum));
  }
  return result;
}

// Half of the way between the 2.5th and the 97.5th per cent.   Source: Koehn 2004
std::vector<Interval> ConfidenceIntervals(const std::vector<Scores>& bootstrap) {
  std::vector<Interval> intervals;
  for (size_t s = 0; s < bootstrap.front().size(); ++s) {
    std::vector<double> sorted;
    for (const Scores& scores : bootstrap) sorted.push_back(scores[s]);
    std::sort(sorted.begin(), sorted.end());
    const size_t lower = sorted.size() / 40;
    const double mean = std::accumulate(sorted.begin(), sorted.end(), 0.0) / static_cast<double>(sorted.size());
    intervals.push_back({mean, (sorted[sorted.size() - lower - 1] - sorted[lower]) / 2});
  }
  return intervals;
}

// The statistic is a draw's difference less the mean of all: the drawn sets have the systems' true difference in them,
// which were 0 if they were equally good.   Source: Riezler & Maxwell 2005, figure 2
std::vector<double> PairedBootstrap(const std::vector<Scores>& baseline_bootstrap,
                                    const std::vector<Scores>& system_bootstrap, const Scores& baseline,
                                    const Scores& system) {
  DRAGOMAN_CHECK(baseline_bootstrap.size() == system_bootstrap.size());
  std::vector<double> p_values;
  for (size_t s = 0; s < system.size(); ++s) {
    std::vector<double> statistics;
    for (size_t draw = 0; draw < system_bootstrap.size(); ++draw) {
      statistics.push_back(std::abs(system_bootstrap[draw][s] - baseline_bootstrap[draw][s]));
    }
    const double mean =
        std::accumulate(statistics.begin(), statistics.end(), 0.0) / static_cast<double>(statistics.size());
    for (double& statistic : statistics) statistic -= mean;
    p_values.push_back(PValue(statistics, std::abs(system[s] - baseline[s])));
  }
  return p_values;
}

// A trial swaps the two systems' sentences at random.
std::vector<double> PairedRandomisation(const Metric& metric, const StatsTable& baseline, const StatsTable& system,
                                        const ResamplingOptions& options) {
  DRAGOMAN_CHECK(baseline.size() == system.size());
  const Stats of_baseline = baseline.Sum(), of_system = system.Sum();
  const Scores baseline_scores = metric.Scores(of_baseline), system_scores = metric.Scores(of_system);
  const std::vector<double> differences = Differences(baseline, system);
  std::vector<std::vector<double>> statistics(system_scores.size());  // by score
  Stats swapped(system.width()), a(system.width()), b(system.width());
  for (int trial = 0; trial < options.trials; ++trial) {
    Rng rng = RngOf(options.seed, kRandomisationStream, trial);
    std::fill(swapped.begin(), swapped.end(), 0);
    AddAtRandom(differences, system.width(), &rng, swapped);
    for (size_t k = 0; k < swapped.size(); ++k) {
      a[k] = of_system[k] + swapped[k];
      b[k] = of_baseline[k] - swapped[k];
    }
    const Scores a_scores = metric.Scores(a), b_scores = metric.Scores(b);
    for (size_t s = 0; s < a_scores.size(); ++s) statistics[s].push_back(std::abs(a_scores[s] - b_scores[s]));
  }
  std::vector<double> p_values;
  for (size_t s = 0; s < statistics.size(); ++s) {
    p_values.push_back(PValue(statistics[s], std::abs(system_scores[s] - baseline_scores[s])));
  }
  return p_values;
}

}  // namespace dragoman
