// SPDX-License-Identifier: Apache-2.0
#include "metrics/rouge.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/check.h"
#include "metrics/ngrams.h"

namespace dragoman {
namespace {

RougeScore ScoreNgrams(std::u32string_view hypothesis, std::u32string_view reference, int order) {
  return RougeScoreOf(CountMatches(CountNgrams(hypothesis, order), CountNgrams(reference, order)),
                      NumNgrams(hypothesis.size(), order), NumNgrams(reference.size(), order));
}

// Length of the longest sequence of words that both have in this order, with or without others between them.
// lengths[j] is that of the part of `a` seen so far and the first j words of `b`: one row of the usual table.
int64_t LongestCommonSubsequence(std::u32string_view a, std::u32string_view b) {
  std::vector<int64_t> lengths(b.size() + 1, 0);
  for (const char32_t word : a) {
    int64_t diagonal = 0;  // lengths[j] before this word
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t above = lengths[j + 1];
      lengths[j + 1] = word == b[j] ? diagonal + 1 : std::max(above, lengths[j]);
      diagonal = above;
    }
  }
  return lengths.back();
}

void KeepBetter(const RougeScore& candidate, RougeScore* best) {
  if (candidate.f1 > best->f1) *best = candidate;
}

void Append(const RougeScore& score, Stats* row) { row->insert(row->end(), {score.precision, score.recall, score.f1}); }

// What has no line break, nor what stands for one.
std::vector<std::u32string> WordsOfText(std::string_view text, const RougeOptions& options) {
  std::string joined;
  for (const std::string_view sentence : SplitSentences(text, options.sentence_separator)) {
    joined.append(sentence).append(" ");
  }
  return RougeWords(joined, options);
}

}  // namespace

Stats RougeMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  DRAGOMAN_CHECK(!references.empty());
  WordNumbers numbers;
  const std::u32string h = numbers.Number(WordsOfText(hypothesis, options_));
  RougeScores best;
  for (const std::string_view reference : references) {
    const std::u32string r = numbers.Number(WordsOfText(reference, options_));
    KeepBetter(ScoreNgrams(h, r, 1), &best.rouge1);
    KeepBetter(ScoreNgrams(h, r, 2), &best.rouge2);
    KeepBetter(RougeScoreOf(LongestCommonSubsequence(r, h), NumNgrams(h.size(), 1), NumNgrams(r.size(), 1)),
               &best.rouge_l);
  }
  Stats row;
  for (const RougeScore& score : {best.rouge1, best.rouge2, best.rouge_l}) Append(score, &row);
  row.push_back(1);
  return row;
}

RougeScores RougeMetric::Parts(std::span<const double> sum) const {
  const double percent = 100 / std::max(sum.back(), 1.0);
  const auto part = [&](size_t at) -> RougeScore {
    return {sum[at] * percent, sum[at + 1] * percent, sum[at + 2] * percent};
  };
  return {part(0), part(3), part(6)};
}

std::vector<double> RougeMetric::Scores(std::span<const double> sum) const {
  const RougeScores parts = Parts(sum);
  return {parts.rouge1.f1, parts.rouge2.f1, parts.rouge_l.f1};
}

std::vector<ScoreName> RougeMetric::ScoreNames() const {
  return {{"ROUGE-1", "rouge1"}, {"ROUGE-2", "rouge2"}, {"ROUGE-L", "rougeL"}};
}

std::string RougeMetric::Signature(int num_references) const {
  return fmt::format("nrefs:{}|tok:{}|stem:{}|version:dragoman-{}", num_references,
                     options_.tokenizer == RougeTokenizer::kEnglish ? "en" : "zh", options_.stem ? "yes" : "no",
                     DRAGOMAN_VERSION);
}

RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::string> references,
                        const RougeOptions& options) {
  const RougeMetric metric(options);
  return metric.Parts(CorpusStats(metric, hypotheses, references));
}

RougeScores CorpusRouge(std::span<const std::string> hypotheses, std::span<const std::vector<std::string>> references,
                        const RougeOptions& options) {
  const RougeMetric metric(options);
  return metric.Parts(CorpusStats(metric, hypotheses, references));
}

}  // namespace dragoman
