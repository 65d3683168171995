// SPDX-License-Identifier: Apache-2.0
// N-grams of a sentence seen as a string of symbols. For chrF a symbol is a character; for word n-grams it is the
// word's number. Either way an n-gram is a view of n neighbouring symbols, and one implementation counts both.
#ifndef DRAGOMAN_METRICS_NGRAMS_H_
#define DRAGOMAN_METRICS_NGRAMS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dragoman {

// How often each n-gram occurs. The keys are views: the counted sentence must outlive them.
using NgramCounts = std::unordered_map<std::u32string_view, int64_t>;

NgramCounts CountNgrams(std::u32string_view symbols, int order);

// How many n-grams a sentence of `length` symbols holds: max(0, length - order + 1).
int64_t NumNgrams(size_t length, int order);

// The hypothesis' n-grams that the reference has too, each at most as often as the reference has it.
int64_t CountMatches(const NgramCounts& hypothesis, const NgramCounts& reference);

// Gives equal words equal numbers. One numbering serves a hypothesis and all its references.
class WordNumbers {
 public:
  // One symbol per word.
  std::u32string Number(const std::vector<std::u32string>& words);

 private:
  std::unordered_map<std::u32string, char32_t> numbers_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_NGRAMS_H_
