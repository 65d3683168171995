// SPDX-License-Identifier: Apache-2.0
#include "metrics/exact_match.h"

#include <fmt/core.h>

#include <algorithm>

#include "metrics/corpus.h"
#include "metrics/unicode.h"

namespace dragoman {
namespace {

std::u32string Normalize(std::string_view text, const ExactMatchOptions& options) {
  const std::u32string decoded = DecodeUtf8(text);
  return options.lowercase ? ToLower(Strip(decoded)) : std::u32string(Strip(decoded));
}

}  // namespace

void ExactMatchCounter::Add(std::string_view hypothesis, std::span<const std::string_view> references) {
  const std::u32string normalized = Normalize(hypothesis, options_);
  const bool is_match = std::any_of(references.begin(), references.end(), [&](std::string_view reference) {
    return Normalize(reference, options_) == normalized;
  });
  if (is_match) ++matches_;
  ++lines_;
}

ExactMatchScore ExactMatchCounter::Score() const {
  const double accuracy = lines_ == 0 ? 0 : 100 * static_cast<double>(matches_) / static_cast<double>(lines_);
  return {accuracy, matches_, lines_};
}

ExactMatchScore ExactMatch(std::span<const std::string> hypotheses, std::span<const std::string> references,
                           const ExactMatchOptions& options) {
  ExactMatchCounter counter(options);
  AddCorpus("exact match", hypotheses, references, &counter);
  return counter.Score();
}

std::string ExactMatchSignature(const ExactMatchOptions& options, int num_references) {
  return fmt::format("nrefs:{}|case:{}|version:dragoman-{}", num_references, options.lowercase ? "lc" : "mixed",
                     DRAGOMAN_VERSION);
}

}  // namespace dragoman
