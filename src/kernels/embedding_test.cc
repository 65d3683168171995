// SPDX-License-Identifier: Apache-2.0
#include "kernels/embedding.h"

#include <gtest/gtest.h>

#include "kernels/kernels_testing.h"
#include "kernels/reference/embedding.h"

namespace dragoman::kernels {
namespace {

const std::vector<int32_t> kIds = {4, -1, 0, 4, 2, -1, 4};
const std::vector<int32_t> kPositions = {0, 1, 2, 0, 1, 2, 3};
constexpr int64_t kVocab = 5, kMaxPositions = 4;

TEST(EmbeddingTest, ForwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      TestMatrix table(kVocab, d, 1), positions(kMaxPositions, d, 2), out(7, d), want(7, d);
      for (const Matrix& position_table : {positions.view(), Matrix()}) {
        reference::EmbeddingForward(kIds, table.view(), 11.3f, kPositions, position_table, want.view());
        EmbeddingForward(kIds, table.view(), 11.3f, kPositions, position_table, out.view());
        ExpectNear(out, want, 1e-7, "out");
      }
    }
  });
}

TEST(EmbeddingTest, BackwardMatchesItsTwin) {
  ForEachTarget([] {
    for (const int64_t d : TestLengths()) {
      TestMatrix dout(7, d, 1), dtable(kVocab, d, 2), want(kVocab, d, 2);
      reference::EmbeddingBackward(kIds, dout.view(), 11.3f, want.view());
      EmbeddingBackward(kIds, dout.view(), 11.3f, dtable.view());
      ExpectNear(dtable, want, 3e-7, "dtable");
    }
  });
}

TEST(EmbeddingTest, NoTokensIsFine) {
  TestMatrix table(kVocab, 8, 1), none(0, 8), dtable(kVocab, 8, 2), same(kVocab, 8, 2);
  EmbeddingForward({}, table.view(), 1, {}, Matrix(), none.view());
  EmbeddingBackward({}, none.view(), 1, dtable.view());
  ExpectNear(dtable, same, 0, "dtable");
}

}  // namespace
}  // namespace dragoman::kernels
