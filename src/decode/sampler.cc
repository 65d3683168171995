// SPDX-License-Identifier: Apache-2.0
#include "decode/sampler.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "decode/hypothesis.h"

namespace dragoman {

int32_t SampleToken(const DecodeOptions& options, std::span<const float> log_probs, Rng& rng) {
  std::vector<std::pair<double, int32_t>> tokens;  // probability (not normalised), id
  tokens.reserve(log_probs.size());
  double largest = -INFINITY;
  for (const float log_prob : log_probs) {
    if (log_prob > largest) largest = log_prob;
  }
  if (!std::isfinite(largest)) ThrowNoFiniteLogProb();
  double total = 0;
  for (size_t id = 0; id < log_probs.size(); ++id) {
    const double p = std::exp((double{log_probs[id]} - largest) / double{options.temperature});
    if (!(p > 0)) continue;
    tokens.emplace_back(p, static_cast<int32_t>(id));
    total += p;
  }
  const bool restricted = options.top_k > 0 || options.top_p < 1;
  if (restricted) {
    std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (options.top_k > 0 && tokens.size() > static_cast<size_t>(options.top_k)) {
      tokens.resize(static_cast<size_t>(options.top_k));
    }
    total = 0;
    for (const auto& token : tokens) total += token.first;
    double reached = 0;
    size_t kept = 0;
    while (kept < tokens.size() && (kept == 0 || reached < double{options.top_p} * total))
      reached += tokens[kept++].first;
    tokens.resize(kept);
    total = reached;
  }
  double point = rng.Uniform() * total;
  for (const auto& [p, id] : tokens) {
    point -= p;
    if (point < 0) return id;
  }
  return tokens.back().second;  // rounding left a crumb
}

}  // namespace dragoman
