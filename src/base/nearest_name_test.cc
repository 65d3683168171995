// SPDX-License-Identifier: Apache-2.0
#include "base/nearest_name.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

TEST(NearestNameTest, FewestEditsWin) {
  const std::vector<std::string> names = {"max-steps", "max-epochs", "max-minutes", "warmup", "seed"};
  EXPECT_EQ(NearestName("max-step", names), "max-steps");      // one letter left out
  EXPECT_EQ(NearestName("max-epoches", names), "max-epochs");  // one too many
  EXPECT_EQ(NearestName("sead", names), "seed");               // another one
  EXPECT_EQ(NearestName("warm-up", names), "warmup");
  EXPECT_EQ(NearestName("max_minutes", names), "max-minutes");
}

TEST(NearestNameTest, ANameItselfIsItsNearest) { EXPECT_EQ(NearestName("ab", {"abc", "ab", "a"}), "ab"); }

TEST(NearestNameTest, OfEqualsTheFirst) {
  EXPECT_EQ(NearestName("cat", {"car", "can", "bat"}), "car");
  EXPECT_EQ(NearestName("cd", {"xyz", "ca", "cb"}), "ca");
}

TEST(NearestNameTest, NothingIsNearestWhenThereIsNothing) { EXPECT_EQ(NearestName("x", {}), ""); }

TEST(NearestNameTest, WhatIsFarIsNotNearest) {
  EXPECT_EQ(NearestName("lr", {"seed", "learning-rate"}), "");
  EXPECT_EQ(NearestName("nonsense", {"vocab", "train", "translate"}), "");
  EXPECT_EQ(NearestName("", {"a"}), "");
  EXPECT_EQ(NearestName("c", {"a"}), "");
  EXPECT_EQ(NearestName("batch-size", {"beam-size"}), "");  // two other words
}

TEST(NearestNameTest, DidYouMeanEndsTheClauseEitherWay) {
  EXPECT_EQ(DidYouMean("trane", {"vocab", "train"}), ", did you mean train?");
  EXPECT_EQ(DidYouMean("trane", {"train"}, "<", ">"), ", did you mean <train>?");
  EXPECT_EQ(DidYouMean("lr", {"seed"}), ";");
}

}  // namespace
}  // namespace dragoman
