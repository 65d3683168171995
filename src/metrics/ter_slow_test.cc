// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>

#include "base/rng.h"
#include "metrics/ter.h"

namespace dragoman {
namespace {

// Of `kinds` words, in random order.
std::string RandomWords(int words, uint64_t kinds, uint64_t seed) {
  Rng rng(seed);
  std::string text;
  for (int i = 0; i < words; ++i) text += "w" + std::to_string(rng.Below(kinds)) + " ";
  return text;
}

// Among them the worst: shifts that gain something change every row of the table that follows.
TEST(TerSlowTest, LinesOfAHundredThousandWordsTakeSeconds) {
  constexpr int kWords = 100'000;
  const TerMetric metric({});
  const std::string same = RandomWords(kWords, 1000, 1);
  const std::pair<std::string, std::string> pairs[] = {
      {same, same},
      {RandomWords(kWords, 3, 1), RandomWords(kWords, 3, 2)},
      {RandomWords(kWords, 50, 1), RandomWords(kWords, 50, 2)},
      {RandomWords(kWords, 100'000, 1), RandomWords(kWords, 100'000, 2)},
      {RandomWords(kWords, 50, 1), RandomWords(20, 50, 2)},
      {RandomWords(20, 50, 1), RandomWords(kWords, 50, 2)}};
  for (const auto& [hypothesis, reference] : pairs) {
    const auto start = std::chrono::steady_clock::now();
    const std::string_view view = reference;
    metric.SentenceStats(hypothesis, {&view, 1});
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(30));
  }
}

}  // namespace
}  // namespace dragoman
