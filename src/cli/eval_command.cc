// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_command.h"

#include <fmt/core.h>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "base/stderr.h"
#include "cli/option_flags.h"
#include "data/line_reader.h"
#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/exact_match.h"
#include "metrics/rouge.h"
#include "metrics/tokenizer_fit.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kExamples[] = R"(Examples:
  dragoman eval --metric bleu --tokenize zh --ref test.zh < hypotheses.zh
      BLEU of Chinese, with the signature that says how it was computed
  dragoman eval --metric bleu,chrf++ --ref test.de --hyp hypotheses.de
      two metrics at once
  dragoman eval --metric rouge --stem --ref titles.txt --hyp summaries.txt --quiet
      three numbers on one line: F1 of ROUGE-1, ROUGE-2 and ROUGE-L
  dragoman eval --metric exact --ref answers.txt --hyp output.txt --format json
      everything there is to know, for scripts
BLEU and chrF equal sacreBLEU 2.6, ROUGE equals rouge-score 0.1.2; every score is 0...100.)";

// One metric of the command line: counts, then reports.
class MetricReport {
 public:
  virtual ~MetricReport() = default;
  virtual void Add(std::string_view hypothesis, std::span<const std::string_view> references) = 0;
  virtual std::string Quiet(int width) const = 0;  // numbers only
  virtual std::string Text(int width) const = 0;   // for people, with the signature
  virtual Json ToJson() const = 0;
  virtual std::string Warning() const { return ""; }  // why the score says nothing, if so, and what to do
};

class BleuReport final : public MetricReport {
 public:
  BleuReport(const BleuOptions& options, int num_references)
      : counter_(options),
        tokenizer_(options.tokenizer),
        fit_(options.tokenizer),
        signature_(BleuSignature(options, num_references)) {}

  void Add(std::string_view hypothesis, std::span<const std::string_view> references) override {
    counter_.Add(hypothesis, references);
    for (const std::string_view reference : references) fit_.Add(reference);
  }
  std::string Quiet(int width) const override { return fmt::format("{:.{}f}", counter_.Score().score, width); }
  std::string Text(int width) const override {
    const BleuScore score = counter_.Score();
    const auto& p = score.precisions;
    const double ratio =
        score.ref_len == 0 ? 0 : static_cast<double>(score.sys_len) / static_cast<double>(score.ref_len);
    return fmt::format(
        "BLEU|{} = {:.{}f} {:.1f}/{:.1f}/{:.1f}/{:.1f} (BP = {:.3f} ratio = {:.3f} hyp_len = {} ref_len = {})",
        signature_, score.score, width, p[0], p[1], p[2], p[3], score.brevity_penalty, ratio, score.sys_len,
        score.ref_len);
  }
  Json ToJson() const override {
    const BleuScore score = counter_.Score();
    return {{"score", score.score},     {"precisions", score.precisions}, {"brevity_penalty", score.brevity_penalty},
            {"sys_len", score.sys_len}, {"ref_len", score.ref_len},       {"signature", signature_}};
  }
  std::string Warning() const override {
    const auto better = fit_.Better();
    if (!better) return "";
    return fmt::format(
        "the references have no blanks between words, so to --tokenize {} a sentence is one word, and BLEU says "
        "little; give --tokenize {}",
        EnumName(tokenizer_), EnumName(*better));
  }

 private:
  BleuCounter counter_;
  BleuTokenizer tokenizer_;
  BleuTokenizerFit fit_;
  std::string signature_;
};

class ChrfReport final : public MetricReport {
 public:
  ChrfReport(const ChrfOptions& options, int num_references)
      : counter_(options), name_(ChrfName(options)), signature_(ChrfSignature(options, num_references)) {}

  void Add(std::string_view hypothesis, std::span<const std::string_view> references) override {
    counter_.Add(hypothesis, references);
  }
  std::string Quiet(int width) const override { return fmt::format("{:.{}f}", counter_.Score(), width); }
  std::string Text(int width) const override { return fmt::format("{}|{} = {}", name_, signature_, Quiet(width)); }
  Json ToJson() const override { return {{"score", counter_.Score()}, {"signature", signature_}}; }

 private:
  ChrfCounter counter_;
  std::string name_;
  std::string signature_;
};

class RougeReport final : public MetricReport {
 public:
  RougeReport(const RougeOptions& options, int num_references)
      : counter_(options), fit_(options.tokenizer), signature_(RougeSignature(options, num_references)) {}

  void Add(std::string_view hypothesis, std::span<const std::string_view> references) override {
    counter_.Add(hypothesis, references);
    for (const std::string_view reference : references) fit_.Add(reference);
  }
  std::string Quiet(int width) const override {
    const RougeScores s = counter_.Score();
    return fmt::format("{:.{}f} {:.{}f} {:.{}f}", s.rouge1.f1, width, s.rouge2.f1, width, s.rouge_l.f1, width);
  }
  std::string Text(int width) const override {
    const RougeScores s = counter_.Score();
    return TextLine("1", s.rouge1, width) + "\n" + TextLine("2", s.rouge2, width) + "\n" +
           TextLine("L", s.rouge_l, width);
  }
  Json ToJson() const override {
    const auto to_json = [](const RougeScore& s) -> Json {
      return {{"precision", s.precision}, {"recall", s.recall}, {"f1", s.f1}};
    };
    const RougeScores s = counter_.Score();
    return {{"rouge1", to_json(s.rouge1)},
            {"rouge2", to_json(s.rouge2)},
            {"rougeL", to_json(s.rouge_l)},
            {"signature", signature_}};
  }
  std::string Warning() const override {
    switch (fit_.Remedy()) {
      case RougeRemedy::kNone:
        break;
      case RougeRemedy::kChinese:
        return "ROUGE's tokenizer keeps the letters a to z and digits only, which most of the references' are not; "
               "give --tokenize zh, which keeps all";
      case RougeRemedy::kNoRouge:
        return "the references have no blanks between words, which ROUGE needs in all scripts but Chinese; give "
               "--metric chrf";
    }
    return "";
  }

 private:
  std::string TextLine(std::string_view kind, const RougeScore& score, int width) const {
    return fmt::format("ROUGE-{}|{} = {:.{}f} (precision = {:.{}f} recall = {:.{}f})", kind, signature_, score.f1,
                       width, score.precision, width, score.recall, width);
  }

  RougeCounter counter_;
  RougeTokenizerFit fit_;
  std::string signature_;
};

class ExactMatchReport final : public MetricReport {
 public:
  ExactMatchReport(const ExactMatchOptions& options, int num_references)
      : counter_(options), signature_(ExactMatchSignature(options, num_references)) {}

  void Add(std::string_view hypothesis, std::span<const std::string_view> references) override {
    counter_.Add(hypothesis, references);
  }
  std::string Quiet(int width) const override { return fmt::format("{:.{}f}", counter_.Score().accuracy, width); }
  std::string Text(int width) const override {
    const ExactMatchScore score = counter_.Score();
    return fmt::format("exact match|{} = {:.{}f} ({} of {})", signature_, score.accuracy, width, score.matches,
                       score.lines);
  }
  Json ToJson() const override {
    const ExactMatchScore score = counter_.Score();
    return {{"score", score.accuracy}, {"matches", score.matches}, {"lines", score.lines}, {"signature", signature_}};
  }

 private:
  ExactMatchCounter counter_;
  std::string signature_;
};

std::unique_ptr<MetricReport> MakeReport(EvalMetric metric, const EvalOptions& options) {
  const int num_references = static_cast<int>(options.references.size());
  switch (metric) {
    case EvalMetric::kBleu: {
      BleuOptions bleu;
      bleu.tokenizer = options.tokenize;
      bleu.lowercase = options.lowercase;
      bleu.smoothing = options.smooth;
      return std::make_unique<BleuReport>(bleu, num_references);
    }
    case EvalMetric::kChrf:
    case EvalMetric::kChrfPlusPlus: {
      ChrfOptions chrf = metric == EvalMetric::kChrf ? ChrfOptions() : ChrfPlusPlus();
      chrf.lowercase = options.lowercase;
      return std::make_unique<ChrfReport>(chrf, num_references);
    }
    case EvalMetric::kRouge: {
      RougeOptions rouge;
      if (options.tokenize == BleuTokenizer::kZh) rouge.tokenizer = RougeTokenizer::kChinese;
      rouge.stem = options.stem;
      return std::make_unique<RougeReport>(rouge, num_references);
    }
    case EvalMetric::kExactMatch:
      break;
  }
  return std::make_unique<ExactMatchReport>(ExactMatchOptions{.lowercase = options.lowercase}, num_references);
}

std::vector<EvalMetric> ParseMetrics(const std::vector<std::string>& names) {
  std::vector<EvalMetric> metrics;
  for (const std::string& name : names) {
    const auto metric = ParseEnum<EvalMetric>(name);
    if (!metric) throw OptionError(fmt::format("--metric is \"{}\", expected {}", name, EnumChoices<EvalMetric>()));
    metrics.push_back(*metric);
  }
  return metrics;
}

[[noreturn]] void ReportUnequalLines(LineReader* hypotheses, LineReader* references) {
  throw FileError(references->name(),
                  fmt::format("{}, but {} has {}; expected one reference line per hypothesis; check that both come "
                              "from the same test set and none is cut short",
                              references->CountLines(), hypotheses->name(), hypotheses->CountLines()));
}

// Feeds all lines to the reports, one sentence at a time.
void ReadAll(LineReader* hypotheses, std::span<const std::unique_ptr<LineReader>> references,
             std::span<const std::unique_ptr<MetricReport>> reports) {
  std::string_view hypothesis;
  std::vector<std::string_view> of_sentence(references.size());
  for (;;) {
    const bool more = hypotheses->Next(&hypothesis);
    for (size_t r = 0; r < references.size(); ++r) {
      if (references[r]->Next(&of_sentence[r]) != more) ReportUnequalLines(hypotheses, references[r].get());
    }
    if (!more) break;
    for (const auto& report : reports) report->Add(hypothesis, of_sentence);
  }
  if (hypotheses->line_number() == 0) {
    throw FileError(hypotheses->name(),
                    "empty; expected at least one line to score; give it the output of a translation");
  }
}

// The scores must not go where the texts are.
void CheckFiles(const EvalOptions& options) {
  std::vector<InputPath> inputs = {{"--hyp", options.hypotheses}};
  for (const std::string& reference : options.references) inputs.push_back({"--ref", reference});
  RefuseOverwriting("stdout", "-", inputs);
  for (const InputPath& input : inputs) {
    if (input.path == kStdinPath) GreetTerminal(input.option == "--hyp" ? "a hypothesis a line" : "a reference a line");
  }
}

}  // namespace

const EnumNames<EvalMetric>& NamesOf(EvalMetric) {
  static const EnumNames<EvalMetric> kNames = {{"bleu", EvalMetric::kBleu},
                                               {"chrf", EvalMetric::kChrf},
                                               {"chrf++", EvalMetric::kChrfPlusPlus},
                                               {"rouge", EvalMetric::kRouge},
                                               {"exact", EvalMetric::kExactMatch}};
  return kNames;
}

const EnumNames<EvalFormat>& NamesOf(EvalFormat) {
  static const EnumNames<EvalFormat> kNames = {{"text", EvalFormat::kText}, {"json", EvalFormat::kJson}};
  return kNames;
}

void EvalOptions::Validate() const {
  if (references.empty()) throw OptionError("--ref: missing; give at least one file of reference lines");
  const auto from_stdin = std::count(references.begin(), references.end(), kStdinPath);
  if (from_stdin + (hypotheses == kStdinPath ? 1 : 0) > 1) {
    throw OptionError(
        "--ref, --hyp: more than one is standard input; expected one at most; give files for the others "
        "(--hyp reads standard input unless told otherwise)");
  }
  for (const EvalMetric metric : metrics) {
    if (std::count(metrics.begin(), metrics.end(), metric) == 1) continue;
    throw OptionError(fmt::format("--metric names {} more than once, expected each metric once", EnumName(metric)));
  }
  if (width < 0 || width > 15) throw OptionError(fmt::format("--width is {}, expected 0 to 15", width));
}

void RunEval(const EvalOptions& options, std::ostream& out) {
  options.Validate();
  std::vector<std::unique_ptr<MetricReport>> reports;
  for (const EvalMetric metric : options.metrics) reports.push_back(MakeReport(metric, options));

  std::vector<std::unique_ptr<LineReader>> references;
  for (const std::string& path : options.references) references.push_back(std::make_unique<LineReader>(path));
  LineReader hypotheses(options.hypotheses);
  ReadAll(&hypotheses, references, reports);
  for (const auto& report : reports) {
    if (const std::string warning = report->Warning(); !warning.empty())
      std::cerr << "warning: " << warning << std::endl;
  }

  if (options.format == EvalFormat::kJson) {
    Json json;
    for (size_t i = 0; i < reports.size(); ++i) json[std::string(EnumName(options.metrics[i]))] = reports[i]->ToJson();
    out << json.dump() << '\n';
    return;
  }
  for (const auto& report : reports) {
    out << (options.quiet ? report->Quiet(options.width) : report->Text(options.width)) << '\n';
  }
}

void AddEvalCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("eval", "Score hypotheses against references: BLEU, chrF, ROUGE, exact match");
  const auto options = std::make_shared<EvalOptions>();
  const FlagRegistrar add{command};
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
  add("hyp", options->hypotheses, "Hypothesis file, plain or gzip; - is standard input");
  add("tokenize", options->tokenize,
      "How BLEU cuts text into words: zh for Chinese (ROUGE as well), char for Japanese, Thai ...");
  add("smooth", options->smooth, "What BLEU puts in place of zero matches");
  add("lowercase", options->lowercase, "Ignore case (ROUGE always does)");
  add("stem", options->stem, "ROUGE compares English word stems");
  add("quiet", options->quiet,
      "Print the bare score, one line per metric (ROUGE: F1 of R-1, R-2, R-L), and nothing on stderr but errors");
  add("format", options->format, "JSON has every digit and the parts of each score");
  add("width", options->width, "Digits after the point in text, 0 to 15");
  command->footer(kExamples);
  command->callback([options] {
    CheckFiles(*options);
    RunEval(*options, std::cout);
  });
}

}  // namespace dragoman
