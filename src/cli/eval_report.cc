// SPDX-License-Identifier: Apache-2.0
#include "cli/eval_report.h"

#include <fmt/core.h>

#include "metrics/bleu.h"
#include "metrics/chrf.h"
#include "metrics/exact_match.h"
#include "metrics/rouge.h"
#include "metrics/rouge_lsum.h"
#include "metrics/squad.h"
#include "metrics/ter.h"
#include "metrics/tokenizer_fit.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;
using Sum = std::span<const double>;

class BleuReport final : public MetricReport {
 public:
  explicit BleuReport(const BleuOptions& options)
      : metric_(options), tokenizer_(options.tokenizer), fit_(options.tokenizer) {}

  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum sum, size_t, int) const override {
    const BleuScore parts = metric_.Parts(sum);
    const auto& p = parts.precisions;
    const double ratio =
        parts.ref_len == 0 ? 0 : static_cast<double>(parts.sys_len) / static_cast<double>(parts.ref_len);
    return fmt::format("{:.1f}/{:.1f}/{:.1f}/{:.1f} (BP = {:.3f} ratio = {:.3f} hyp_len = {} ref_len = {})", p[0], p[1],
                       p[2], p[3], parts.brevity_penalty, ratio, parts.sys_len, parts.ref_len);
  }
  Json ToJson(Sum sum) const override {
    const BleuScore parts = metric_.Parts(sum);
    return {{"score", parts.score},
            {"precisions", parts.precisions},
            {"brevity_penalty", parts.brevity_penalty},
            {"sys_len", parts.sys_len},
            {"ref_len", parts.ref_len}};
  }
  void SeeReference(std::string_view reference) override { fit_.Add(reference); }
  std::string Warning() const override {
    const auto better = fit_.Better();
    if (!better) return "";
    return fmt::format(
        "the references have no blanks between words, so to --tokenize {} a sentence is one word, and BLEU says "
        "little; give --tokenize {}",
        EnumName(tokenizer_), EnumName(*better));
  }

 private:
  BleuMetric metric_;
  BleuTokenizer tokenizer_;
  BleuTokenizerFit fit_;
};

class ChrfReport final : public MetricReport {
 public:
  explicit ChrfReport(const ChrfOptions& options) : metric_(options) {}

  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum, size_t, int) const override { return ""; }
  Json ToJson(Sum sum) const override { return {{"score", metric_.Scores(sum)[0]}}; }

 private:
  ChrfMetric metric_;
};

class TerReport final : public MetricReport {
 public:
  explicit TerReport(const TerOptions& options)
      : metric_(options),
        fit_(options.normalized && options.asian_support ? BleuTokenizer::kZh : BleuTokenizer::kNone) {}

  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum sum, size_t, int) const override {
    return fmt::format("(edits = {:.0f} ref_len = {:.1f})", sum[0], sum[1]);
  }
  Json ToJson(Sum sum) const override {
    return {{"score", metric_.Scores(sum)[0]}, {"edits", static_cast<int64_t>(sum[0])}, {"ref_len", sum[1]}};
  }
  void SeeReference(std::string_view reference) override { fit_.Add(reference); }
  std::string Warning() const override {
    const auto better = fit_.Better();
    if (!better) return "";
    return fmt::format(
        "the references have no blanks between words, so a sentence is one word, and TER says little; "
        "give {}",
        *better == BleuTokenizer::kZh ? "--ter-normalized --ter-asian-support" : "--metric chrf");
  }

 private:
  TerMetric metric_;
  BleuTokenizerFit fit_;  // of tokenizers that cut as this one does
};

Json ToJson(const RougeScore& score) {
  return {{"precision", score.precision}, {"recall", score.recall}, {"f1", score.f1}};
}

std::string DetailOf(const RougeScore& score, int width) {
  return fmt::format("(precision = {:.{}f} recall = {:.{}f})", score.precision, width, score.recall, width);
}

std::string WarningOf(RougeRemedy remedy) {
  switch (remedy) {
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

class RougeReport final : public MetricReport {
 public:
  explicit RougeReport(const RougeOptions& options) : metric_(options), fit_(options.tokenizer) {}

  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum sum, size_t score, int width) const override {
    const RougeScores parts = metric_.Parts(sum);
    const RougeScore* const in_order[] = {&parts.rouge1, &parts.rouge2, &parts.rouge_l};
    return DetailOf(*in_order[score], width);
  }
  Json ToJson(Sum sum) const override {
    const RougeScores parts = metric_.Parts(sum);
    return {{"rouge1", dragoman::ToJson(parts.rouge1)},
            {"rouge2", dragoman::ToJson(parts.rouge2)},
            {"rougeL", dragoman::ToJson(parts.rouge_l)}};
  }
  void SeeReference(std::string_view reference) override { fit_.Add(reference); }
  std::string Warning() const override { return WarningOf(fit_.Remedy()); }

 private:
  RougeMetric metric_;
  RougeTokenizerFit fit_;
};

class RougeLsumReport final : public MetricReport {
 public:
  explicit RougeLsumReport(const RougeOptions& options)
      : metric_(options), separator_(options.sentence_separator), fit_(options.tokenizer) {}

  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum sum, size_t, int width) const override { return DetailOf(metric_.Parts(sum), width); }
  Json ToJson(Sum sum) const override { return dragoman::ToJson(metric_.Parts(sum)); }
  void SeeReference(std::string_view reference) override {
    fit_.Add(reference);
    has_separator_ = has_separator_ || reference.find(separator_) != std::string_view::npos;
  }
  std::string Warning() const override {
    std::string warning = WarningOf(fit_.Remedy());
    if (!warning.empty() || has_separator_) return warning;
    return fmt::format(
        "no reference has \"{}\" between sentences, so each is one sentence, and ROUGE-Lsum is ROUGE-L; give what "
        "parts them as --sentence-separator",
        separator_);
  }

 private:
  RougeLsumMetric metric_;
  std::string separator_;
  RougeTokenizerFit fit_;
  bool has_separator_ = false;
};

class ExactMatchReport final : public MetricReport {
 public:
  explicit ExactMatchReport(const ExactMatchOptions& options) : metric_(options) {}

  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum sum, size_t, int) const override { return fmt::format("({:.0f} of {:.0f})", sum[0], sum[1]); }
  Json ToJson(Sum sum) const override {
    return {{"score", metric_.Scores(sum)[0]},
            {"matches", static_cast<int64_t>(sum[0])},
            {"lines", static_cast<int64_t>(sum[1])}};
  }

 private:
  ExactMatchMetric metric_;
};

class SquadReport final : public MetricReport {
 public:
  const Metric& metric() const override { return metric_; }
  std::string Detail(Sum sum, size_t score, int) const override {
    return score == 0 ? fmt::format("({:.0f} of {:.0f})", sum[0], sum[2]) : "";
  }
  Json ToJson(Sum sum) const override {
    const std::vector<double> scores = metric_.Scores(sum);
    return {{"exact_match", {{"score", scores[0]}}},
            {"f1", {{"score", scores[1]}}},
            {"matches", static_cast<int64_t>(sum[0])},
            {"lines", static_cast<int64_t>(sum[2])}};
  }

 private:
  SquadMetric metric_;
};

}  // namespace

std::unique_ptr<MetricReport> MakeReport(EvalMetric metric, const EvalOptions& options) {
  const RougeOptions rouge{
      .tokenizer = options.tokenize == BleuTokenizer::kZh ? RougeTokenizer::kChinese : RougeTokenizer::kEnglish,
      .stem = options.stem,
      .sentence_separator = options.sentence_separator};
  switch (metric) {
    case EvalMetric::kBleu: {
      BleuOptions bleu;
      bleu.tokenizer = options.tokenize;
      bleu.lowercase = options.lowercase;
      bleu.smoothing = options.smooth;
      bleu.effective_order = options.sentence_level;
      return std::make_unique<BleuReport>(bleu);
    }
    case EvalMetric::kChrf:
    case EvalMetric::kChrfPlusPlus: {
      ChrfOptions chrf = metric == EvalMetric::kChrf ? ChrfOptions() : ChrfPlusPlus();
      chrf.lowercase = options.lowercase;
      return std::make_unique<ChrfReport>(chrf);
    }
    case EvalMetric::kTer:
      return std::make_unique<TerReport>(options.ter);
    case EvalMetric::kRouge:
      return std::make_unique<RougeReport>(rouge);
    case EvalMetric::kRougeLsum:
      return std::make_unique<RougeLsumReport>(rouge);
    case EvalMetric::kExactMatch:
      return std::make_unique<ExactMatchReport>(ExactMatchOptions{.lowercase = options.lowercase});
    case EvalMetric::kSquad:
      break;
  }
  return std::make_unique<SquadReport>();
}

}  // namespace dragoman
