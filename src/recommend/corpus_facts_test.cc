// SPDX-License-Identifier: Apache-2.0
#include "recommend/corpus_facts.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "data/corpus_testing.h"

namespace dragoman {
namespace {

class CorpusFactsTest : public testing::Test {
 protected:
  CorpusFacts Facts(const std::string& src, const std::string& tgt, int64_t sample_bytes = 1 << 20) {
    directory_.Write("src", src);
    directory_.Write("tgt", tgt);
    const ParallelInput input{.source = directory_ / "src", .target = directory_ / "tgt"};
    return CorpusFactsOf({&input, 1}, sample_bytes, [] {});
  }
  TestDirectory directory_;
};

TEST_F(CorpusFactsTest, CountsWhatHasTextOnBothSides) {
  const CorpusFacts facts = Facts("a b c\n\nd e\nx\n", "a q\nb\nd e\n \n");
  EXPECT_EQ(facts.pairs, 2);
  EXPECT_DOUBLE_EQ(facts.src_words, 2.5);
  EXPECT_DOUBLE_EQ(facts.tgt_words, 2);
  EXPECT_DOUBLE_EQ(facts.copied, 0.75);
  EXPECT_DOUBLE_EQ(facts.distinct_targets, 1);
  EXPECT_EQ(facts.sample.size(), 2u);
}

TEST_F(CorpusFactsTest, CountsSentencesOfSources) {
  EXPECT_DOUBLE_EQ(Facts("One. Two? no end\n3.5 of it!\n", "a. b.\nc\n").src_sentences, 1.5);
  EXPECT_DOUBLE_EQ(Facts("我爱你。真的？\n", "x\n").src_sentences, 2);
}

TEST_F(CorpusFactsTest, ScriptsAreSharedUnlessNamesAloneAre) {
  EXPECT_EQ(Facts("the cat\n", "die Katze\n").shared_letters, 1);
  EXPECT_LT(Facts("the cat sleeps in the garden of a house that my friends own\n",
                  "猫睡在花园里我的朋友有一座很大很漂亮的房子所以它每天都很高兴 A\n")
                .shared_letters,
            0.5);
}

TEST_F(CorpusFactsTest, AMarkEndsSegmentsWhereMostSourcesHoldItTwice) {
  EXPECT_EQ(Facts("a <sep> b <sep>\nc <sep> d <sep>\ne\n", "x\ny\nz\n").segment_mark, "<sep>");
  EXPECT_EQ(Facts("<b> a <sep> b <sep>\n<b> <b> d <sep> e <sep>\n", "x\ny\n").segment_mark, "<sep>");
  EXPECT_EQ(Facts("<unk> a <unk>\n<';rm> d <';rm>\n", "x\ny\n").segment_mark, "");
  EXPECT_EQ(Facts("a <sep> b\nc <sep> d\ne\n", "x\ny\nz\n").segment_mark, "");
}

TEST_F(CorpusFactsTest, ASampleOfALargeCorpusHasItsFacts) {
  std::string src, tgt;
  for (int i = 0; i < 2000; ++i) src += i % 2 == 0 ? "one two three\n" : "one\n", tgt += "one\n";
  const CorpusFacts facts = Facts(src, tgt, /*sample_bytes=*/5000);
  EXPECT_EQ(facts.pairs, 2000);
  EXPECT_LT(facts.sample.size(), 1000u);
  EXPECT_NEAR(facts.src_words, 2, 0.2);
}

TEST_F(CorpusFactsTest, RefusesACorpusWithoutPairs) { EXPECT_THROW(Facts("\n", "a\n"), FileError); }

}  // namespace
}  // namespace dragoman
