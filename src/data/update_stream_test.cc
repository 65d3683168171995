// SPDX-License-Identifier: Apache-2.0
#include "data/update_stream.h"

#include <gtest/gtest.h>

#include <vector>

#include "data/corpus_testing.h"

namespace dragoman {
namespace {

class UpdateStreamTest : public testing::Test {
 protected:
  UpdateStreamTest() { options_.max_tokens = 150; }

  int64_t BatchesIn(int64_t epoch) const {
    BatchPlan plan;
    PlanEpoch(corpus_.lengths(), options_, epoch, &plan);
    return plan.batches();
  }
  BatchStream Batches(DataPosition position = {}) const { return {corpus_, options_, position}; }

  const TestDirectory directory_;
  const Tokenizer vocabulary_ = TestVocabulary();
  const TokenCorpus corpus_ =
      TokenCorpus::OpenOrBuild(WriteTestPairs(directory_), vocabulary_, vocabulary_, {}, directory_ / "corpus.tokens");
  BatchOptions options_;
};

TEST_F(UpdateStreamTest, RanksTakeTheBatchesInTurnAndAgreeOnTheirTokens) {
  for (const int ranks : {1, 2, 3}) {
    for (const int accumulate : {1, 2}) {
      BatchStream plain = Batches();
      std::vector<UpdateStream> streams;
      for (int rank = 0; rank < ranks; ++rank) streams.emplace_back(Batches(), UpdateShare{accumulate, rank, ranks});
      std::vector<UpdateBatches> updates(streams.size());
      int64_t epoch = 0;
      for (int update = 0; update < 40; ++update) {
        for (size_t rank = 0; rank < streams.size(); ++rank) streams[rank].Next(&updates[rank]);
        const DataPosition begin = updates[0].begin, end = updates[0].end;
        ASSERT_EQ(begin, plain.position());
        ASSERT_LE(end.batch - begin.batch, int64_t{ranks} * accumulate);
        ASSERT_TRUE(end.batch - begin.batch == ranks * accumulate || end.batch == BatchesIn(begin.epoch));
        int64_t tgt_tokens = 0;
        for (int64_t i = 0; i < end.batch - begin.batch; ++i) {
          Batch want;
          plain.Next(&want);
          const UpdateBatches& owner = updates[static_cast<size_t>(i % ranks)];
          ASSERT_LT(static_cast<size_t>(i / ranks), owner.batches.size());
          EXPECT_EQ(owner.batches[static_cast<size_t>(i / ranks)].pair_ids, want.pair_ids);
          tgt_tokens += want.tgt_tokens();
        }
        size_t batches = 0;
        for (const UpdateBatches& found : updates) {
          EXPECT_EQ(found.begin, begin);
          EXPECT_EQ(found.end, end);
          EXPECT_EQ(found.tgt_tokens, tgt_tokens);
          batches += found.batches.size();
        }
        EXPECT_EQ(static_cast<int64_t>(batches), end.batch - begin.batch);
        epoch = begin.epoch;
      }
      EXPECT_GE(epoch, 1) << "no end of an epoch was met";
    }
  }
}

TEST_F(UpdateStreamTest, GoesOnFromTheEndOfAnyUpdate) {
  UpdateStream stream(Batches(), {.accumulate = 2, .rank = 1, .ranks = 2});
  UpdateBatches update, want, found;
  for (int i = 0; i < 10; ++i) {
    stream.Next(&update);
    UpdateStream(Batches(update.end), {.accumulate = 2, .rank = 1, .ranks = 2}).Next(&found);
    UpdateStream rest = stream;
    rest.Next(&want);
    EXPECT_EQ(found.begin, want.begin);
    ASSERT_EQ(found.batches.size(), want.batches.size());
    for (size_t b = 0; b < want.batches.size(); ++b) EXPECT_EQ(found.batches[b].pair_ids, want.batches[b].pair_ids);
  }
}

}  // namespace
}  // namespace dragoman
