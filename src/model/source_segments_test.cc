// SPDX-License-Identifier: Apache-2.0
#include "model/source_segments.h"

#include <gtest/gtest.h>

namespace dragoman {
namespace {

using Offsets = std::vector<int32_t>;

TEST(SourceSegmentsTest, ASegmentEndsWithItsEndAndTheRestIsOne) {
  PackedSentences source;
  source.Add(Offsets{5, 6, 9, 7, 9, 2});  // two segments, and </s>
  source.Add(Offsets{9, 9});              // ends alone
  source.Add(Offsets{5, 6, 2});           // none: the whole
  const SourceSegments segments(source.view(), 9);
  EXPECT_EQ(segments.token_offsets, (Offsets{0, 3, 5, 6, 7, 8, 11}));
  EXPECT_EQ(segments.sentence_offsets, (Offsets{0, 3, 5, 6}));
}

TEST(SourceSegmentsTest, AnEmptySourceHasNone) {
  PackedSentences source;
  source.Add(Offsets{});
  source.Add(Offsets{9});
  const SourceSegments segments(source.view(), 9);
  EXPECT_EQ(segments.token_offsets, (Offsets{0, 1}));
  EXPECT_EQ(segments.sentence_offsets, (Offsets{0, 0, 1}));
}

}  // namespace
}  // namespace dragoman
