// SPDX-License-Identifier: Apache-2.0
#include "decode/restrictions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace dragoman {
namespace {

constexpr int32_t kEos = 2;

// The ids that may not come next.
std::set<int32_t> Forbidden(const DecodeOptions& options, const std::vector<int32_t>& said) {
  std::vector<int32_t> forbidden;
  AppendForbidden(options, kEos, said, &forbidden);
  return {forbidden.begin(), forbidden.end()};
}

TEST(RestrictionsTest, NothingIsForbiddenUnlessAsked) { EXPECT_THAT(Forbidden({}, {5, 5, 5, 5}), testing::IsEmpty()); }

TEST(RestrictionsTest, NoNgramComesTwice) {
  const DecodeOptions bigrams{.no_repeat_ngram = 2}, trigrams{.no_repeat_ngram = 3};
  EXPECT_THAT(Forbidden(bigrams, {5, 6, 7, 5, 8, 5}), testing::ElementsAre(6, 8));
  EXPECT_THAT(Forbidden(trigrams, {5, 6, 7, 5, 8, 5}), testing::IsEmpty());
  EXPECT_THAT(Forbidden(trigrams, {5, 6, 7, 4, 5, 6}), testing::ElementsAre(7));
  EXPECT_THAT(Forbidden(trigrams, {5, 5, 5}), testing::ElementsAre(5));
  EXPECT_THAT(Forbidden({.no_repeat_ngram = 1}, {5, 6}), testing::ElementsAre(5, 6));
  EXPECT_THAT(Forbidden(trigrams, {}), testing::IsEmpty());
}

// The length counts </s>, as max_length does.
TEST(RestrictionsTest, TheEndWaitsForTheMinimum) {
  const DecodeOptions options{.min_length = 3};
  EXPECT_THAT(Forbidden(options, {}), testing::ElementsAre(kEos));
  EXPECT_THAT(Forbidden(options, {5}), testing::ElementsAre(kEos));
  EXPECT_THAT(Forbidden(options, {5, 6}), testing::IsEmpty());
}

}  // namespace
}  // namespace dragoman
