// SPDX-License-Identifier: Apache-2.0
// The metrics of `dragoman eval`: what each prints beside its scores, and when it warns that they say nothing.
#ifndef DRAGOMAN_CLI_EVAL_REPORT_H_
#define DRAGOMAN_CLI_EVAL_REPORT_H_

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "cli/eval_options.h"
#include "metrics/metric.h"

namespace dragoman {

class MetricReport {
 public:
  virtual ~MetricReport() = default;

  virtual const Metric& metric() const = 0;

  // What the score of that index is made of, in text; or "". `sum` is of all sentences.
  virtual std::string Detail(std::span<const double> sum, size_t score, int width) const = 0;

  // All scores with their parts: an object for each key of metric().ScoreNames(), or the object itself for "".
  virtual nlohmann::ordered_json ToJson(std::span<const double> sum) const = 0;

  // Told of every reference, it knows at the end why the scores say nothing, if so, and what to do.
  virtual void SeeReference(std::string_view /*reference*/) {}
  virtual std::string Warning() const { return ""; }
};

std::unique_ptr<MetricReport> MakeReport(EvalMetric metric, const EvalOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_EVAL_REPORT_H_
