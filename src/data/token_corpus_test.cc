// SPDX-License-Identifier: Apache-2.0
#include "data/token_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "data/corpus_testing.h"
#include "data/token_corpus_testing.h"

namespace dragoman {
namespace {

using testing::Contains;
using testing::HasSubstr;

TEST_F(TokenCorpusTest, GivesBackEveryPairInOrder) {
  const TokenCorpus corpus = Open(WriteTestPairs(directory_));
  EXPECT_FALSE(corpus.reused());
  EXPECT_EQ(corpus.size(), 100);
  EXPECT_EQ(Texts(corpus), TestSentences());
  EXPECT_EQ(corpus.report().pairs, 100);
  EXPECT_EQ(corpus.report().empty_pairs.count, 0);
  EXPECT_EQ(corpus.report().src_unknown.count, 0);
}

TEST_F(TokenCorpusTest, TemplatesStandAroundSentencesAndCountAsTokens) {
  const TokenizerSettingsPair odd = OddSettings(vocabulary_);
  const Tokenizer src_vocab(vocabulary_.segmenter(), odd.src, "settings"),
      tgt_vocab(vocabulary_.segmenter(), odd.tgt, "settings");
  const int32_t a = 90, b = 91, eos = src_vocab.eos_id();
  ASSERT_EQ(src_vocab.Find("<a>"), a);
  const ParallelInput input = WriteTestPairs(directory_);
  const auto open = [&](const Tokenizer& src, const Tokenizer& tgt, int limit) {
    CorpusOptions options;
    options.max_src_len = options.max_tgt_len = limit;
    return TokenCorpus::OpenOrBuild(input, src, tgt, options, directory_ / "corpus.tokens");
  };
  const auto tokens = [&](const Tokenizer& vocab, const std::string& text, size_t most, std::vector<int32_t> before,
                          const std::vector<int32_t>& after) {
    std::vector<int32_t> ids = vocab.Encode(text);
    ids.resize(std::min(ids.size(), most - before.size() - after.size()));
    before.insert(before.end(), ids.begin(), ids.end());
    before.insert(before.end(), after.begin(), after.end());
    return before;
  };
  const std::vector<std::string> texts = TestSentences();
  const uint64_t usual = open(vocabulary_, vocabulary_, 200).fingerprint();
  for (const size_t limit : {200u, 6u}) {
    const TokenCorpus corpus = open(src_vocab, tgt_vocab, static_cast<int>(limit));
    EXPECT_FALSE(corpus.reused());
    EXPECT_NE(corpus.fingerprint(), usual);
    EXPECT_EQ(corpus.report().pairs_cut > 0, limit == 6);
    ASSERT_EQ(corpus.size(), 100);
    for (int64_t pair = 0; pair < corpus.size(); ++pair) {
      const auto i = static_cast<size_t>(pair);
      std::vector<int32_t> src, tgt;
      corpus.AppendPair(pair, &src, &tgt);
      EXPECT_EQ(src, tokens(src_vocab, texts[2 * i], limit, {a}, {eos, b}));
      EXPECT_EQ(tgt, tokens(tgt_vocab, texts[2 * i + 1], limit, {b, a}, {eos}));
      EXPECT_EQ(src.size(), corpus.lengths()[i].src);
      EXPECT_EQ(tgt.size(), corpus.lengths()[i].tgt);
    }
    EXPECT_TRUE(open(src_vocab, tgt_vocab, static_cast<int>(limit)).reused());
  }
  EXPECT_NE(open(src_vocab, vocabulary_, 200).fingerprint(), open(vocabulary_, tgt_vocab, 200).fingerprint());
}

TEST_F(TokenCorpusTest, TheFileDoesNotDependOnTheNumberOfThreads) {
  const ParallelInput input = WriteTestPairs(directory_, 300);  // several chunks
  std::vector<std::string> spools;
  for (const int threads : {1, 2, 5}) {
    RemoveAll(RealFileSystem(), directory_ / "corpus.tokens");
    CorpusOptions options;
    options.threads = threads;
    EXPECT_EQ(Open(input, options).size(), 30000);
    spools.push_back(FileBytes(directory_ / "corpus.tokens"));
  }
  EXPECT_EQ(spools[0], spools[1]);
  EXPECT_EQ(spools[0], spools[2]);
}

TEST_F(TokenCorpusTest, EmptyPairsAreSkippedAndCounted) {
  const TokenCorpus corpus = Open(Tsv("I see a cat.\t我看见医生！\n\tx\nx\t\n\n \t \nyou\t你\n"));
  EXPECT_EQ(corpus.size(), 2);
  EXPECT_EQ(corpus.report().empty_pairs.count, 4);
  EXPECT_THAT(Texts(corpus), testing::ElementsAre("I see a cat.", "我看见医生！", "you", "你"));
  EXPECT_THAT(DescribeReport(corpus.report(), Tsv("")),
              Contains(testing::MatchesRegex("4 pairs with an empty side .*, first at .*/tsv:2")));
}

TEST_F(TokenCorpusTest, BlankSentencesAreEmptyWhateverTheirBlanks) {
  const std::string text = "I see a cat.\t我看见医生！\n\u3000\tx\nx\t\u200B\u00A0\n\u2800\u3000\nyou\t你\n";
  const TokenCorpus corpus = Open(Tsv(text));
  EXPECT_THAT(Texts(corpus), testing::ElementsAre("I see a cat.", "我看见医生！", "you", "你"));
  EXPECT_EQ(corpus.report().empty_pairs.count, 3);
  EXPECT_TRUE(Open(Tsv(text)).reused());
}

// Such lines were once trained on, so a run of then must notice; all others go on as they were.
TEST_F(TokenCorpusTest, OddBlanksAloneMakeAnotherFingerprint) {
  const CorpusVocabularies vocabs{vocabulary_, vocabulary_};
  const auto is_usual = [&](const std::string& text) {
    const ParallelInput input = Tsv(text);
    return Open(input).fingerprint() ==
           FingerprintsOf(std::vector{HashText(input, [] {})}, std::vector{CorpusInput{input, ""}}, vocabs, {}).usual;
  };
  EXPECT_TRUE(is_usual("I\tyou\n\n \t\n"));
  EXPECT_FALSE(is_usual("I\tyou\n\u3000\tyou\n"));
}

TEST_F(TokenCorpusTest, OverlongPairsAreCutOrDropped) {
  const std::string text = "I\tyou\nI see a cat and a cat\tyou\nI\tI see a cat and a cat\n";
  CorpusOptions options;
  options.max_src_len = options.max_tgt_len = 4;
  const TokenCorpus cut = Open(Tsv(text), options);
  EXPECT_EQ(cut.size(), 3);
  EXPECT_EQ(cut.report().pairs_cut, 2);
  EXPECT_THAT(CutWarning(cut.report()), HasSubstr("66.7 % of the pairs are cut"));
  options.overlong = Overlong::kDrop;
  const TokenCorpus dropped = Open(Tsv(text), options);
  EXPECT_FALSE(dropped.reused());
  EXPECT_NE(dropped.fingerprint(), cut.fingerprint());
  EXPECT_THAT(Texts(dropped), testing::ElementsAre("I", "you"));
  EXPECT_EQ(dropped.report().overlong_pairs.count, 2);
  EXPECT_EQ(dropped.report().src_truncated.count, 0);
  EXPECT_EQ(CutWarning(dropped.report()), "");
  EXPECT_THAT(DescribeReport(dropped.report(), Tsv(text)),
              Contains(testing::MatchesRegex("2 pairs longer than `max_src_len`.* dropped, first at .*/tsv:2")));
  options.max_src_len = options.max_tgt_len = 2;
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("I see\tyou see\n"), options); }),
              HasSubstr("no sentence pairs (0 empty, 1 dropped by `overlong` drop)"));
}

TEST_F(TokenCorpusTest, LopsidedPairsAreDroppedByTheirRatio) {
  const std::string text = "a\ta\na\ta a a\na a a a\ta\n\ta\n";  // ratios 1, 3 and 4
  EXPECT_EQ(Open(Tsv(text)).size(), 3);
  CorpusOptions options;
  options.max_length_ratio = 3;
  const TokenCorpus corpus = Open(Tsv(text), options);
  EXPECT_FALSE(corpus.reused());
  EXPECT_EQ(corpus.size(), 2);
  EXPECT_EQ(corpus.report().lopsided_pairs.count, 1);
  EXPECT_EQ(corpus.report().lopsided_pairs.first_line, 3);
  EXPECT_EQ(corpus.report().empty_pairs.count, 1);
  options.max_length_ratio = 2.5;
  EXPECT_EQ(Open(Tsv(text), options).size(), 1);
}

TEST_F(TokenCorpusTest, OnePairInAHundredMayBeCutWithoutAWarning) {
  EXPECT_EQ(CutWarning({.pairs = 100, .pairs_cut = 1}), "");
  EXPECT_THAT(CutWarning({.pairs = 1000, .pairs_cut = 11}), HasSubstr("1.1 % of the pairs are cut"));
}

TEST_F(TokenCorpusTest, LongSentencesKeepTheirLeftPartAndAreCounted) {
  CorpusOptions options;
  options.max_src_len = 4;
  options.max_tgt_len = 3;
  const TokenCorpus corpus = Open(Tsv("I see a cat and a cat and a cat\tI see a cat\nI\tI\n"), options);
  std::vector<int32_t> src;
  std::vector<int32_t> tgt;
  corpus.AppendPair(0, &src, &tgt);
  const auto whole = vocabulary_.Encode("I see a cat");
  EXPECT_THAT(src, testing::ElementsAre(whole[0], whole[1], whole[2], vocabulary_.eos_id()));
  EXPECT_THAT(tgt, testing::ElementsAre(whole[0], whole[1], vocabulary_.eos_id()));
  EXPECT_EQ(corpus.report().src_truncated.count, 1);
  EXPECT_EQ(corpus.report().tgt_truncated.count, 1);
  EXPECT_EQ(corpus.report().src_tokens, 4 + corpus.lengths()[1].src);
}

TEST_F(TokenCorpusTest, ASentenceThatJustFitsIsNotCut) {
  const auto ids = vocabulary_.Encode("I see a cat.");
  CorpusOptions options;
  options.max_src_len = static_cast<int>(ids.size()) + 1;
  const TokenCorpus corpus = Open(Tsv("I see a cat.\tyou\n"), options);
  EXPECT_EQ(corpus.report().src_truncated.count, 0);
  EXPECT_EQ(corpus.lengths()[0].src, ids.size() + 1);
}

TEST_F(TokenCorpusTest, ALineOfAMegabyteIsKeptUpToTheLimit) {
  std::string line;
  while (line.size() < (1u << 20)) line += "I see a cat. ";
  CorpusOptions options;
  options.max_src_len = kMaxPairLength;
  const TokenCorpus corpus = Open(Tsv(line + "\tyou\n"), options);
  EXPECT_EQ(corpus.report().src_truncated.count, 1);
  EXPECT_EQ(corpus.lengths()[0].src, kMaxPairLength);
  EXPECT_EQ(Texts(corpus)[0].substr(0, 26), line.substr(0, 26));
}

TEST_F(TokenCorpusTest, UnknownCharactersAndMendedLinesAreReported) {
  const TokenCorpus corpus = Open(Tsv("\xEF\xBB\xBFI see Ω\tyou\r\nI\t龘\r\n"));
  EXPECT_EQ(corpus.report().src_unknown.count, 1);
  EXPECT_EQ(corpus.report().tgt_unknown.count, 1);
  EXPECT_EQ(corpus.report().tgt_unknown.first_line, 2);
  EXPECT_EQ(corpus.report().crlf_lines, 2);
  EXPECT_EQ(corpus.report().bom_files, 1);
  EXPECT_EQ(DescribeReport(corpus.report(), Tsv("")).size(), 5u);
}

// Several texts.
class TokenCorpusOfSeveralTest : public TokenCorpusTest {
 protected:
  CorpusInput Text(const std::string& name, const std::string& lines, const std::string& tag = "") {
    ParallelInput input{.format = PairFormat::kTsv, .source = directory_.Write(name, lines)};
    return {input, tag};
  }
  TokenCorpus Open(const std::vector<CorpusInput>& inputs) {
    return TokenCorpus::OpenOrBuild(inputs, vocabulary_, vocabulary_, {}, directory_ / "corpus.tokens");
  }
};

TEST_F(TokenCorpusOfSeveralTest, TextsFollowEachOtherAndEachHasItsReport) {
  const std::vector<CorpusInput> inputs = {Text("a", "I see a cat.\t我看见医生！\n\n"), Text("b", "you\t你\nI\t我\n")};
  for (const bool reused : {false, true}) {
    const TokenCorpus corpus = Open(inputs);
    EXPECT_EQ(corpus.reused(), reused);
    EXPECT_THAT(Texts(corpus), testing::ElementsAre("I see a cat.", "我看见医生！", "you", "你", "I", "我"));
    ASSERT_EQ(corpus.reports().size(), 2u);
    EXPECT_EQ(corpus.reports()[0].pairs, 1);
    EXPECT_EQ(corpus.reports()[0].empty_pairs.count, 1);
    EXPECT_EQ(corpus.reports()[1].pairs, 2);
    EXPECT_EQ(corpus.reports()[1].empty_pairs.count, 0);
    EXPECT_EQ(corpus.report().pairs, 3);
    EXPECT_EQ(corpus.report().empty_pairs.first_line, 2);
    EXPECT_EQ(corpus.report().src_tokens, corpus.reports()[0].src_tokens + corpus.reports()[1].src_tokens);
  }
  EXPECT_NE(Open({inputs[1], inputs[0]}).fingerprint(), Open(inputs).fingerprint());
  EXPECT_NE(Open({inputs[0]}).fingerprint(), Open(inputs).fingerprint());
  EXPECT_EQ(Open({inputs[0]}).fingerprint(), TokenCorpusTest::Open(inputs[0].input).fingerprint());
}

// So that who translates gets the same by typing it.
TEST_F(TokenCorpusOfSeveralTest, ATagIsBeforeEachSourceAsIfItStoodInTheText) {
  VocabOptions options = SmallVocabOptions(92);
  options.symbols = {"<bt>"};
  const Tokenizer vocab = Tokenizer::FromBytes(TrainTestModel(options), "test.model");
  const std::string lines = "I see a cat.\t我看见医生！\n\t你\n";
  const auto open = [&](const std::string& tag) {
    const std::vector<CorpusInput> inputs = {Text("a", lines), Text("b", lines, tag)};
    return TokenCorpus::OpenOrBuild(inputs, vocab, vocab, {}, directory_ / "corpus.tokens");
  };
  const TokenCorpus corpus = open("<bt>");
  ASSERT_EQ(corpus.size(), 2) << "a tag alone is no source";
  std::vector<int32_t> src, tgt;
  corpus.AppendPair(0, &src, &tgt);
  EXPECT_EQ(std::ranges::count(src, vocab.Find("<bt>").value()), 0);
  src.clear();
  corpus.AppendPair(1, &src, &tgt);
  std::vector<int32_t> typed = vocab.Encode("<bt> I see a cat.");
  EXPECT_EQ(std::ranges::count(typed, vocab.Find("<bt>").value()), 1);
  vocab.sentence().Wrap(&typed);
  EXPECT_EQ(src, typed);
  EXPECT_NE(open("").fingerprint(), corpus.fingerprint());
  EXPECT_THAT(MessageOf<OptionError>([&] { open("<2de>"); }),
              HasSubstr("`train_tag` has <2de>, which is no piece of its own in test.model; make the vocabulary with "
                        "`symbols` <2de>"));
  EXPECT_THAT(MessageOf<OptionError>([&] { open("</s>"); }), HasSubstr("`train_tag` has </s>")) << "no text becomes it";
}

}  // namespace
}  // namespace dragoman
