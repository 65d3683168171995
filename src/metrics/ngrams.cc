// SPDX-License-Identifier: Apache-2.0
#include "metrics/ngrams.h"

#include <algorithm>

namespace dragoman {

NgramCounts CountNgrams(std::u32string_view symbols, int order) {
  NgramCounts counts;
  const auto size = static_cast<size_t>(order);
  for (size_t begin = 0; begin + size <= symbols.size(); ++begin) ++counts[symbols.substr(begin, size)];
  return counts;
}

int64_t NumNgrams(size_t length, int order) { return std::max<int64_t>(0, static_cast<int64_t>(length) - order + 1); }

int64_t CountMatches(const NgramCounts& hypothesis, const NgramCounts& reference) {
  int64_t matches = 0;
  for (const auto& [ngram, count] : hypothesis) {
    const auto found = reference.find(ngram);
    if (found != reference.end()) matches += std::min(count, found->second);
  }
  return matches;
}

std::u32string WordNumbers::Number(const std::vector<std::u32string>& words) {
  std::u32string symbols;
  symbols.reserve(words.size());
  for (const std::u32string& word : words) {
    symbols.push_back(numbers_.try_emplace(word, static_cast<char32_t>(numbers_.size())).first->second);
  }
  return symbols;
}

}  // namespace dragoman
