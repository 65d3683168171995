// SPDX-License-Identifier: Apache-2.0
#include "metrics/exact_match.h"

#include <fmt/core.h>

#include <algorithm>

#include "metrics/unicode.h"

namespace dragoman {
namespace {

std::u32string Normalize(std::string_view text, const ExactMatchOptions& options) {
  const std::u32string decoded = DecodeUtf8(text);
  return options.lowercase ? ToLower(Strip(decoded)) : std::u32string(Strip(decoded));
}

}  // namespace

Stats ExactMatchMetric::SentenceStats(std::string_view hypothesis, std::span<const std::string_view> references) const {
  const std::u32string normalized = Normalize(hypothesis, options_);
  const bool is_match = std::any_of(references.begin(), references.end(), [&](std::string_view reference) {
    return Normalize(reference, options_) == normalized;
  });
  return {is_match ? 1.0 : 0.0, 1};
}

std::vector<double> ExactMatchMetric::Scores(std::span<const double> sum) const {
  return {sum[1] == 0 ? 0 : 100 * sum[0] / sum[1]};
}

std::string ExactMatchMetric::Signature(int num_references) const {
  return fmt::format("nrefs:{}|case:{}|version:dragoman-{}", num_references, options_.lowercase ? "lc" : "mixed",
                     DRAGOMAN_VERSION);
}

}  // namespace dragoman
