// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/counted.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;
using Reports = std::span<const std::unique_ptr<MetricReport>>;
using Results = std::vector<std::vector<SystemResult>>;  // [metric][system]

constexpr double kSignificant = 0.05;

// The metric's, with what was drawn after the number of references, as sacreBLEU has it.
std::string Signature(const Metric& metric, const EvalOptions& options) {
  std::string signature = metric.Signature(static_cast<int>(options.references.size()));
  if (!options.HasIntervals()) return signature;
  std::string drawn = fmt::format("bs:{}|", options.resampling.resamples);
  if (options.paired == PairedTest::kRandomisation) drawn += fmt::format("ar:{}|", options.resampling.trials);
  drawn += fmt::format("seed:{}|", options.resampling.seed);
  return signature.insert(signature.find('|') + 1, drawn);
}

std::string IntervalText(const Interval& interval, int width) {
  return fmt::format("{:.{}f} ± {:.{}f}", interval.mean, width, interval.half_width, width);
}

// "BLEU|signature = 30.10 (μ = 30.08 ± 1.20) 60.1/…", a line for each score.
void PrintOne(const MetricReport& report, const SystemResult& result, const EvalOptions& options, std::ostream& out) {
  const std::vector<ScoreName> names = report.metric().ScoreNames();
  const std::string signature = Signature(report.metric(), options);
  for (size_t s = 0; s < names.size(); ++s) {
    out << fmt::format("{}|{} = {:.{}f}", names[s].name, signature, result.scores[s], options.width);
    if (!result.intervals.empty()) out << " (μ = " << IntervalText(result.intervals[s], options.width) << ")";
    const std::string detail = report.Detail(result.sum, s, options.width);
    out << (detail.empty() ? "" : " ") << detail << '\n';
  }
}

// Bare numbers: of one system a line for each metric, of several a line for each system.
void PrintQuiet(const Results& results, const EvalOptions& options, std::ostream& out) {
  const auto print = [&](const SystemResult& result, const char* before) {
    for (const double score : result.scores) {
      out << fmt::format("{}{:.{}f}", before, score, options.width);
      before = " ";
    }
  };
  if (!options.SeveralSystems()) {
    for (const auto& of_metric : results) {
      print(of_metric[0], "");
      out << '\n';
    }
    return;
  }
  for (size_t system = 0; system < options.hypotheses.size(); ++system) {
    for (size_t m = 0; m < results.size(); ++m) print(results[m][system], m == 0 ? "" : " ");
    out << '\n';
  }
}

// Numbers of one column, as wide as the widest and no less than `width`.
std::vector<std::string> Column(std::span<const double> numbers, const EvalOptions& options, size_t width = 0) {
  std::vector<std::string> column;
  for (const double number : numbers) {
    column.push_back(fmt::format("{:.{}f}", number, options.width));
    width = std::max(width, column.back().size());
  }
  for (std::string& text : column) text.insert(0, width - text.size(), ' ');
  return column;
}

// A table of one score: a line for each system.
void PrintTable(const std::string& title, const std::vector<SystemResult>& systems, size_t score,
                const EvalOptions& options, std::ostream& out) {
  std::vector<double> scores, means, half_widths;
  size_t name_width = std::string_view("system").size();
  for (size_t i = 0; i < systems.size(); ++i) {
    scores.push_back(systems[i].scores[score]);
    means.push_back(systems[i].intervals[score].mean);
    half_widths.push_back(systems[i].intervals[score].half_width);
    name_width = std::max(name_width, options.hypotheses[i].size());
  }
  const auto score_column = Column(scores, options, std::string_view("score").size());
  const auto mean_column = Column(means, options, std::string_view("mean").size());
  const auto half_column = Column(half_widths, options, std::string_view("95 %").size());
  const bool has_test = options.paired != PairedTest::kNone;
  out << title << '\n';
  out << fmt::format("  {:<{}}  {:>{}}  {:>{}} ± {:<{}}{}\n", "system", name_width, "score", score_column[0].size(),
                     "mean", mean_column[0].size(), "95 %", half_column[0].size(), has_test ? "  p" : "");
  for (size_t i = 0; i < systems.size(); ++i) {
    out << fmt::format("  {:<{}}  {}  {} ± {}", options.hypotheses[i], name_width, score_column[i], mean_column[i],
                       half_column[i]);
    if (has_test && i == 0) out << "  baseline";
    if (has_test && i > 0) {
      const double p = systems[i].p_values[score];
      out << fmt::format("  {:.4f}{}", p, p < kSignificant ? " *" : "");
    }
    out << '\n';
  }
}

void PrintTables(Reports reports, const Results& results, const EvalOptions& options, std::ostream& out) {
  for (size_t m = 0; m < reports.size(); ++m) {
    const Metric& metric = reports[m]->metric();
    const std::vector<ScoreName> names = metric.ScoreNames();
    for (size_t s = 0; s < names.size(); ++s) {
      if (m + s > 0) out << '\n';
      PrintTable(names[s].name + "|" + Signature(metric, options), results[m], s, options, out);
    }
  }
  if (options.paired == PairedTest::kNone) return;
  const std::string draws = options.paired == PairedTest::kBootstrap
                                ? "paired bootstrap, " + Grouped(options.resampling.resamples) + " test sets"
                                : "paired randomisation, " + Grouped(options.resampling.trials) + " trials";
  out << fmt::format("\np: how probable so large a difference from {} is by chance ({}); * below {}\n",
                     options.hypotheses[0], draws, kSignificant);
}

// The metric's object, with interval and p-value in the objects of its scores.
Json MetricJson(const MetricReport& report, const SystemResult& result, const EvalOptions& options) {
  Json json = report.ToJson(result.sum);
  const std::vector<ScoreName> names = report.metric().ScoreNames();
  for (size_t s = 0; s < names.size(); ++s) {
    Json& of_score = names[s].key.empty() ? json : json.at(names[s].key);
    if (!result.intervals.empty()) {
      of_score["mean"] = result.intervals[s].mean;
      of_score["ci"] = result.intervals[s].half_width;
    }
    if (options.paired == PairedTest::kNone) continue;
    of_score["p_value"] = result.p_values.empty() ? Json() : Json(result.p_values[s]);
  }
  json["signature"] = Signature(report.metric(), options);
  return json;
}

Json SystemJson(Reports reports, const Results& results, size_t system, const EvalOptions& options) {
  Json json = Json::object();
  for (size_t m = 0; m < reports.size(); ++m) {
    json[std::string(EnumName(options.metrics[m]))] = MetricJson(*reports[m], results[m][system], options);
  }
  return json;
}

void PrintJson(Reports reports, const Results& results, const EvalOptions& options, std::ostream& out) {
  if (!options.SeveralSystems()) {
    out << SystemJson(reports, results, 0, options).dump() << '\n';
    return;
  }
  Json json = {{"systems", Json::array()}, {"paired", EnumName(options.paired)}};
  for (size_t i = 0; i < options.hypotheses.size(); ++i) {
    Json system = {{"hyp", options.hypotheses[i]}};
    system.update(SystemJson(reports, results, i, options));
    json["systems"].push_back(std::move(system));
  }
  out << json.dump() << '\n';
}

}  // namespace

std::vector<SystemResult> Compare(const Metric& metric, std::span<const StatsTable> systems,
                                  const EvalOptions& options) {
  std::vector<SystemResult> results;
  std::vector<Scores> of_baseline;  // its resampled scores
  for (const StatsTable& system : systems) {
    SystemResult result{.sum = system.Sum()};
    result.scores = metric.Scores(result.sum);
    std::vector<Scores> drawn = BootstrapScores(metric, system, options.resampling);
    result.intervals = ConfidenceIntervals(drawn);
    if (results.empty()) {
      of_baseline = std::move(drawn);
    } else if (options.paired == PairedTest::kBootstrap) {
      result.p_values = PairedBootstrap(of_baseline, drawn, results[0].scores, result.scores);
    } else if (options.paired == PairedTest::kRandomisation) {
      result.p_values = PairedRandomisation(metric, systems[0], system, options.resampling);
    }
    results.push_back(std::move(result));
  }
  return results;
}

void PrintSentence(Reports reports, const std::vector<SystemResult>& results, const EvalOptions& options,
                   std::ostream& out) {
  Results of_line;
  for (const SystemResult& result : results) of_line.push_back({result});
  if (options.format == EvalFormat::kJson) return PrintJson(reports, of_line, options, out);
  std::string line;
  for (const SystemResult& result : results) {
    for (const double score : result.scores)
      line += fmt::format("{}{:.{}f}", line.empty() ? "" : " ", score, options.width);
  }
  out << line << '\n';
}

void PrintResults(Reports reports, const Results& results, const EvalOptions& options, std::ostream& out) {
  if (options.format == EvalFormat::kJson) {
    PrintJson(reports, results, options, out);
  } else if (options.quiet) {
    PrintQuiet(results, options, out);
  } else if (options.SeveralSystems()) {
    PrintTables(reports, results, options, out);
  } else {
    for (size_t m = 0; m < reports.size(); ++m) PrintOne(*reports[m], results[m][0], options, out);
  }
}

}  // namespace dragoman
