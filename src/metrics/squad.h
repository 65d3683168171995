// SPDX-License-Identifier: Apache-2.0
// SQuAD's two scores of short answers: exact match, and F1 of the words that answer and reference share, whatever their
// order. Both compare lower-cased text without ASCII punctuation, the articles a, an and the, and superfluous blanks.
// Source: Rajpurkar 2016, §6.1; of answers without words, the evaluation script of Rajpurkar 2018.
#ifndef DRAGOMAN_METRICS_SQUAD_H_
#define DRAGOMAN_METRICS_SQUAD_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "metrics/metric.h"

namespace dragoman {

// The words of an answer that count.
std::vector<std::u32string> SquadWords(std::string_view answer);

// A row has: 1 for an answer that equals a reference, else 0; F1 (0…1) against the best reference; and 1.
// A reference without words stands for "no more answers" and is left out, unless all are such: then only an answer
// without words is right, and scores 1 in both.
class SquadMetric final : public Metric {
 public:
  size_t NumStats() const override { return 3; }
  Stats SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const override;
  std::vector<double> Scores(std::span<const double> sum) const override;  // means over the answers; of none 0
  std::vector<ScoreName> ScoreNames() const override;
  std::string Signature(int num_references) const override;
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_SQUAD_H_
