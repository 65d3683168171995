// SPDX-License-Identifier: Apache-2.0
#include "metrics/chrf.h"

#include <fmt/core.h>

#include "base/check.h"
#include "metrics/corpus.h"
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

ChrfStats Compare(const Sentence& hypothesis, const Sentence& reference) {
  ChrfStats stats(hypothesis.counts.size());
  for (size_t i = 0; i < stats.size(); ++i) {
    stats[i].reference = Sum(reference.counts[i]);
    stats[i].hypothesis = stats[i].reference > 0 ? Sum(hypothesis.counts[i]) : 0;
    stats[i].matches = CountMatches(hypothesis.counts[i], reference.counts[i]);
  }
  return stats;
}

}  // namespace

ChrfOptions ChrfPlusPlus() {
  ChrfOptions options;
  options.word_order = 2;
  return options;
}

ChrfStats SentenceChrfStats(std::string_view hypothesis, std::span<const std::string_view> references,
                            const ChrfOptions& options) {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const Sentence counted(hypothesis, options, &numbers);
  ChrfStats best;
  double best_score = -1;
  for (const std::string_view reference : references) {
    ChrfStats stats = Compare(counted, Sentence(reference, options, &numbers));
    const double score = ComputeChrf(stats, options);
    if (score > best_score) {
      best_score = score;
      best = std::move(stats);
    }
  }
  return best;
}

// (1 + beta^2) * P * R / (beta^2 * P + R).   Source: Popović 2015, §2 (P chrP, R chrR)
double ComputeChrf(const ChrfStats& stats, const ChrfOptions& options) {
  double precision = 0;
  double recall = 0;
  int orders = 0;
  for (const ChrfOrderStats& order : stats) {
    if (order.hypothesis == 0 || order.reference == 0) continue;
    precision += static_cast<double>(order.matches) / static_cast<double>(order.hypothesis);
    recall += static_cast<double>(order.matches) / static_cast<double>(order.reference);
    ++orders;
  }
  if (orders == 0 || precision + recall == 0) return 0;
  precision /= orders;
  recall /= orders;
  const double factor = options.beta * options.beta;
  return 100 * ((1 + factor) * precision * recall / (factor * precision + recall));
}

ChrfCounter::ChrfCounter(const ChrfOptions& options)
    : options_(options), stats_(static_cast<size_t>(options.char_order + options.word_order)) {}

void ChrfCounter::Add(std::string_view hypothesis, std::span<const std::string_view> references) {
  const ChrfStats stats = SentenceChrfStats(hypothesis, references, options_);
  for (size_t i = 0; i < stats_.size(); ++i) {
    stats_[i].hypothesis += stats[i].hypothesis;
    stats_[i].reference += stats[i].reference;
    stats_[i].matches += stats[i].matches;
  }
}

double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::string> references,
                  const ChrfOptions& options) {
  ChrfCounter counter(options);
  AddCorpus("chrF", hypotheses, references, &counter);
  return counter.Score();
}

double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                  const ChrfOptions& options) {
  ChrfCounter counter(options);
  AddCorpus("chrF", hypotheses, references, &counter);
  return counter.Score();
}

std::string ChrfName(const ChrfOptions& options) {
  return fmt::format("chrF{}{}", options.beta, std::string(static_cast<size_t>(options.word_order), '+'));
}

std::string ChrfSignature(const ChrfOptions& options, int num_references) {
  return fmt::format("nrefs:{}|case:{}|eff:yes|nc:{}|nw:{}|space:no|version:dragoman-{}", num_references,
                     options.lowercase ? "lc" : "mixed", options.char_order, options.word_order, DRAGOMAN_VERSION);
}

}  // namespace dragoman
