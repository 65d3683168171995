// SPDX-License-Identifier: Apache-2.0
#include "base/nearest_name.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace dragoman {
namespace {

// Levenshtein distance, one row of the table at a time.
size_t EditDistance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substituted, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string NearestName(const std::string& name, const std::vector<std::string>& names) {
  std::string nearest;
  const size_t most = std::min<size_t>((name.size() + 1) / 3, 3);
  size_t fewest = std::numeric_limits<size_t>::max();
  for (const std::string& candidate : names) {
    const size_t distance = EditDistance(name, candidate);
    if (distance < fewest && distance <= most) {
      fewest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::string DidYouMean(const std::string& name, const std::vector<std::string>& names, const std::string& before,
                       const std::string& after) {
  const std::string nearest = NearestName(name, names);
  return nearest.empty() ? ";" : ", did you mean " + before + nearest + after + "?";
}

}  // namespace dragoman
