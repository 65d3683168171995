// SPDX-License-Identifier: Apache-2.0
#include "data/share_out.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace dragoman {
namespace {

// Each part filled up to max_tokens: no cut makes fewer.
std::vector<std::vector<int>> FilledParts(const Batch& batch, std::span<const int> sentences, int64_t max_tokens) {
  std::vector<std::vector<int>> parts;
  int64_t tokens = 0;
  for (const int s : sentences) {
    const int64_t length = batch.SrcLength(s) + batch.TgtLength(s);
    if (parts.empty() || tokens + length > max_tokens) {
      parts.emplace_back();
      tokens = 0;
    }
    parts.back().push_back(s);
    tokens += length;
  }
  return parts;
}

}  // namespace

double SentenceCost::Of(int64_t src_len, int64_t tgt_len) const {
  const auto src = static_cast<double>(src_len);
  const auto tgt = static_cast<double>(tgt_len);
  return src_token * src + tgt_token * tgt + src_pair * src * src + tgt_pair * tgt * tgt + cross_pair * src * tgt;
}

std::vector<std::vector<int>> ShareOut(const Batch& batch, int workers, const SentenceCost& cost) {
  DRAGOMAN_CHECK(workers > 0);
  const auto count = static_cast<size_t>(batch.sentences());
  std::vector<double> costs(count);
  for (size_t s = 0; s < count; ++s) {
    costs[s] = cost.Of(batch.SrcLength(static_cast<int64_t>(s)), batch.TgtLength(static_cast<int64_t>(s)));
  }
  std::vector<int> by_cost(count);
  std::iota(by_cost.begin(), by_cost.end(), 0);
  std::sort(by_cost.begin(), by_cost.end(),
            [&](int a, int b) { return costs[a] != costs[b] ? costs[a] > costs[b] : a < b; });

  std::vector<std::vector<int>> shares(static_cast<size_t>(workers));
  std::vector<double> load(shares.size(), 0.0);
  for (const int s : by_cost) {
    const auto least = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    shares[least].push_back(s);
    load[least] += costs[s];
  }
  for (auto& share : shares) std::sort(share.begin(), share.end());
  return shares;
}

std::vector<std::vector<int>> MicroBatches(const Batch& batch, std::span<const int> sentences, int64_t max_tokens) {
  const size_t parts = FilledParts(batch, sentences, max_tokens).size();
  int64_t low = 1, high = max_tokens;  // the smallest budget that needs no more parts lies between
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (FilledParts(batch, sentences, middle).size() <= parts) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return FilledParts(batch, sentences, high);
}

}  // namespace dragoman
