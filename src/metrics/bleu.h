// SPDX-License-Identifier: Apache-2.0
// BLEU, the share of a translation's word 1- to 4-grams that its reference has too. Scores equal sacreBLEU 2.6's.
// Source: Papineni 2002, §2; smoothing: Chen & Cherry 2014.
#ifndef DRAGOMAN_METRICS_BLEU_H_
#define DRAGOMAN_METRICS_BLEU_H_

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "metrics/bleu_tokenizer.h"
#include "metrics/metric.h"

namespace dragoman {

inline constexpr int kBleuOrder = 4;  // the longest n-gram

// What stands in for the precision of an order in which nothing matched; one such zero would make the whole score 0.
enum class BleuSmoothing {
  kNone,   // nothing: the score is 0
  kFloor,  // `smoothing_value` matches instead of 0
  kAddK,   // `smoothing_value` added to matches and total of every order above 1
  kExp,    // 1/2 of a match in the first such order, 1/4 in the second, and so on
};
const EnumNames<BleuSmoothing>& NamesOf(BleuSmoothing);

struct BleuOptions {
  BleuTokenizer tokenizer = BleuTokenizer::k13a;
  bool lowercase = false;
  BleuSmoothing smoothing = BleuSmoothing::kExp;
  std::optional<double> smoothing_value;  // for kFloor (default 0.1) and kAddK (default 1)
  bool effective_order = false;           // leave out orders longer than every sentence; for single sentences
};

struct BleuScore {
  double score = 0;                             // 0…100
  std::array<double, kBleuOrder> precisions{};  // 0…100, smoothed; all 0 when not one word matches
  double brevity_penalty = 1;                   // 0…1
  int64_t sys_len = 0;                          // words in the hypotheses
  int64_t ref_len = 0;                          // words in the references; of several, the one nearest in length
};

// A row has, as in sacreBLEU: the hypothesis' words, the words of the reference nearest in length; by order the
// hypothesis' n-grams found in a reference, each at most as often as the reference that has it most often; by order all
// of the hypothesis' n-grams.
class BleuMetric final : public Metric {
 public:
  explicit BleuMetric(const BleuOptions& options) : options_(options) {}

  size_t NumStats() const override { return 2 + 2 * kBleuOrder; }
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  std::vector<double> Scores(std::span<const double> sum) const override { return {Parts(sum).score}; }
  std::vector<ScoreName> ScoreNames() const override { return {{"BLEU", ""}}; }
  std::string Signature(int num_references) const override;

  BleuScore Parts(std::span<const double> sum) const;

 private:
  BleuOptions options_;
};

// The score of hypotheses[i] against references[i], or against references[r][i] of every reference set r.
// Throws Error when the numbers of lines differ.
BleuScore CorpusBleu(std::span<const std::string> hypotheses, std::span<const std::string> references,
                     const BleuOptions& options = {});
BleuScore CorpusBleu(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                     const BleuOptions& options = {});

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_BLEU_H_
