// SPDX-License-Identifier: Apache-2.0
#include "tensor/packed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dragoman {
namespace {

using testing::ElementsAre;

TEST(PackedSentencesTest, PutsSentencesEndToEnd) {
  PackedSentences packed;
  packed.Add(std::vector<int32_t>{4, 5, 2});
  packed.Add(std::vector<int32_t>{});
  packed.Add(std::vector<int32_t>{6, 2});
  EXPECT_THAT(packed.ids, ElementsAre(4, 5, 2, 6, 2));
  EXPECT_THAT(packed.offsets, ElementsAre(0, 3, 3, 5));
  EXPECT_EQ(packed.view().packing.sentences(), 3);
  EXPECT_THAT(packed.Sentence(0), ElementsAre(4, 5, 2));
  EXPECT_THAT(packed.Sentence(1), ElementsAre());
  EXPECT_THAT(packed.Sentence(2), ElementsAre(6, 2));
}

TEST(PackedSentencesTest, ShiftedRightTheStartTokenComesInAndTheLastGoes) {
  PackedSentences packed;
  packed.AddShiftedRight(std::vector<int32_t>{4, 5, 2}, 1);
  packed.AddShiftedRight(std::vector<int32_t>{2}, -1);
  EXPECT_THAT(packed.ids, ElementsAre(1, 4, 5, -1));
  EXPECT_THAT(packed.offsets, ElementsAre(0, 3, 4));
}

TEST(PackedSentencesTest, ClearedItIsAsNew) {
  PackedSentences packed;
  packed.ids = {4, 2};
  packed.EndSentence();
  packed.Clear();
  EXPECT_EQ(packed.packing().sentences(), 0);
  packed.Add(std::vector<int32_t>{6});
  EXPECT_THAT(packed.ids, ElementsAre(6));
  EXPECT_THAT(packed.offsets, ElementsAre(0, 1));
}

}  // namespace
}  // namespace dragoman
