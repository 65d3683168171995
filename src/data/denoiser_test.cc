// SPDX-License-Identifier: Apache-2.0
#include "data/denoiser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/corpus_testing.h"

namespace dragoman {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;

using Ids = std::vector<int32_t>;

Tokenizer MaskVocabulary() {
  VocabOptions options = SmallVocabOptions(92);
  options.symbols = {kMaskPiece};
  return Tokenizer::FromBytes(TrainTestModel(options), "test.model");
}

class DenoiserTest : public testing::Test {
 protected:
  Denoiser Make(Noise noise, int copies = 1, uint64_t seed = 1) const {
    return {vocab_, vocab_, {noise, copies, seed}};
  }

  // Ids that are no masks and all different, so that it can be seen where they came from.
  Ids Text(int64_t length) const {
    Ids ids(static_cast<size_t>(length));
    std::iota(ids.begin(), ids.end(), 1000);
    return ids;
  }

  // The source with its masks replaced by the spans of the target.
  Ids Filled(const Denoiser::Pair& pair) const {
    std::vector<Ids> spans;
    for (const int32_t id : pair.tgt) {
      if (id == mask_) {
        spans.emplace_back();
      } else {
        EXPECT_FALSE(spans.empty()) << "begins with a mask";
        spans.back().push_back(id);
      }
    }
    EXPECT_EQ(std::ranges::count(pair.src, mask_), std::ssize(spans));
    Ids filled;
    size_t next = 0;
    for (const int32_t id : pair.src) {
      if (id == mask_) {
        filled.insert(filled.end(), spans[next].begin(), spans[next].end());
        ++next;
      } else {
        filled.push_back(id);
      }
    }
    return filled;
  }

  const TestDirectory directory_;
  const Tokenizer vocab_ = MaskVocabulary();
  const int32_t mask_ = vocab_.Find(kMaskPiece).value();
};

TEST_F(DenoiserTest, SpansTogetherAreTheText) {
  const Denoiser denoiser = Make(Noise::kSpans, 3);
  for (const int64_t length : {2, 3, 7, 20, 100, 511}) {
    for (int64_t line = 1; line < 30; ++line) {
      const auto pairs = denoiser.PairsOf(line, Text(length));
      ASSERT_THAT(pairs, SizeIs(3));
      for (const Denoiser::Pair& pair : pairs) {
        EXPECT_EQ(Filled(pair), Text(length));
        const auto masks = std::ranges::count(pair.src, mask_);
        const int64_t missing = std::ssize(pair.tgt) - masks;
        EXPECT_EQ(missing, std::max<int64_t>(1, std::lround(0.15 * static_cast<double>(length))));
        EXPECT_EQ(masks, std::max<int64_t>(1, std::lround(static_cast<double>(missing) / 3)));
        EXPECT_EQ(std::ranges::adjacent_find(pair.src, [&](int32_t a, int32_t b) { return a == mask_ && b == mask_; }),
                  pair.src.end())
            << "no mask after a mask";
      }
    }
  }
}

// What the source keeps is the target with nothing but the masks' spans missing.
TEST_F(DenoiserTest, InfillingKeepsSevenTenthsInOrderAndAsksForAll) {
  const Denoiser denoiser = Make(Noise::kInfilling);
  for (const int64_t length : {2, 3, 10, 100, 500}) {
    for (int64_t line = 1; line < 50; ++line) {
      const auto pairs = denoiser.PairsOf(line, Text(length));
      ASSERT_THAT(pairs, SizeIs(1));
      EXPECT_EQ(pairs[0].tgt, Text(length));
      Ids kept = pairs[0].src;
      std::erase(kept, mask_);
      EXPECT_EQ(std::ssize(kept), length - (3 * length + 9) / 10);
      EXPECT_TRUE(std::ranges::includes(Text(length), kept));
      // Wherever tokens are missing there is a mask: those on both sides of none are neighbours.
      for (size_t i = 0; i + 1 < pairs[0].src.size(); ++i) {
        const int32_t here = pairs[0].src[i], next = pairs[0].src[i + 1];
        EXPECT_TRUE(here == mask_ || next == mask_ || next == here + 1);
        EXPECT_FALSE(here == mask_ && next == mask_);
      }
    }
  }
}

// Poisson(3), of which the last of a line is cut: so of long texts, and by its mean and the share of empty spans.
TEST_F(DenoiserTest, SpansOfInfillingHavePoissonLengths) {
  const Denoiser denoiser = Make(Noise::kInfilling);
  double spans = 0, tokens = 0, empty = 0;
  std::set<int32_t> first_missing;
  for (int64_t line = 1; line <= 200; ++line) {
    const Ids src = denoiser.PairsOf(line, Text(1000))[0].src;
    for (size_t i = 0; i < src.size(); ++i) {
      if (src[i] != mask_) continue;
      const int32_t before = i == 0 ? 999 : src[i - 1], after = i + 1 == src.size() ? 2000 : src[i + 1];
      ++spans;
      tokens += after - before - 1;
      empty += after == before + 1;
      first_missing.insert(before + 1);
    }
  }
  EXPECT_NEAR(tokens / spans, 3, 0.1);
  EXPECT_NEAR(empty / spans, std::exp(-3), 0.01);
  EXPECT_GT(first_missing.size(), 990u) << "anywhere in the text, its ends too";
}

TEST_F(DenoiserTest, LineCopyAndSeedDecide) {
  for (const Noise noise : {Noise::kInfilling, Noise::kSpans}) {
    const auto pairs = Make(noise, 2).PairsOf(5, Text(60));
    EXPECT_EQ(Make(noise, 2).PairsOf(5, Text(60))[1].src, pairs[1].src);
    EXPECT_EQ(Make(noise, 1).PairsOf(5, Text(60))[0].src, pairs[0].src) << "however many follow";
    EXPECT_NE(pairs[0].src, pairs[1].src);
    EXPECT_NE(Make(noise).PairsOf(6, Text(60))[0].src, pairs[0].src);
    EXPECT_NE(Make(noise, 1, 2).PairsOf(5, Text(60))[0].src, pairs[0].src);
  }
}

TEST_F(DenoiserTest, SentencesEndAtFullStopsAndBeforeSpaces) {
  const Denoiser denoiser = Make(Noise::kGap);
  const auto sentences = [&](const std::string& text) {
    const Ids ids = vocab_.Encode(text);
    std::vector<std::string> found;
    size_t begin = 0;
    for (const size_t end : denoiser.SentenceEnds(ids)) {
      found.push_back(vocab_.Decode(std::span<const int32_t>(ids).subspan(begin, end - begin)));
      begin = end;
    }
    return found;
  };
  EXPECT_THAT(sentences("I see a cat. you know.the doctor. I"),
              ElementsAre("I see a cat.", "you know.the doctor.", "I"));
  EXPECT_THAT(sentences("我看见医生！你喜欢猫，是吗？我叫你"),
              ElementsAre("我看见医生！", "你喜欢猫，是吗？", "我叫你"));
  EXPECT_THAT(sentences("I see a cat."), ElementsAre("I see a cat."));
  EXPECT_THAT(sentences(""), IsEmpty());
}

TEST_F(DenoiserTest, TheGapIsTheSentenceThatSharesMostWithTheRest) {
  const std::string a = "I like my brother.", b = "the teacher know the doctor and a student.",
                    c = "you like my friend.";
  const std::vector<std::string> sentences = {a, b, c};
  const std::string line = a + " " + b + " " + c;
  const auto pairs = Make(Noise::kGap, 5).PairsOf(1, vocab_.Encode(line));
  ASSERT_THAT(pairs, SizeIs(3)) << "as many as there are sentences";
  std::vector<int64_t> overlaps;
  for (const Denoiser::Pair& pair : pairs) {
    const std::string sentence = vocab_.Decode(pair.tgt);
    EXPECT_THAT(sentences, Contains(sentence));
    Ids rest = pair.src, filled = pair.src;
    EXPECT_EQ(std::erase(rest, mask_), 1u);
    const auto gap = std::ranges::find(filled, mask_);
    filled.insert(filled.erase(gap), pair.tgt.begin(), pair.tgt.end());
    EXPECT_EQ(filled, vocab_.Encode(line));
    Ids left = rest;
    int64_t overlap = 0;
    for (const int32_t id : pair.tgt) {
      const auto found = std::ranges::find(left, id);
      if (found == left.end()) continue;
      left.erase(found);
      ++overlap;
    }
    overlaps.push_back(overlap);
  }
  EXPECT_TRUE(std::ranges::is_sorted(overlaps, std::ranges::greater()));
  EXPECT_GT(overlaps.front(), overlaps.back());
  EXPECT_EQ(Make(Noise::kGap).PairsOf(1, vocab_.Encode(line))[0].tgt, pairs[0].tgt);
}

TEST_F(DenoiserTest, TooShortTextsMakeNoPair) {
  EXPECT_THAT(Make(Noise::kInfilling).PairsOf(1, Text(1)), IsEmpty());
  EXPECT_THAT(Make(Noise::kSpans).PairsOf(1, Text(1)), IsEmpty());
  EXPECT_THAT(Make(Noise::kGap).PairsOf(1, vocab_.Encode("I see a cat.")), IsEmpty());
}

TEST_F(DenoiserTest, WithoutAMaskOrWithTwoVocabulariesItSaysWhatToDo) {
  const Tokenizer without = TestVocabulary();
  EXPECT_THAT(MessageOf<OptionError>([&] { Denoiser(without, without, {Noise::kSpans}); }),
              HasSubstr("needs a piece <mask> for what is missing, which test.model lacks; make the vocabulary with "
                        "`symbols` <mask>"));
  EXPECT_THAT(MessageOf<OptionError>([&] { Denoiser(vocab_, without, {Noise::kSpans}); }),
              HasSubstr("are two vocabularies; give one"));
}

// The corpus: pairs of a text alone, in its file as any others.
class DenoisedCorpusTest : public DenoiserTest {
 protected:
  ParallelInput Lines(const std::string& text) const {
    return {.format = PairFormat::kLines, .source = directory_.Write("text", text)};
  }
  TokenCorpus Open(const ParallelInput& input, const CorpusOptions& options) const {
    return TokenCorpus::OpenOrBuild(input, vocab_, vocab_, options, directory_ / "corpus.tokens");
  }
};

TEST_F(DenoisedCorpusTest, HasTheCopiesOfEachLineInTurnAndSaysWhatItSkipped) {
  CorpusOptions options;
  options.denoise = {Noise::kSpans, 2, 7};
  std::string word;  // of one token
  for (int32_t id = 3; word.empty() && id < vocab_.size(); ++id) {
    if (const std::string found = vocab_.Decode({&id, 1}); vocab_.Encode(found).size() == 1) word = found;
  }
  ASSERT_THAT(word, Not(IsEmpty()));
  const std::string text = "I see a cat.\n\nyou like my brother.\n" + word + "\n";
  const TokenCorpus corpus = Open(Lines(text), options);
  const Denoiser denoiser = Make(Noise::kSpans, 2, 7);
  ASSERT_EQ(corpus.size(), 4);
  int64_t pair = 0;
  for (const auto& [line, words] : {std::pair(1, "I see a cat."), std::pair(3, "you like my brother.")}) {
    for (const Denoiser::Pair& expected : denoiser.PairsOf(line, vocab_.Encode(words))) {
      Ids src, tgt;
      corpus.AppendPair(pair++, &src, &tgt);
      EXPECT_EQ(src.back(), vocab_.eos_id());
      src.pop_back(), tgt.pop_back();
      EXPECT_EQ(src, expected.src);
      EXPECT_EQ(tgt, expected.tgt);
    }
  }
  EXPECT_THAT(DescribeReport(corpus.report(), Lines(text)),
              testing::IsSupersetOf<testing::Matcher<std::string>>(
                  {HasSubstr("4 sentence pairs"), MatchesRegex("1 empty line .*text:2"),
                   MatchesRegex("1 line too short for `denoise` .*text:4")}));
}

TEST_F(DenoisedCorpusTest, TheFileDependsOnNoiseCopiesAndSeedButNotOnThreads) {
  std::string text;
  for (int copy = 0; copy < 100; ++copy) {
    for (const std::string& sentence : TestSentences()) text += sentence + " " + sentence + "\n";
  }
  const ParallelInput input = Lines(text);
  CorpusOptions options;
  options.denoise = {Noise::kInfilling, 1, 1};
  const TokenCorpus first = Open(input, options);
  const std::string bytes = FileBytes(first.path());
  EXPECT_TRUE(Open(input, options).reused());
  RemoveAll(RealFileSystem(), first.path());
  options.threads = 3;
  EXPECT_EQ(Open(input, options).fingerprint(), first.fingerprint());
  EXPECT_EQ(FileBytes(first.path()), bytes);
  std::set<uint64_t> fingerprints = {first.fingerprint()};
  for (const DenoiseOptions& other :
       {DenoiseOptions{Noise::kSpans, 1, 1}, DenoiseOptions{Noise::kInfilling, 2, 1}, {Noise::kInfilling, 1, 2}}) {
    options.denoise = other;
    fingerprints.insert(Open(input, options).fingerprint());
  }
  EXPECT_EQ(fingerprints.size(), 4u);
}

TEST_F(DenoisedCorpusTest, LongLinesAreCutBeforeOrDropped) {
  CorpusOptions options;
  options.denoise = {Noise::kInfilling, 1, 1};
  options.max_src_len = 40;
  options.max_tgt_len = 12;
  const std::string text = "I see a cat. you like my brother. the teacher know the doctor.\nI see\n";
  const TokenCorpus cut = Open(Lines(text), options);
  ASSERT_EQ(cut.size(), 2);
  Ids src, tgt;
  cut.AppendPair(0, &src, &tgt);
  EXPECT_THAT(tgt, SizeIs(12)) << "with </s>";
  EXPECT_LE(src.size(), 12u) << "of what is left";
  EXPECT_EQ(cut.report().src_truncated.count, 1);
  EXPECT_EQ(CutWarning(cut.report()), "") << "both sides are of the same text";
  options.overlong = Overlong::kDrop;
  EXPECT_EQ(Open(Lines(text), options).size(), 1);
}

TEST_F(DenoisedCorpusTest, ATextWithoutPairsIsRefused) {
  CorpusOptions options;
  options.denoise = {Noise::kGap, 1, 1};
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Lines("I see a cat.\n\n"), options); }),
              HasSubstr("no sentence pairs (1 empty, 1 too short for `denoise`); expected text in it"));
}

}  // namespace
}  // namespace dragoman
