// SPDX-License-Identifier: Apache-2.0
// What all corpus metrics share: a corpus is scored by adding its sentences, one by one, to a counter that keeps sums
// only, so memory does not grow with the corpus. This header feeds whole vectors to such a counter.
#ifndef DRAGOMAN_METRICS_CORPUS_H_
#define DRAGOMAN_METRICS_CORPUS_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

// Throws Error unless `references` lines stand beside `hypotheses` lines. `set` counts reference sets from 0.
void CheckLineCounts(const char* metric, size_t hypotheses, size_t references, size_t set);

// Adds every sentence: hypotheses[i] beside references[r][i] for every reference set r.
template <typename Counter>
void AddCorpus(const char* metric, std::span<const std::string> hypotheses,
               std::span<const std::vector<std::string>> references, Counter* counter) {
  for (size_t r = 0; r < references.size(); ++r) CheckLineCounts(metric, hypotheses.size(), references[r].size(), r);
  std::vector<std::string_view> of_sentence(references.size());
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    for (size_t r = 0; r < references.size(); ++r) of_sentence[r] = references[r][i];
    counter->Add(hypotheses[i], of_sentence);
  }
}

// The same with one reference per sentence.
template <typename Counter>
void AddCorpus(const char* metric, std::span<const std::string> hypotheses, std::span<const std::string> references,
               Counter* counter) {
  CheckLineCounts(metric, hypotheses.size(), references.size(), 0);
  for (size_t i = 0; i < hypotheses.size(); ++i) {
    const std::string_view reference = references[i];
    counter->Add(hypotheses[i], {&reference, 1});
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_CORPUS_H_
