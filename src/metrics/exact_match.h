// SPDX-License-Identifier: Apache-2.0
// Exact match: the share of lines that equal a reference once the spaces around both are gone.
#ifndef DRAGOMAN_METRICS_EXACT_MATCH_H_
#define DRAGOMAN_METRICS_EXACT_MATCH_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dragoman {

struct ExactMatchOptions {
  bool lowercase = false;
};

struct ExactMatchScore {
  double accuracy = 0;  // 0…100, the share of lines that match; 0 when there is no line
  int64_t matches = 0;
  int64_t lines = 0;
};

// Scores a corpus line by line; keeps sums only. A line matches when it equals any of its references.
class ExactMatchCounter {
 public:
  explicit ExactMatchCounter(const ExactMatchOptions& options) : options_(options) {}

  void Add(std::string_view hypothesis, std::span<const std::string_view> references);
  ExactMatchScore Score() const;

 private:
  ExactMatchOptions options_;
  int64_t matches_ = 0;
  int64_t lines_ = 0;
};

// Throws Error when the numbers of lines differ.
ExactMatchScore ExactMatch(std::span<const std::string> hypotheses, std::span<const std::string> references,
                           const ExactMatchOptions& options = {});

// "nrefs:1|case:mixed|version:dragoman-…".
std::string ExactMatchSignature(const ExactMatchOptions& options, int num_references);

}  // namespace dragoman

#endif  // DRAGOMAN_METRICS_EXACT_MATCH_H_
