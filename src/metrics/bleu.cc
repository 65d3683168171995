// SPDX-License-Identifier: Apache-2.0
#include "metrics/bleu.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/check.h"
#include "metrics/ngrams.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

// Where in a row each number stands.
constexpr size_t kSysLen = 0;
constexpr size_t kRefLen = 1;
constexpr size_t kMatches = 2;                     // by order
constexpr size_t kTotals = kMatches + kBleuOrder;  // by order

double SmoothingValue(const BleuOptions& options) {
  return options.smoothing_value.value_or(options.smoothing == BleuSmoothing::kFloor ? 0.1 : 1.0);
}

// exp(1 - r/c) for hypotheses shorter than their references.   Source: Papineni 2002, §2.3 (c sys_len, r ref_len)
double BrevityPenalty(int64_t sys_len, int64_t ref_len) {
  if (sys_len >= ref_len) return 1.0;
  if (sys_len == 0) return 0.0;
  return std::exp(1.0 - static_cast<double>(ref_len) / static_cast<double>(sys_len));
}

// Of the references' lengths the one nearest to the hypothesis'; of two equally near the shorter.
int64_t NearestLength(int64_t sys_len, std::span<const std::u32string> references) {
  int64_t nearest = static_cast<int64_t>(references.front().size());
  for (const std::u32string& reference : references) {
    const auto length = static_cast<int64_t>(reference.size());
    const int64_t distance = std::abs(length - sys_len);
    const int64_t best = std::abs(nearest - sys_len);
    if (distance < best || (distance == best && length < nearest)) nearest = length;
  }
  return nearest;
}

// For each n-gram the highest of the references' counts.
NgramCounts CountReferences(std::span<const std::u32string> references, int order) {
  NgramCounts counts = CountNgrams(references.front(), order);
  for (const std::u32string& reference : references.subspan(1)) {
    for (const auto& [ngram, count] : CountNgrams(reference, order)) {
      int64_t& highest = counts[ngram];
      highest = std::max(highest, count);
    }
  }
  return counts;
}

std::vector<std::u32string> Words(std::string_view text, const BleuOptions& options) {
  std::u32string characters = DecodeUtf8(text);
  if (options.lowercase) characters = ToLower(characters);
  return BleuTokens(characters, options.tokenizer);
}

}  // namespace

const EnumNames<BleuSmoothing>& NamesOf(BleuSmoothing) {
  static const EnumNames<BleuSmoothing> kNames = {{"exp", BleuSmoothing::kExp},
                                                  {"floor", BleuSmoothing::kFloor},
                                                  {"add-k", BleuSmoothing::kAddK},
                                                  {"none", BleuSmoothing::kNone}};
  return kNames;
}

Stats BleuMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const std::u32string hypothesis_words = numbers.Number(Words(hypothesis, options_));
  std::vector<std::u32string> reference_words;
  for (const std::string_view reference : references) {
    reference_words.push_back(numbers.Number(Words(reference, options_)));
  }

  Stats row(NumStats());
  const auto sys_len = static_cast<int64_t>(hypothesis_words.size());
  row[kSysLen] = static_cast<double>(sys_len);
  row[kRefLen] = static_cast<double>(NearestLength(sys_len, reference_words));
  for (int order = 1; order <= kBleuOrder; ++order) {
    const auto n = static_cast<size_t>(order - 1);
    const NgramCounts counts = CountNgrams(hypothesis_words, order);
    row[kMatches + n] = static_cast<double>(CountMatches(counts, CountReferences(reference_words, order)));
    row[kTotals + n] = static_cast<double>(NumNgrams(hypothesis_words.size(), order));
  }
  return row;
}

// BP * exp(mean over n of log p_n).   Source: Papineni 2002, §2.3
BleuScore BleuMetric::Parts(std::span<const double> sum) const {
  BleuScore result;
  result.sys_len = static_cast<int64_t>(sum[kSysLen]);
  result.ref_len = static_cast<int64_t>(sum[kRefLen]);
  result.brevity_penalty = BrevityPenalty(result.sys_len, result.ref_len);
  const auto all_matches = sum.subspan(kMatches, kBleuOrder);
  if (std::all_of(all_matches.begin(), all_matches.end(), [](double n) { return n == 0; })) return result;

  int effective_order = kBleuOrder;
  double exp_divisor = 1.0;
  for (int order = 1; order <= kBleuOrder; ++order) {
    const auto n = static_cast<size_t>(order - 1);
    double matches = sum[kMatches + n];
    double total = sum[kTotals + n];
    if (options_.smoothing == BleuSmoothing::kAddK && order > 1) {
      matches += SmoothingValue(options_);
      total += SmoothingValue(options_);
    }
    if (total == 0) break;  // no sentence is that long
    if (options_.effective_order) effective_order = order;
    if (matches == 0 && options_.smoothing == BleuSmoothing::kExp) {
      exp_divisor *= 2;
      matches = 1 / exp_divisor;
    } else if (matches == 0 && options_.smoothing == BleuSmoothing::kFloor) {
      matches = SmoothingValue(options_);
    }
    result.precisions[n] = 100 * matches / total;
  }

  double sum_of_logs = 0;
  for (int n = 0; n < effective_order; ++n) {
    const double precision = result.precisions[static_cast<size_t>(n)];
    if (precision == 0) return result;  // log 0: the score is 0
    sum_of_logs += std::log(precision);
  }
  result.score = result.brevity_penalty * std::exp(sum_of_logs / effective_order);
  return result;
}

std::string BleuMetric::Signature(int num_references) const {
  std::string smoothing(EnumName(options_.smoothing));
  if (options_.smoothing == BleuSmoothing::kFloor || options_.smoothing == BleuSmoothing::kAddK) {
    smoothing += fmt::format("[{:.2f}]", SmoothingValue(options_));
  }
  return fmt::format("nrefs:{}|case:{}|eff:{}|tok:{}|smooth:{}|version:dragoman-{}", num_references,
                     options_.lowercase ? "lc" : "mixed", options_.effective_order ? "yes" : "no",
                     EnumName(options_.tokenizer), smoothing, DRAGOMAN_VERSION);
}

BleuScore CorpusBleu(std::span<const std::string> hypotheses, std::span<const std::string> references,
                     const BleuOptions& options) {
  const BleuMetric metric(options);
  return metric.Parts(CorpusStats(metric, hypotheses, references));
}

BleuScore CorpusBleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                     const BleuOptions& options) {
  const BleuMetric metric(options);
  return metric.Parts(CorpusStats(metric, hypotheses, references));
}

}  // namespace dragoman
