// SPDX-License-Identifier: Apache-2.0
// What `dragoman eval` prints: the scores of one system, or of several beside each other, as text and as JSON.
#ifndef DRAGOMAN_CLI_EVAL_TABLE_H_
#define DRAGOMAN_CLI_EVAL_TABLE_H_

#include <memory>
#include <ostream>
#include <span>
#include <vector>

#include "cli/eval_options.h"
#include "cli/eval_report.h"
#include "metrics/metric.h"
#include "metrics/significance.h"

namespace dragoman {

// Of one system by one metric; each list has one entry a score.
struct SystemResult {
  Stats sum;  // of all sentences
  Scores scores;
  std::vector<Interval> intervals;  // or none, unless asked for
  std::vector<double> p_values;     // or none: of the baseline, and unless asked for
};

// One for each table of sentences, by system, the baseline first.
std::vector<SystemResult> Compare(const Metric& metric, std::span<const StatsTable> systems,
                                  const EvalOptions& options);

// Prints results[m][s], of metric m (options.metrics, reports) and system s (options.hypotheses).
void PrintResults(std::span<const std::unique_ptr<MetricReport>> reports,
                  const std::vector<std::vector<SystemResult>>& results, const EvalOptions& options, std::ostream& out);

// Prints results[m], of one line by metric m: bare scores on one line, or an object as PrintResults makes it.
void PrintSentence(std::span<const std::unique_ptr<MetricReport>> reports, const std::vector<SystemResult>& results,
                   const EvalOptions& options, std::ostream& out);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_EVAL_TABLE_H_
