// SPDX-License-Identifier: Apache-2.0
#include "text/sentence_sample.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace dragoman {
namespace {

TEST(SentenceSampleTest, KeepsEverythingInOrderWithoutLimits) {
  SentenceSample sample(0, 0);
  for (int i = 0; i < 100; ++i) sample.Add(std::to_string(i));
  const auto sentences = sample.Take();
  ASSERT_EQ(sentences.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(sentences[i], std::to_string(i));
}

TEST(SentenceSampleTest, KeepsExactlyTheLimitSpreadOverTheWholeStream) {
  SentenceSample sample(1000, 0);
  for (int i = 0; i < 20000; ++i) sample.Add(std::to_string(i));
  EXPECT_EQ(sample.seen(), 20000);
  const auto sentences = sample.Take();
  ASSERT_EQ(sentences.size(), 1000u);
  double mean = 0;
  for (size_t i = 0; i < sentences.size(); ++i) {
    mean += std::stod(sentences[i]) / 1000;
    ASSERT_TRUE(i == 0 || std::stoi(sentences[i - 1]) < std::stoi(sentences[i]));
  }
  EXPECT_NEAR(mean, 10000, 4 * 20000 / std::sqrt(12 * 1000.0));  // four standard errors of a uniform sample
}

TEST(SentenceSampleTest, StaysBelowTheByteLimit) {
  SentenceSample sample(0, 5000);
  for (int i = 0; i < 3000; ++i) {
    sample.Add(std::string(1 + i % 40, 'x'));
    ASSERT_LE(sample.kept_bytes(), 5000);
  }
  EXPECT_GT(sample.kept_bytes(), 4900);
}

}  // namespace
}  // namespace dragoman
