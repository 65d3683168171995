// SPDX-License-Identifier: Apache-2.0
#include "data/token_corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

#include "base/faulty_file_system_testing.h"
#include "base/hash.h"
#include "data/corpus_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;

class TokenCorpusTest : public testing::Test {
 protected:
  TokenCorpus Open(const ParallelInput& input, CorpusOptions options = {}) {
    return TokenCorpus::OpenOrBuild(input, vocabulary_, vocabulary_, options, directory_ / "corpus.tokens");
  }
  // Every pair as text again, for comparison.
  std::vector<std::string> Texts(const TokenCorpus& corpus) {
    std::vector<std::string> texts;
    for (int64_t pair = 0; pair < corpus.size(); ++pair) {
      std::vector<int32_t> src;
      std::vector<int32_t> tgt;
      corpus.AppendPair(pair, &src, &tgt);
      EXPECT_EQ(src.back(), vocabulary_.eos_id());
      EXPECT_EQ(tgt.back(), vocabulary_.eos_id());
      EXPECT_EQ(src.size(), corpus.lengths()[static_cast<size_t>(pair)].src);
      EXPECT_EQ(tgt.size(), corpus.lengths()[static_cast<size_t>(pair)].tgt);
      texts.push_back(vocabulary_.Decode(src));
      texts.push_back(vocabulary_.Decode(tgt));
    }
    return texts;
  }
  ParallelInput Tsv(const std::string& text) {
    ParallelInput input;
    input.format = PairFormat::kTsv;
    input.source = directory_.Write("tsv", text);
    return input;
  }

  const TestDirectory directory_;
  const Tokenizer vocabulary_ = TestVocabulary();
};

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

TEST_F(TokenCorpusTest, TheSameTextReusesTheFile) {
  const ParallelInput input = WriteTestPairs(directory_);
  const uint64_t fingerprint = Open(input).fingerprint();
  const TokenCorpus again = Open(input);
  EXPECT_TRUE(again.reused());
  EXPECT_EQ(again.fingerprint(), fingerprint);
  EXPECT_EQ(again.report().pairs, 100);
  EXPECT_EQ(Texts(again), TestSentences());
  again.RequireFingerprint(fingerprint);
}

TEST_F(TokenCorpusTest, ThePathsOfTheTextDoNotMatter) {
  const ParallelInput input = WriteTestPairs(directory_);
  Open(input);
  ParallelInput moved = input;
  moved.source = directory_.Write("moved", FileBytes(input.source));
  EXPECT_TRUE(Open(moved).reused());
}

TEST_F(TokenCorpusTest, FirstLinesAreCountedAcrossChunks) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "I\t你\n";
  const TokenCorpus corpus = Open(Tsv(text + "Ω\t龘龘 龘\n\n"));
  EXPECT_EQ(corpus.report().src_unknown.first_line, 20001);
  EXPECT_EQ(corpus.report().tgt_unknown.count, 2);
  EXPECT_EQ(corpus.report().empty_pairs.first_line, 20002);
  EXPECT_EQ(Open(Tsv(text + "Ω\t龘龘 龘\n\n")).report().empty_pairs.first_line, 20002) << "from the file";
}

TEST_F(TokenCorpusTest, HowTheTextIsPackedDoesNotMatter) {
  const ParallelInput input = WriteTestPairs(directory_);
  const uint64_t fingerprint = Open(input).fingerprint();
  ParallelInput packed = input;
  packed.source = directory_.Write("en.gz", Gzip(FileBytes(input.source)));
  const TokenCorpus again = Open(packed);
  EXPECT_TRUE(again.reused());
  EXPECT_EQ(again.fingerprint(), fingerprint);
}

TEST_F(TokenCorpusTest, ChangedTextOrOptionsMakeANewFileAndFailARunThatResumes) {
  const ParallelInput input = WriteTestPairs(directory_);
  const uint64_t fingerprint = Open(input).fingerprint();
  CorpusOptions options;
  options.max_src_len = 100;
  EXPECT_FALSE(Open(input, options).reused());
  std::string text = FileBytes(input.source);
  text[0] = 'J';
  directory_.Write("en", text);
  const TokenCorpus changed = Open(input);
  EXPECT_FALSE(changed.reused());
  EXPECT_THAT(MessageOf<OptionError>([&] { changed.RequireFingerprint(fingerprint); }),
              AllOf(HasSubstr("training data are not those of the checkpoint"), HasSubstr("`init_from`")));
}

TEST_F(TokenCorpusTest, ATornOrDamagedFileIsMadeAgain) {
  const ParallelInput input = WriteTestPairs(directory_);
  Open(input);
  const std::string path = directory_ / "corpus.tokens";
  const std::string good = FileBytes(path);
  for (uint64_t i = 0; i < 60; ++i) {
    std::string bad = good;
    const uint64_t random = HashCombine(3, i);
    if (i % 2 == 0) {
      bad[random % bad.size()] ^= static_cast<char>(1 << (random >> 60) % 8);
    } else {
      bad.resize(random % bad.size());
    }
    if (bad == good) continue;
    std::ofstream(path, std::ios::binary) << bad;
    const TokenCorpus corpus = Open(input);
    EXPECT_FALSE(corpus.reused()) << i;
    EXPECT_EQ(FileBytes(path), good);
  }
}

TEST_F(TokenCorpusTest, AnErrorInTheTextLeavesNoFileBehind) {
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("a\tb\nc\xFF\td\n")); }), HasSubstr("/tsv:2: byte 2"));
  EXPECT_FALSE(RealFileSystem().Exists(directory_ / "corpus.tokens"));
  EXPECT_FALSE(RealFileSystem().Exists(directory_ / "corpus.tokens.tmp"));
}

TEST_F(TokenCorpusTest, NothingToTrainOnIsAnError) {
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("\n\n")); }), HasSubstr("/tsv: no sentence pairs (2 empty)"));
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("")); }), HasSubstr("no sentence pairs"));
  ParallelInput input;
  input.source = directory_.Write("a", "");
  input.target = directory_.Write("b", "");
  EXPECT_THAT(MessageOf<FileError>([&] { Open(input); }), testing::ContainsRegex("/a and .*/b: no sentence pairs"));
}

TEST_F(TokenCorpusTest, StdinIsReadOnceAndNotCopied) {
  const std::string text = directory_.Write("in", Gzip("I see a cat.\t你\n"));
  ParallelInput input;
  input.format = PairFormat::kTsv;
  input.source = "-";
  {
    const StdinFrom redirected(text);
    const TokenCorpus corpus = Open(input);
    EXPECT_EQ(Texts(corpus)[0], "I see a cat.");
    EXPECT_EQ(corpus.fingerprint(), Open(Tsv("I see a cat.\t你\n")).fingerprint());
  }
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("corpus.tokens", "in", "tsv"));
  directory_.Write("in", "one column\n");
  const StdinFrom redirected(text);
  EXPECT_THAT(MessageOf<FileError>([&] { Open(input); }), testing::StartsWith("stdin:1: 1 column"));
}

TEST_F(TokenCorpusTest, InputThatNeverEndsEndsAtItsFirstFault) {
  for (const char* device : {"/dev/zero", "/dev/urandom"}) {
    ParallelInput input = Tsv("");
    input.source = device;
    EXPECT_THAT(MessageOf<FileError>([&] { Open(input); }), HasSubstr(std::string(device) + ":"));
  }
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("tsv"));
}

TEST_F(TokenCorpusTest, AnEndlessCorpusLeavesRoomOnTheDisk) {
  ParallelInput input = Tsv("");
  input.source = directory_ / "pipe";
  ASSERT_EQ(mkfifo(input.source.c_str(), 0600), 0);
  std::signal(SIGPIPE, SIG_IGN);
  std::thread writer([&] {
    std::string pair;
    for (int i = 0; i < 2000; ++i) pair += "I see a cat. ";
    std::ofstream pipe(input.source, std::ios::binary);
    while (pipe) pipe << pair << '\t' << pair << std::endl;
  });
  FaultyFileSystem nearly_full(RealFileSystem());
  nearly_full.PretendSpace({.total = int64_t{100} << 30, .available = int64_t{900} << 20});
  CorpusOptions options;
  options.max_src_len = options.max_tgt_len = kMaxPairLength;
  options.threads = 2;
  const auto open = [&] {
    TokenCorpus::OpenOrBuild(input, vocabulary_, vocabulary_, options, directory_ / "corpus.tokens", nearly_full);
  };
  EXPECT_THAT(MessageOf<FileError>(open),
              HasSubstr("corpus.tokens.tmp: its disk is nearly full, 900 MB of 102400 are"));
  writer.join();
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("pipe", "tsv"));
}

TEST_F(TokenCorpusTest, ACheckEndsReadingAtAnyPointAndLeavesNoFileBehind) {
  int calls = 0;
  const auto open = [&](int last) {
    calls = 0;
    CorpusOptions options;
    options.check = [&calls, last] {
      if (++calls == last) throw Error("enough");
    };
    return Open(Tsv("a\tb\n"), options);
  };
  open(/*last=*/-1);
  const int all = calls;
  ASSERT_GE(all, 2);
  unlink((directory_ / "corpus.tokens").c_str());
  for (int last = 1; last <= all; ++last) {
    EXPECT_EQ(MessageOf<Error>([&] { open(last); }), "enough");
    EXPECT_FALSE(RealFileSystem().Exists(directory_ / "corpus.tokens"));
  }
}

TEST_F(TokenCorpusTest, PipesAreReadOnceAndNeverWaitedForTwice) {
  const ParallelInput files = WriteTestPairs(directory_);
  ParallelInput pipes;
  pipes.source = directory_ / "pipe.en";
  pipes.target = directory_ / "pipe.zh";
  for (const std::string& pipe : {pipes.source, pipes.target}) ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  std::thread writer([&] {
    std::ofstream(pipes.source, std::ios::binary) << FileBytes(files.source);
    std::ofstream(pipes.target, std::ios::binary) << Gzip(FileBytes(files.target));
  });
  const TokenCorpus corpus = Open(pipes);
  writer.join();
  EXPECT_EQ(Texts(corpus), TestSentences());
  EXPECT_EQ(corpus.fingerprint(), Open(files).fingerprint());
  EXPECT_THAT(RealFileSystem().List(directory_ / ""),
              testing::ElementsAre("corpus.tokens", "en", "pipe.en", "pipe.zh", "zh"));
  pipes.target = pipes.source;
  EXPECT_THAT(MessageOf<OptionError>([&] { Open(pipes); }), HasSubstr("can be read once only"));
}

TEST_F(TokenCorpusTest, WhatAKillLeftBehindIsRemovedEvenWhereNothingIsWritten) {
  Open(Tsv("I\tyou\n"));
  for (const char* name : {"corpus.tokens.tmp", "corpus.tokens.src.copy"}) directory_.Write(name, "left behind");
  EXPECT_TRUE(Open(Tsv("I\tyou\n")).reused());
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("corpus.tokens", "tsv"));
}

TEST_F(TokenCorpusTest, ASpoolThatFailsIsRemoved) {
  const ParallelInput input = Tsv("I see a cat.\t你\n");
  FaultyFileSystem full(RealFileSystem());
  full.FailAt(2);  // the first write
  EXPECT_THROW(TokenCorpus::OpenOrBuild(input, vocabulary_, vocabulary_, {}, directory_ / "corpus.tokens", full),
               FileError);
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("tsv"));
}

TEST_F(TokenCorpusTest, AFileChangedWhileInUseIsNoticed) {
  const TokenCorpus corpus = Open(WriteTestPairs(directory_));
  std::string bytes = FileBytes(directory_ / "corpus.tokens");
  std::fill(bytes.begin(), bytes.end(), '\xFF');
  std::ofstream(directory_ / "corpus.tokens", std::ios::binary | std::ios::in) << bytes;
  std::vector<int32_t> src;
  std::vector<int32_t> tgt;
  EXPECT_THAT(MessageOf<FileError>([&] { corpus.AppendPair(0, &src, &tgt); }), HasSubstr("changed while in use"));
}

TEST_F(TokenCorpusTest, TokenisesQuickly) {
  const ParallelInput input = WriteTestPairs(directory_, 290);
  CorpusOptions options;
  options.threads = 2;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Open(input, options).size(), 29000);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 10) << "29,000 pairs usually take about 0.2 s; the limit leaves room for a busy machine";
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
