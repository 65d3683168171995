// SPDX-License-Identifier: Apache-2.0
#include "metrics/chrf.h"

#include <fmt/core.h>

#include <cstdint>
#include <utility>

#include "base/check.h"
#include "metrics/ngrams.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

bool IsAsciiPunctuation(char32_t c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c <= '~');
}

// Words with one ASCII punctuation mark split off: the last character if it is one, else the first.
std::vector<std::u32string> SplitWords(std::u32string_view text) {
  std::vector<std::u32string> words;
  for (const std::u32string_view word : SplitAtSpaces(text)) {
    size_t cut = 0;
    if (word.size() > 1 && IsAsciiPunctuation(word.back())) {
      cut = word.size() - 1;
    } else if (word.size() > 1 && IsAsciiPunctuation(word.front())) {
      cut = 1;
    }
    if (cut > 0) words.emplace_back(word.substr(0, cut));
    words.emplace_back(word.substr(cut));
  }
  return words;
}

std::u32string WithoutSpaces(std::u32string_view text) {
  std::u32string result;
  for (const char32_t c : text) {
    if (!IsSpace(c)) result += c;
  }
  return result;
}

// A sentence ready to be counted.
struct Sentence {
  Sentence(std::string_view text, const ChrfOptions& options, WordNumbers* numbers) {
    std::u32string decoded = DecodeUtf8(text);
    if (options.lowercase) decoded = ToLower(decoded);
    characters = WithoutSpaces(decoded);
    if (options.word_order > 0) words = numbers->Number(SplitWords(decoded));
    for (int order = 1; order <= options.char_order; ++order) counts.push_back(CountNgrams(characters, order));
    for (int order = 1; order <= options.word_order; ++order) counts.push_back(CountNgrams(words, order));
  }
  Sentence(const Sentence&) = delete;  // `counts` holds views of the strings beside it
  Sentence& operator=(const Sentence&) = delete;

  std::u32string characters;
  std::u32string words;             // one number per word
  std::vector<NgramCounts> counts;  // character orders, then word orders
};

int64_t Sum(const NgramCounts& counts) {
  int64_t sum = 0;
  for (const auto& [ngram, count] : counts) sum += count;
  return sum;
}

Stats Compare(const Sentence& hypothesis, const Sentence& reference) {
  Stats row;
  for (size_t i = 0; i < hypothesis.counts.size(); ++i) {
    const int64_t in_reference = Sum(reference.counts[i]);
    const int64_t in_hypothesis = in_reference > 0 ? Sum(hypothesis.counts[i]) : 0;
    const int64_t matches = CountMatches(hypothesis.counts[i], reference.counts[i]);
    for (const int64_t number : {in_hypothesis, in_reference, matches}) row.push_back(static_cast<double>(number));
  }
  return row;
}

// (1 + beta^2) * P * R / (beta^2 * P + R).   Source: Popović 2015, §2 (P chrP, R chrR)
double FScore(std::span<const double> sum, const ChrfOptions& options) {
  double precision = 0;
  double recall = 0;
  int orders = 0;
  for (size_t i = 0; i < sum.size(); i += 3) {
    const double in_hypothesis = sum[i], in_reference = sum[i + 1], matches = sum[i + 2];
    if (in_hypothesis == 0 || in_reference == 0) continue;
    precision += matches / in_hypothesis;
    recall += matches / in_reference;
    ++orders;
  }
  if (orders == 0 || precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  const double factor = options.beta * options.beta;
  return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
}

}  // namespace

ChrfOptions ChrfPlusPlus() {
  ChrfOptions options;
  options.word_order = 2;
  return options;
}

Stats ChrfMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const Sentence counted(hypothesis, options_, &numbers);
  Stats best;
  double best_score = -1;
  for (const std::string_view reference : references) {
    Stats row = Compare(counted, Sentence(reference, options_, &numbers));
    const double score = FScore(row, options_);
    if (score > best_score) {
      best_score = score;
      best = std::move(row);
    }
  }
  return best;
}

std::vector<double> ChrfMetric::Scores(std::span<const double> sum) const { return {FScore(sum, options_)}; }

std::vector<ScoreName> ChrfMetric::ScoreNames() const {
  return {{fmt::format("chrF{}{}", options_.beta, std::string(static_cast<size_t>(options_.word_order), '+')), ""}};
}

std::string ChrfMetric::Signature(int num_references) const {
  return fmt::format("nrefs:{}|case:{}|eff:yes|nc:{}|nw:{}|space:no|version:dragoman-{}", num_references,
                     options_.lowercase ? "lc" : "mixed", options_.char_order, options_.word_order, DRAGOMAN_VERSION);
}

double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::string> references,
                  const ChrfOptions& options) {
  const ChrfMetric metric(options);
  return metric.Scores(CorpusStats(metric, hypotheses, references)).front();
}

double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                  const ChrfOptions& options) {
  const ChrfMetric metric(options);
  return metric.Scores(CorpusStats(metric, hypotheses, references)).front();
}

}  // namespace dragoman
