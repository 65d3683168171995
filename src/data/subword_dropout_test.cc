// SPDX-License-Identifier: Apache-2.0
#include "data/subword_dropout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "data/batch_stream.h"
#include "data/corpus_testing.h"
#include "data/update_stream.h"
#include "text/byte_bpe_testing.h"

namespace dragoman {
namespace {

using Ids = std::vector<int32_t>;

Ids InTemplate(const Tokenizer& vocab, const std::string& text) {
  Ids ids = vocab.Encode(text);
  vocab.sentence().Wrap(&ids);
  return ids;
}

Ids Split(const SubwordDropout& dropout, Ids ids, int64_t epoch, int64_t pair) {
  dropout.ApplyToSource(epoch, pair, 0, &ids);
  return ids;
}

VocabOptions Bpe() {
  VocabOptions options = SmallVocabOptions(110);
  options.type = VocabType::kBpe;
  return options;
}

TEST(SubwordDropoutTest, TheTextStaysWhatItWas) {
  for (const VocabOptions& options : {SmallVocabOptions(), Bpe()}) {
    const Tokenizer vocab = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
    for (const double rate : {0.1, 0.5, 1.0}) {
      const SubwordDropout dropout(vocab, vocab, {.src_rate = rate});
      size_t before = 0, after = 0;
      int64_t pair = 0;
      for (const std::string& sentence : TestSentences()) {
        const Ids ids = InTemplate(vocab, sentence), split = Split(dropout, ids, 3, pair++);
        EXPECT_EQ(vocab.Decode(split), sentence);
        EXPECT_EQ(split.back(), vocab.eos_id());
        EXPECT_GE(split.size(), ids.size());
        before += ids.size();
        after += split.size();
      }
      EXPECT_GT(after, before + before / 50);
    }
  }
}

TEST(SubwordDropoutTest, TextOfBytesStaysToo) {
  const Tokenizer vocab = Tokenizer::FromBytes(RecordedByteBpe("tokenizer.json"), "tokenizer.json");
  const SubwordDropout dropout(vocab, vocab, {.src_rate = 0.5});
  for (const std::string text : {"The vocabulary's pieces, für 你好 🐉!", "  spaces   are text "}) {
    const Ids ids = InTemplate(vocab, text), split = Split(dropout, ids, 0, 0);
    EXPECT_EQ(vocab.Decode(split), text);
    EXPECT_GT(split.size(), ids.size());
  }
}

TEST(SubwordDropoutTest, WhereNothingCanBeSplitItIsRefused) {
  const Tokenizer words = Tokenizer::FromBytes("#dragoman-words 1\n</s>\n<unk>\na\naa\n", "dir/words");
  EXPECT_THAT(MessageOf<OptionError>([&] { SubwordDropout(words, words, {.tgt_rate = 0.1}); }),
              testing::HasSubstr("`tgt_subword_dropout` is 0.1, but no piece of dir/words can be split"));
  EXPECT_NO_THROW(SubwordDropout(words, words, {}));
  EXPECT_NO_THROW(SubwordDropout(TestVocabulary(), words, {.src_rate = 0.1}));
}

TEST(SubwordDropoutTest, AtRateOneOnlyPiecesThatCannotBeSplitAreLeft) {
  const Tokenizer vocab = TestVocabulary();
  const PieceSplits splits(vocab);
  const SubwordDropout dropout(vocab, vocab, {.src_rate = 1});
  for (const int32_t id : Split(dropout, InTemplate(vocab, "the teacher know our neighbour."), 0, 0)) {
    EXPECT_EQ(splits.Count(id), 0u) << vocab.Piece(id);
  }
}

// One piece with two or more splits, ten thousand times: split as often as the rate says, into each as often as into
// any other.
TEST(SubwordDropoutTest, PiecesAreSplitAsOftenAsTheRateSaysAndEvenly) {
  const Tokenizer vocab = EndingsVocabulary();
  const PieceSplits splits(vocab);
  int32_t chosen = 0;
  for (int32_t id = 0; id < vocab.size(); ++id) {
    if (splits.Count(id) > splits.Count(chosen)) chosen = id;
  }
  const size_t ways = splits.Count(chosen);
  ASSERT_GE(ways, 2u);
  constexpr int kTimes = 10000;
  constexpr double kRate = 0.2;
  const SubwordDropout dropout(vocab, vocab, {.src_rate = kRate});
  std::map<Ids, int> counts;
  for (int64_t pair = 0; pair < kTimes; ++pair) {
    Ids ids = Split(dropout, {chosen, vocab.eos_id()}, 0, pair);
    ids.pop_back();
    ++counts[ids];
  }
  EXPECT_NEAR(counts[{chosen}], kTimes * (1 - kRate), 4 * std::sqrt(kTimes * kRate * (1 - kRate)));
  for (size_t way = 0; way < ways; ++way) {
    const auto parts = splits.Split(chosen, way);
    double stays = kRate / static_cast<double>(ways);  // no part was split again
    for (const int32_t part : parts) stays *= splits.Count(part) == 0 ? 1 : 1 - kRate;
    EXPECT_NEAR(counts[Ids(parts.begin(), parts.end())], kTimes * stays, 4 * std::sqrt(kTimes * stays));
  }
}

TEST(SubwordDropoutTest, SeedEpochPairAndSideDecide) {
  const Tokenizer vocab = TestVocabulary();
  const Ids ids = InTemplate(vocab, "the teacher know our neighbour. the teacher know our neighbour.");
  const SubwordDropout dropout(vocab, vocab, {.src_rate = 0.5, .tgt_rate = 0.5, .seed = 1}),
      again(vocab, vocab, {.src_rate = 0.5, .tgt_rate = 0.5, .seed = 1}),
      other(vocab, vocab, {.src_rate = 0.5, .tgt_rate = 0.5, .seed = 2});
  const Ids split = Split(dropout, ids, 4, 7);
  EXPECT_EQ(Split(again, ids, 4, 7), split);
  EXPECT_NE(Split(other, ids, 4, 7), split);
  EXPECT_NE(Split(dropout, ids, 5, 7), split);
  EXPECT_NE(Split(dropout, ids, 4, 8), split);
  Ids target = ids;
  dropout.ApplyToTarget(4, 7, 0, &target);
  EXPECT_NE(target, split);
}

TEST(SubwordDropoutTest, ASideWithoutARateStaysAsItIs) {
  const Tokenizer vocab = TestVocabulary();
  const Ids ids = InTemplate(vocab, "the teacher know our neighbour.");
  const SubwordDropout dropout(vocab, vocab, {.tgt_rate = 1});
  EXPECT_EQ(Split(dropout, ids, 0, 0), ids);
}

TEST(SubwordDropoutTest, SplittingStopsAtTheLimit) {
  const Tokenizer vocab = TestVocabulary();
  const Ids ids = InTemplate(vocab, "the teacher know our neighbour.");
  for (int extra = 0; extra < 4; ++extra) {
    const int limit = static_cast<int>(ids.size()) + extra;
    const SubwordDropout dropout(vocab, vocab, {.src_rate = 1, .max_src_len = limit});
    const Ids split = Split(dropout, ids, 0, 0);
    EXPECT_LE(std::ssize(split), limit);
    EXPECT_GE(std::ssize(split), limit - 1) << "a split into three may not fit any more";
    EXPECT_EQ(vocab.Decode(split), vocab.Decode(ids));
    EXPECT_EQ(split.back(), vocab.eos_id());
  }
}

TEST(SubwordDropoutTest, TemplatesAndWhatStandsBeforeStayAsTheyAre) {
  const Tokenizer usual = TestVocabulary();
  TokenizerSettings settings;
  const int32_t the = usual.Find("▁the").value_or(usual.Encode("the")[0]);
  settings.prefix = {the};  // a piece that could be split
  settings.suffix = {{usual.eos_id(), the}};
  const Tokenizer vocab(usual.segmenter(), settings, "settings");
  const SubwordDropout dropout(vocab, vocab, {.src_rate = 1});
  Ids ids = {the, the};
  const Ids sentence = InTemplate(vocab, "the teacher");
  ids.insert(ids.end(), sentence.begin(), sentence.end());
  dropout.ApplyToSource(0, 0, 2, &ids);
  ASSERT_GT(ids.size(), 2 + sentence.size());
  EXPECT_TRUE(ids[0] == the && ids[1] == the && ids[2] == the);
  EXPECT_EQ(ids[ids.size() - 2], vocab.eos_id());
  EXPECT_EQ(ids.back(), the);
}

// What training reads: the same from any position, and by whichever rank.
class SplitStreamTest : public testing::Test {
 protected:
  SplitStreamTest() { options_.max_tokens = 150; }
  BatchStream Stream(DataPosition from, double rate = 0.3) const {
    return {corpus_, options_, from,
            std::make_shared<const SubwordDropout>(vocabulary_, vocabulary_,
                                                   SubwordDropoutOptions{.src_rate = rate, .tgt_rate = rate})};
  }

  const TestDirectory directory_;
  const Tokenizer vocabulary_ = TestVocabulary();
  const TokenCorpus corpus_ =
      TokenCorpus::OpenOrBuild(WriteTestPairs(directory_), vocabulary_, vocabulary_, {}, directory_ / "corpus.tokens");
  BatchOptions options_;
};

TEST_F(SplitStreamTest, SentencesAreThoseOfTheCorpusOtherwiseSegmentedInEachEpoch) {
  BatchStream split = Stream({}), plain(corpus_, options_);
  std::map<int64_t, Ids> first;
  Batch batch, expected;
  int64_t longer = 0, other = 0;
  for (split.Next(&batch), plain.Next(&expected); batch.epoch < 2; split.Next(&batch), plain.Next(&expected)) {
    ASSERT_EQ(batch.pair_ids, expected.pair_ids) << "the plan is the same";
    longer += batch.tgt_tokens() - expected.tgt_tokens();
    for (int64_t s = 0; s < batch.sentences(); ++s) {
      EXPECT_EQ(vocabulary_.Decode(batch.src.Sentence(s)), vocabulary_.Decode(expected.src.Sentence(s)));
      EXPECT_EQ(vocabulary_.Decode(batch.tgt_out.Sentence(s)), vocabulary_.Decode(expected.tgt_out.Sentence(s)));
      const auto in = batch.tgt_in.Sentence(s), out = batch.tgt_out.Sentence(s);
      EXPECT_TRUE(std::equal(in.begin() + 1, in.end(), out.begin()));
      Ids& before = first[batch.pair_ids[static_cast<size_t>(s)]];
      const auto src = batch.src.Sentence(s);
      if (batch.epoch == 0) before.assign(src.begin(), src.end());
      other += !std::equal(src.begin(), src.end(), before.begin(), before.end());
    }
  }
  EXPECT_GT(longer, 0);
  EXPECT_GT(other, 50) << "of 100 sentences";
}

TEST_F(SplitStreamTest, AStreamStartedAtAnyPositionGoesOnTheSame) {
  BatchStream stream = Stream({});
  Batch expected, batch;
  for (int i = 0; i < 30; ++i) {
    BatchStream resumed = Stream(stream.position());
    stream.Next(&expected);
    resumed.Next(&batch);
    EXPECT_EQ(batch.src.ids, expected.src.ids);
    EXPECT_EQ(batch.tgt_in.ids, expected.tgt_in.ids);
    EXPECT_EQ(batch.tgt_out.ids, expected.tgt_out.ids);
  }
}

TEST_F(SplitStreamTest, RanksReadWhatOneProcessWouldRead) {
  UpdateStream alone(Stream({}), {.accumulate = 2});
  UpdateStream first(Stream({}), {.rank = 0, .ranks = 2}), second(Stream({}), {.rank = 1, .ranks = 2});
  UpdateBatches all, a, b;
  for (int i = 0; i < 10; ++i) {
    alone.Next(&all);
    first.Next(&a);
    second.Next(&b);
    EXPECT_EQ(a.tgt_tokens, all.tgt_tokens) << "gradients are divided by the same";
    EXPECT_EQ(b.tgt_tokens, all.tgt_tokens);
    EXPECT_EQ(a.batches.at(0).tgt_out.ids, all.batches.at(0).tgt_out.ids);
    ASSERT_EQ(b.batches.size() + 1, all.batches.size());
    if (!b.batches.empty()) {
      EXPECT_EQ(b.batches[0].tgt_out.ids, all.batches[1].tgt_out.ids);
    }
  }
}

}  // namespace
}  // namespace dragoman
