// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_options.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/file_system.h"

namespace dragoman {
namespace {

void ValidateFiles(const std::vector<std::string>& references, const std::vector<std::string>& hypotheses) {
  if (references.empty()) throw OptionError("--ref: missing; give at least one file of reference lines");
  const auto from_stdin = std::count(references.begin(), references.end(), kStdinPath) +
                          std::count(hypotheses.begin(), hypotheses.end(), kStdinPath);
  if (from_stdin > 1) {
    throw OptionError(
        "--ref, --hyp: more than one is standard input; expected one at most; give files for the others "
        "(--hyp reads standard input unless told otherwise)");
  }
  for (const std::string& path : hypotheses) {
    if (std::count(hypotheses.begin(), hypotheses.end(), path) == 1) continue;
    throw OptionError(fmt::format("--hyp is \"{}\" twice, expected each system once", path));
  }
}

}  // namespace

const EnumNames<EvalMetric>& NamesOf(EvalMetric) {
  static const EnumNames<EvalMetric> kNames = {
      {"bleu", EvalMetric::kBleu},        {"chrf", EvalMetric::kChrf},   {"chrf++", EvalMetric::kChrfPlusPlus},
      {"ter", EvalMetric::kTer},          {"rouge", EvalMetric::kRouge}, {"rougeLsum", EvalMetric::kRougeLsum},
      {"exact", EvalMetric::kExactMatch}, {"squad", EvalMetric::kSquad}};
  return kNames;
}

const EnumNames<EvalFormat>& NamesOf(EvalFormat) {
  static const EnumNames<EvalFormat> kNames = {{"text", EvalFormat::kText}, {"json", EvalFormat::kJson}};
  return kNames;
}

const EnumNames<PairedTest>& NamesOf(PairedTest) {
  static const EnumNames<PairedTest> kNames = {{"none", PairedTest::kNone},
                                               {"bootstrap", PairedTest::kBootstrap},
                                               {"randomisation", PairedTest::kRandomisation}};
  return kNames;
}

void EvalOptions::Validate() const {
  ValidateFiles(references, hypotheses);
  for (const EvalMetric metric : metrics) {
    if (std::count(metrics.begin(), metrics.end(), metric) == 1) continue;
    throw OptionError(fmt::format("--metric names {} more than once, expected each metric once", EnumName(metric)));
  }
  if (width < 0 || width > 15) throw OptionError(fmt::format("--width is {}, expected 0 to 15", width));
  if (ter.asian_support && !ter.normalized && !ter.no_punct) {
    throw OptionError(
        "--ter-asian-support changes nothing by itself; give --ter-normalized (Chinese characters apart), "
        "--ter-no-punct (without Chinese punctuation) or both with it");
  }
  if (sentence_separator.empty()) {
    throw OptionError("--sentence-separator is \"\", expected what parts sentences in a line, such as \"<n>\"");
  }
  if (paired != PairedTest::kNone && !SeveralSystems()) {
    throw OptionError(
        fmt::format("--paired {} compares systems, but --hyp names {}; give --hyp once for each, the baseline first",
                    EnumName(paired), hypotheses.size()));
  }
  if (sentence_level && (SeveralSystems() || confidence)) {
    throw OptionError(fmt::format(
        "--sentence-level prints scores of single lines, without {}",
        confidence ? "--confidence" : "a table of systems; give --hyp once, or leave --sentence-level out"));
  }
  if (quiet && format == EvalFormat::kText && (confidence || paired != PairedTest::kNone)) {
    throw OptionError("--quiet prints bare scores, without --confidence and --paired; give --format json for all");
  }
  resampling.Validate();
}

}  // namespace dragoman
