// SPDX-License-Identifier: Apache-2.0
// chrF, the F-score of character n-grams, and chrF++, which adds word n-grams. Scores equal sacreBLEU 2.6's.
// Needs no tokenizer, so it is the score to look at for Chinese and for languages rich in word forms.
// Source: Popović 2015 (chrF), Popović 2017 (chrF++).
#ifndef DRAGOMAN_METRICS_CHRF_H_
#define DRAGOMAN_METRICS_CHRF_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

struct ChrfOptions {
  int char_order = 6;  // the longest character n-gram; spaces do not count as characters
  int word_order = 0;  // the longest word n-gram: 0 is chrF, 2 is chrF++
  int beta = 2;        // recall weighs beta times as much as precision
  bool lowercase = false;
};

// The options of chrF++.
ChrfOptions ChrfPlusPlus();

// The sums of one n-gram order.
struct ChrfOrderStats {
  int64_t hypothesis = 0;  // n-grams in the hypothesis; 0 when the reference has none of this order
  int64_t reference = 0;
  int64_t matches = 0;
};
using ChrfStats = std::vector<ChrfOrderStats>;  // character orders, then word orders

// One sentence against that of its references (at least one) which gives it the best score.
ChrfStats SentenceChrfStats(std::string_view hypothesis, std::span<const std::string_view> references,
                            const ChrfOptions& options);

// 0…100. The F-score of precision and recall, each averaged over the orders that both sides have.
double ComputeChrf(const ChrfStats& stats, const ChrfOptions& options);

// Scores a corpus sentence by sentence; keeps sums only.
class ChrfCounter {
 public:
  explicit ChrfCounter(const ChrfOptions& options);

  void Add(std::string_view hypothesis, std::span<const std::string_view> references);
  double Score() const { return ComputeChrf(stats_, options_); }

 private:
  ChrfOptions options_;
  ChrfStats stats_;
};

// The score of hypotheses[i] against references[i], or against references[r][i] of every reference set r.
// Throws Error when the numbers of lines differ.
double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::string> references,
                  const ChrfOptions& options = {});
double CorpusChrf(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                  const ChrfOptions& options = {});

// "chrF2", "chrF2++".
std::string ChrfName(const ChrfOptions& options);

// In sacreBLEU's words: "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:dragoman-…".
std::string ChrfSignature(const ChrfOptions& options, int num_references);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_CHRF_H_
