// SPDX-License-Identifier: Apache-2.0
#include "data/batch_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "data/corpus_testing.h"
#include "data/prefetcher.h"

namespace dragoman {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

class BatchStreamTest : public testing::Test {
 protected:
  BatchStreamTest() { options_.max_tokens = 150; }

  const TestDirectory directory_;
  const Tokenizer vocabulary_ = TestVocabulary();
  const TokenCorpus corpus_ =
      TokenCorpus::OpenOrBuild(WriteTestPairs(directory_), vocabulary_, vocabulary_, {}, directory_ / "corpus.tokens");
  BatchOptions options_;
};

void ExpectSame(const Batch& a, const Batch& b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.index, b.index);
  EXPECT_EQ(a.pair_ids, b.pair_ids);
  for (const auto side : {&Batch::src, &Batch::tgt_in, &Batch::tgt_out}) {
    EXPECT_EQ((a.*side).ids, (b.*side).ids);
    EXPECT_EQ((a.*side).offsets, (b.*side).offsets);
  }
}

TEST_F(BatchStreamTest, SentencesAreThoseOfTheCorpusShiftedRight) {
  for (const int32_t start : {1, -1, 7}) {
    options_.decoder_start = start;
    BatchStream stream(corpus_, options_);
    Batch batch;
    stream.Next(&batch);
    ASSERT_GT(batch.sentences(), 1);
    ASSERT_EQ(batch.src.packing().sentences(), batch.sentences());
    ASSERT_EQ(batch.src.packing().tokens(), batch.src_tokens());
    ASSERT_EQ(batch.tgt_in.offsets, batch.tgt_out.offsets);
    const auto sentences = TestSentences();
    for (int64_t s = 0; s < batch.sentences(); ++s) {
      const auto pair = static_cast<size_t>(batch.pair_ids[s]);
      const auto out = batch.tgt_out.Sentence(s);
      const auto in = batch.tgt_in.Sentence(s);
      EXPECT_EQ(vocabulary_.Decode(out), sentences[2 * pair + 1]);
      EXPECT_EQ(out.back(), vocabulary_.eos_id());
      EXPECT_EQ(in.front(), start);
      EXPECT_TRUE(std::equal(in.begin() + 1, in.end(), out.begin()));
      const auto src = batch.src.Sentence(s);
      EXPECT_EQ(vocabulary_.Decode(src), sentences[2 * pair]);
      EXPECT_EQ(src.back(), vocabulary_.eos_id());
    }
  }
}

TEST_F(BatchStreamTest, AnEpochHoldsEveryPairOnceAndTheNextComesInAnotherOrder) {
  BatchStream stream(corpus_, options_);
  std::vector<std::vector<int64_t>> epochs;
  Batch batch;
  while (true) {
    stream.Next(&batch);
    if (batch.epoch == 2) break;
    epochs.resize(static_cast<size_t>(batch.epoch) + 1);
    epochs.back().insert(epochs.back().end(), batch.pair_ids.begin(), batch.pair_ids.end());
  }
  ASSERT_EQ(epochs.size(), 2u);
  EXPECT_NE(epochs[0], epochs[1]);
  for (auto& pairs : epochs) {
    std::sort(pairs.begin(), pairs.end());
    ASSERT_EQ(pairs.size(), 100u);
    for (int64_t i = 0; i < 100; ++i) EXPECT_EQ(pairs[static_cast<size_t>(i)], i);
  }
}

TEST_F(BatchStreamTest, AStreamStartedAtAnyPositionGoesOnTheSame) {
  for (const BatchOrder order : {BatchOrder::kShuffled, BatchOrder::kBucketed}) {
    options_.order = order;
    BatchStream stream(corpus_, options_);
    std::vector<Batch> batches(40);  // more than two epochs
    for (Batch& batch : batches) stream.Next(&batch);
    ASSERT_GE(batches.back().epoch, 2);
    for (size_t stopped = 0; stopped + 1 < batches.size(); ++stopped) {
      BatchStream resumed(corpus_, options_, {batches[stopped].epoch, batches[stopped].index + 1});
      Batch batch;
      resumed.Next(&batch);
      ExpectSame(batch, batches[stopped + 1]);
    }
  }
}

TEST_F(BatchStreamTest, PositionsThatDoNotExistAreRefused) {
  BatchStream stream(corpus_, options_);
  BatchPlan plan;
  PlanEpoch(corpus_.lengths(), options_, 0, &plan);
  const int64_t batches = plan.batches();
  stream.Seek({0, batches});
  EXPECT_EQ(stream.position(), (DataPosition{1, 0}));
  EXPECT_THAT(MessageOf<OptionError>([&] { stream.Seek({0, batches + 1}); }), HasSubstr("of epoch 0; expected 0 to"));
  EXPECT_THROW(stream.Seek({-1, 0}), OptionError);
}

TEST_F(BatchStreamTest, SlicesAreTheSentencesAskedFor) {
  BatchStream stream(corpus_, options_);
  Batch batch;
  stream.Next(&batch);
  const std::vector<int> chosen = {3, 0};
  const Batch part = batch.Slice(chosen);
  ASSERT_EQ(part.sentences(), 2);
  EXPECT_EQ(part.epoch, batch.epoch);
  for (int64_t s = 0; s < 2; ++s) {
    const int64_t from = chosen[static_cast<size_t>(s)];
    EXPECT_EQ(part.pair_ids[s], batch.pair_ids[from]);
    EXPECT_EQ(vocabulary_.Decode(part.src.Sentence(s)), TestSentences()[2 * static_cast<size_t>(batch.pair_ids[from])]);
    EXPECT_THAT(part.tgt_in.Sentence(s), ElementsAreArray(batch.tgt_in.Sentence(from)));
    EXPECT_THAT(part.tgt_out.Sentence(s), ElementsAreArray(batch.tgt_out.Sentence(from)));
  }
  EXPECT_EQ(batch.Slice(std::vector<int>()).sentences(), 0);
  EXPECT_EQ(batch.Slice(std::vector<int>()).src.offsets, std::vector<int32_t>{0});
}

TEST_F(BatchStreamTest, PrefetchingChangesNothing) {
  BatchStream stream(corpus_, options_);
  for (const int depth : {1, 3}) {
    BatchStream plain(corpus_, options_);
    Prefetcher prefetcher(UpdateStream(stream, {}), depth);
    Batch expected;
    UpdateBatches update;
    for (int i = 0; i < 50; ++i) {
      plain.Next(&expected);
      prefetcher.Next(&update);
      ASSERT_EQ(update.batches.size(), 1u);
      ExpectSame(update.batches.front(), expected);
    }
  }
}

TEST_F(BatchStreamTest, APrefetcherCanBeLeftAtAnyMoment) {
  for (int i = 0; i < 30; ++i) {
    Prefetcher prefetcher(UpdateStream(BatchStream(corpus_, options_), {}), 2);
    UpdateBatches update;
    for (int k = 0; k < i % 4; ++k) {
      prefetcher.Next(&update);
      EXPECT_EQ(update.begin.batch, k);
    }
  }
}

TEST_F(BatchStreamTest, APrefetcherPassesErrorsOnAfterTheGoodBatches) {
  // The last half of the file becomes nonsense while it is open.
  std::string bytes = FileBytes(directory_ / "corpus.tokens");
  std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), bytes.end(), '\xFF');
  std::ofstream(directory_ / "corpus.tokens", std::ios::binary | std::ios::in) << bytes;
  options_.order = BatchOrder::kFile;
  Prefetcher prefetcher(UpdateStream(BatchStream(corpus_, options_), {}), 100);
  UpdateBatches update;
  int good = 0;
  const std::string message = MessageOf<FileError>([&] {
    for (;; ++good) prefetcher.Next(&update);
  });
  EXPECT_THAT(message, HasSubstr("changed while in use"));
  EXPECT_GT(good, 1);
  EXPECT_THROW(prefetcher.Next(&update), FileError);  // and again, rather than waiting for ever
}

}  // namespace
}  // namespace dragoman
