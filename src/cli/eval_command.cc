// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_command.h"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "cli/eval_report.h"
#include "cli/eval_table.h"
#include "cli/option_flags.h"
#include "data/line_reader.h"

namespace dragoman {
namespace {

constexpr char kExamples[] = R"(Examples:
  dragoman eval --metric bleu --tokenize zh --ref test.zh < hypotheses.zh
      BLEU of Chinese, with the signature that says how it was computed
  dragoman eval --metric bleu,chrf++,ter --ref test.de --hyp hypotheses.de --confidence
      three metrics at once, each with its 95 % confidence interval
  dragoman eval --ref test.de --hyp base.de --hyp new.de --hyp newer.de --paired bootstrap
      a table of three systems, and whether the others differ from base.de by more than chance
  dragoman eval --metric rouge --stem --ref titles.txt --hyp summaries.txt --quiet
      three numbers on one line: F1 of ROUGE-1, ROUGE-2 and ROUGE-L
  dragoman eval --metric rougeLsum --ref long.txt --hyp summaries.txt --sentence-separator '<q>'
      summaries of several sentences a line, which <q> parts
  dragoman eval --metric squad --ref answers.1 --ref answers.2 --hyp output.txt
      exact match and F1 of short answers, each against the best of its references
  dragoman eval --metric chrf --ref test.de --hyp hypotheses.de --sentence-level
      a score a line, to look for the best and the worst
  dragoman eval --metric exact --ref answers.txt --hyp output.txt --format json
      everything there is to know, for scripts
BLEU, chrF and TER equal sacreBLEU 2.6, ROUGE equals rouge-score 0.1.2. Every score is 0...100, higher is better;
but TER is an error rate: lower is better, and it may exceed 100.)";

std::vector<EvalMetric> ParseMetrics(const std::vector<std::string>& names) {
  std::vector<EvalMetric> metrics;
  for (const std::string& name : names) {
    const auto metric = ParseEnum<EvalMetric>(name);
    if (!metric) throw OptionError(fmt::format("--metric is \"{}\", expected {}", name, EnumChoices<EvalMetric>()));
    metrics.push_back(*metric);
  }
  return metrics;
}

[[noreturn]] void ReportUnequalLines(LineReader* first, LineReader* other) {
  throw FileError(other->name(),
                  fmt::format("{}, but {} has {}; expected one reference line per hypothesis; check that both come "
                              "from the same test set and none is cut short",
                              other->CountLines(), first->name(), first->CountLines()));
}

using Readers = std::vector<std::unique_ptr<LineReader>>;

// The next line of each file, or false at the end of all.
bool NextLines(const Readers& readers, std::vector<std::string_view>* lines) {
  lines->resize(readers.size());
  const bool more = readers[0]->Next(&(*lines)[0]);
  for (size_t i = 1; i < readers.size(); ++i) {
    if (readers[i]->Next(&(*lines)[i]) != more) ReportUnequalLines(readers[0].get(), readers[i].get());
  }
  return more;
}

Stats StatsOf(const Metric& metric, const LineReader& hypotheses, std::string_view hypothesis,
              std::span<const std::string_view> references) {
  try {
    return metric.SentenceStats(hypothesis, references);
  } catch (const Error& error) {
    throw FileError(hypotheses.name(), hypotheses.line_number(), error.what());
  }
}

// The scores of one line, as --sentence-level prints them.
void PrintLine(const EvalOptions& options, std::span<const std::unique_ptr<MetricReport>> reports,
               const std::vector<Stats>& rows, std::ostream& out) {
  std::vector<SystemResult> results;
  for (size_t m = 0; m < reports.size(); ++m) {
    results.push_back({.sum = rows[m], .scores = reports[m]->metric().Scores(rows[m])});
  }
  PrintSentence(reports, results, options, out);
}

// The results of all metrics, by metric and system. Keeps the rows of lines only where something is drawn from them.
std::vector<std::vector<SystemResult>> ReadAndScore(const EvalOptions& options,
                                                    std::span<const std::unique_ptr<MetricReport>> reports,
                                                    std::ostream& out) {
  Readers readers;  // hypotheses, then references
  for (const std::string& path : options.hypotheses) readers.push_back(std::make_unique<LineReader>(path));
  for (const std::string& path : options.references) readers.push_back(std::make_unique<LineReader>(path));
  const size_t systems = options.hypotheses.size();

  std::vector<std::vector<StatsTable>> tables;     // [metric][system]
  std::vector<std::vector<SystemResult>> results;  // [metric][system]
  for (const auto& report : reports) {
    tables.emplace_back(systems, StatsTable(report->metric().NumStats()));
    results.emplace_back(systems, SystemResult{.sum = Stats(report->metric().NumStats())});
  }
  std::vector<std::string_view> lines;
  while (NextLines(readers, &lines)) {
    const std::span<const std::string_view> references = std::span(lines).subspan(systems);
    std::vector<Stats> rows;  // of this line, by metric, for --sentence-level
    for (size_t m = 0; m < reports.size(); ++m) {
      for (const std::string_view reference : references) reports[m]->SeeReference(reference);
      for (size_t i = 0; i < systems; ++i) {
        const Stats row = StatsOf(reports[m]->metric(), *readers[i], lines[i], references);
        if (options.sentence_level) rows.push_back(row);
        AddTo(row, results[m][i].sum);
        if (options.HasIntervals()) tables[m][i].Add(row);
      }
    }
    if (options.sentence_level) PrintLine(options, reports, rows, out);
  }
  if (readers[0]->line_number() == 0) {
    throw FileError(readers[0]->name(),
                    "empty; expected at least one line to score; give it the output of a translation");
  }
  for (size_t m = 0; m < reports.size(); ++m) {
    const Metric& metric = reports[m]->metric();
    if (options.HasIntervals()) {
      results[m] = Compare(metric, tables[m], options);
    } else {
      for (SystemResult& result : results[m]) result.scores = metric.Scores(result.sum);
    }
  }
  return results;
}

// The scores must not go where the texts are.
void CheckFiles(const EvalOptions& options) {
  std::vector<InputPath> inputs;
  for (const std::string& hypotheses : options.hypotheses) inputs.push_back({"--hyp", hypotheses});
  for (const std::string& reference : options.references) inputs.push_back({"--ref", reference});
  RefuseOverwriting("stdout", "-", inputs);
  for (const InputPath& input : inputs) {
    if (input.path == kStdinPath) GreetTerminal(input.option == "--hyp" ? "a hypothesis a line" : "a reference a line");
  }
}

void AddMetricFlags(FlagRegistrar add, EvalOptions* options) {
  add.Heading("Metrics");
  add("tokenize", options->tokenize,
      "How BLEU cuts text into words: zh for Chinese (ROUGE as well), char for Japanese, Thai ...");
  add("smooth", options->smooth, "What BLEU puts in place of zero matches");
  add("lowercase", options->lowercase, "Ignore case (TER, ROUGE and SQuAD always do, or see `ter_case_sensitive`)");
  add("stem", options->stem, "ROUGE compares English word stems");
  add("sentence_separator", options->sentence_separator,
      "What stands between the sentences of a line: ROUGE-Lsum compares them one by one, to ROUGE it is a blank");
  add("ter_case_sensitive", options->ter.case_sensitive, "TER minds case");
  add("ter_normalized", options->ter.normalized, "TER sets punctuation apart and undoes &quot; and the like");
  add("ter_no_punct", options->ter.no_punct, "TER drops punctuation");
  add("ter_asian_support", options->ter.asian_support,
      "With `ter_normalized` TER sets Chinese characters apart, with `ter_no_punct` it drops Chinese punctuation");
}

void AddSignificanceFlags(FlagRegistrar add, EvalOptions* options) {
  add.Heading("How far scores can be trusted");
  add("confidence", options->confidence,
      "Mean and 95 % confidence interval by bootstrap resampling (a table of several systems has them anyway)");
  add("paired", options->paired, "p-values of the systems' differences from the first");
  add("resamples", options->resampling.resamples, "Test sets that the bootstrap draws");
  add("trials", options->resampling.trials, "Trials of randomisation");
  add("seed", options->resampling.seed, "Of what is drawn; the same seed gives the same numbers");
}

}  // namespace

void RunEval(const EvalOptions& options, std::ostream& out) {
  options.Validate();
  std::vector<std::unique_ptr<MetricReport>> reports;
  for (const EvalMetric metric : options.metrics) reports.push_back(MakeReport(metric, options));
  const auto results = ReadAndScore(options, reports, out);
  for (const auto& report : reports) {
    if (const std::string warning = report->Warning(); !warning.empty())
      std::cerr << "warning: " << warning << std::endl;
  }
  if (!options.sentence_level) PrintResults(reports, results, options, out);
}

void AddEvalCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("eval", "Score hypotheses against references: BLEU, chrF, TER, ROUGE, exact match, SQuAD");
  const auto options = std::make_shared<EvalOptions>();
  FlagRegistrar add{command};
  command
      ->add_option_function<std::vector<std::string>>(
          "--metric", [options](const std::vector<std::string>& names) { options->metrics = ParseMetrics(names); },
          "What to compute, several with commas or by repeating the option: " + EnumChoices<EvalMetric>())
      ->delimiter(',')
      ->type_name("WORD")
      ->default_str("bleu");
  command
      ->add_option("--ref", options->references,
                   "Reference file, plain or gzip, one line per hypothesis; several are alternatives to each other")
      ->required()
      ->type_name("FILE");
  command
      ->add_option("--hyp", options->hypotheses,
                   "Hypothesis file, plain or gzip; - is standard input; several are systems, the first the baseline")
      ->type_name("FILE")
      ->default_str("-");
  add("quiet", options->quiet,
      "Print bare scores, one line per metric (ROUGE: F1 of R-1, R-2, R-L) or per system if there are several, and "
      "nothing on stderr but errors");
  add("sentence_level", options->sentence_level,
      "Print the scores of each line by itself, a line each: bare numbers (of several metrics with blanks between), or "
      "objects with `format` json");
  add("format", options->format, "JSON has every digit and the parts of each score");
  add("width", options->width, "Digits after the point in text, 0 to 15");
  AddMetricFlags(add, options.get());
  AddSignificanceFlags(add, options.get());
  command->footer(kExamples);
  command->callback([options] {
    CheckFiles(*options);
    RunEval(*options, std::cout);
  });
}

}  // namespace dragoman
