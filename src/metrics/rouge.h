// SPDX-License-Identifier: Apache-2.0
// ROUGE-1, ROUGE-2 and ROUGE-L: how many of a reference's words, word pairs, or words in the same order a summary has.
// Scores equal those of the Python package rouge-score 0.1.2, times 100, averaged over the sentences.
// Source: Lin 2004, §2 (ROUGE-N) and §3.1 (ROUGE-L).
#ifndef DRAGOMAN_METRICS_ROUGE_H_
#define DRAGOMAN_METRICS_ROUGE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

enum class RougeTokenizer {
  kEnglish,  // rouge-score's: lower-cased runs of a-z and 0-9; everything else vanishes, so Chinese scores 0
  kChinese,  // not in rouge-score: BLEU's zh tokenizer, lower-cased, which keeps every script
};

struct RougeOptions {
  RougeTokenizer tokenizer = RougeTokenizer::kEnglish;
  bool stem = false;  // compare Porter stems of English words longer than 3 letters
};

struct RougeScore {
  double precision = 0;  // 0…100, share of the hypothesis that matches
  double recall = 0;     // 0…100, share of the reference that matches
  double f1 = 0;         // 0…100, their harmonic mean: the number that papers print
};

struct RougeScores {
  RougeScore rouge1;   // words
  RougeScore rouge2;   // word pairs
  RougeScore rouge_l;  // longest common subsequence of words
};

// Of several references (at least one), each score is the one with the best F1.
RougeScores SentenceRouge(std::string_view hypothesis, std::span<const std::string_view> references,
                          const RougeOptions& options);

// Scores a corpus sentence by sentence; keeps sums only.
class RougeCounter {
 public:
  explicit RougeCounter(const RougeOptions& options) : options_(options) {}

  void Add(std::string_view hypothesis, std::span<const std::string_view> references);
  RougeScores Score() const;  // means over the sentences; 0 when there is none

 private:
  RougeOptions options_;
  RougeScores sums_;
  int64_t sentences_ = 0;
};

// The mean scores of hypotheses[i] against references[i], or against references[r][i] of every reference set r.
// Throws Error when the numbers of lines differ.
RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::string> references,
                        const RougeOptions& options = {});
RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                        const RougeOptions& options = {});

// "nrefs:1|tok:en|stem:no|version:dragoman-…".
std::string RougeSignature(const RougeOptions& options, int num_references);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_ROUGE_H_
