// SPDX-License-Identifier: Apache-2.0
// The file of a tokenised corpus: when it is made again, what is left when something fails, and what it is made from.
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
#include "data/token_corpus_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using TokenCorpusFileTest = TokenCorpusTest;

TEST_F(TokenCorpusFileTest, TheSameTextReusesTheFile) {
  const ParallelInput input = WriteTestPairs(directory_);
  const uint64_t fingerprint = Open(input).fingerprint();
  const TokenCorpus again = Open(input);
  EXPECT_TRUE(again.reused());
  EXPECT_EQ(again.fingerprint(), fingerprint);
  EXPECT_EQ(again.report().pairs, 100);
  EXPECT_EQ(Texts(again), TestSentences());
  again.RequireFingerprint(fingerprint);
}

TEST_F(TokenCorpusFileTest, ThePathsOfTheTextDoNotMatter) {
  const ParallelInput input = WriteTestPairs(directory_);
  Open(input);
  ParallelInput moved = input;
  moved.source = directory_.Write("moved", FileBytes(input.source));
  EXPECT_TRUE(Open(moved).reused());
}

TEST_F(TokenCorpusFileTest, FirstLinesAreCountedAcrossChunks) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "I\t你\n";
  const TokenCorpus corpus = Open(Tsv(text + "Ω\t龘龘 龘\n\n"));
  EXPECT_EQ(corpus.report().src_unknown.first_line, 20001);
  EXPECT_EQ(corpus.report().tgt_unknown.count, 2);
  EXPECT_EQ(corpus.report().empty_pairs.first_line, 20002);
  EXPECT_EQ(Open(Tsv(text + "Ω\t龘龘 龘\n\n")).report().empty_pairs.first_line, 20002) << "from the file";
}

TEST_F(TokenCorpusFileTest, HowTheTextIsPackedDoesNotMatter) {
  const ParallelInput input = WriteTestPairs(directory_);
  const uint64_t fingerprint = Open(input).fingerprint();
  ParallelInput packed = input;
  packed.source = directory_.Write("en.gz", Gzip(FileBytes(input.source)));
  const TokenCorpus again = Open(packed);
  EXPECT_TRUE(again.reused());
  EXPECT_EQ(again.fingerprint(), fingerprint);
}

TEST_F(TokenCorpusFileTest, ChangedTextOrOptionsMakeANewFileAndFailARunThatResumes) {
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

TEST_F(TokenCorpusFileTest, ATornOrDamagedFileIsMadeAgain) {
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

// Made by somebody who knows how to make its hashes, too.
TEST_F(TokenCorpusFileTest, AFileOfPairsThatAreTooLongForTheTemplatesIsNotUsed) {
  const std::string path = directory_ / "corpus.tokens";
  const Tokenizer odd(vocabulary_.segmenter(), OddSettings(vocabulary_).src, "settings");  // three tokens, not one
  for (const int ids : {kMaxPairLength - 3, kMaxPairLength - 2}) {
    SpoolWriter writer(&RealFileSystem(), path, /*id_bytes=*/2);
    writer.AddPair(std::vector<int32_t>(static_cast<size_t>(ids), 5), std::vector<int32_t>{5});
    CorpusReport report;
    report.pairs = 1;
    writer.Finish(std::vector<CorpusReport>{report}, /*fingerprint=*/7);
    EXPECT_TRUE(TokenCorpus::Open(path, 7, vocabulary_, vocabulary_).has_value());
    EXPECT_EQ(TokenCorpus::Open(path, 7, odd, vocabulary_).has_value(), ids + odd.sentence().size() <= kMaxPairLength);
  }
}

TEST_F(TokenCorpusFileTest, AnErrorInTheTextLeavesNoFileBehind) {
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("a\tb\nc\xFF\td\n")); }), HasSubstr("/tsv:2: byte 2"));
  EXPECT_FALSE(RealFileSystem().Exists(directory_ / "corpus.tokens"));
  EXPECT_FALSE(RealFileSystem().Exists(directory_ / "corpus.tokens.tmp"));
}

TEST_F(TokenCorpusFileTest, NothingToTrainOnIsAnError) {
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("\n\n")); }), HasSubstr("/tsv: no sentence pairs (2 empty)"));
  EXPECT_THAT(MessageOf<FileError>([&] { Open(Tsv("")); }), HasSubstr("no sentence pairs"));
  ParallelInput input;
  input.source = directory_.Write("a", "");
  input.target = directory_.Write("b", "");
  EXPECT_THAT(MessageOf<FileError>([&] { Open(input); }), testing::ContainsRegex("/a and .*/b: no sentence pairs"));
}

TEST_F(TokenCorpusFileTest, StdinIsReadOnceAndNotCopied) {
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

TEST_F(TokenCorpusFileTest, InputThatNeverEndsEndsAtItsFirstFault) {
  for (const char* device : {"/dev/zero", "/dev/urandom"}) {
    ParallelInput input = Tsv("");
    input.source = device;
    EXPECT_THAT(MessageOf<FileError>([&] { Open(input); }), HasSubstr(std::string(device) + ":"));
  }
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("tsv"));
}

TEST_F(TokenCorpusFileTest, AnEndlessCorpusLeavesRoomOnTheDisk) {
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

TEST_F(TokenCorpusFileTest, ACheckEndsReadingAtAnyPointAndLeavesNoFileBehind) {
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

TEST_F(TokenCorpusFileTest, PipesAreReadOnceAndNeverWaitedForTwice) {
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

TEST_F(TokenCorpusFileTest, WhatAKillLeftBehindIsRemovedEvenWhereNothingIsWritten) {
  Open(Tsv("I\tyou\n"));
  for (const char* name : {"corpus.tokens.tmp", "corpus.tokens.src.copy"}) directory_.Write(name, "left behind");
  EXPECT_TRUE(Open(Tsv("I\tyou\n")).reused());
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("corpus.tokens", "tsv"));
}

TEST_F(TokenCorpusFileTest, ASpoolThatFailsIsRemoved) {
  const ParallelInput input = Tsv("I see a cat.\t你\n");
  FaultyFileSystem full(RealFileSystem());
  full.FailAt(2);  // the first write
  EXPECT_THROW(TokenCorpus::OpenOrBuild(input, vocabulary_, vocabulary_, {}, directory_ / "corpus.tokens", full),
               FileError);
  EXPECT_THAT(RealFileSystem().List(directory_ / ""), testing::ElementsAre("tsv"));
}

TEST_F(TokenCorpusFileTest, AFileChangedWhileInUseIsNoticed) {
  const TokenCorpus corpus = Open(WriteTestPairs(directory_));
  std::string bytes = FileBytes(directory_ / "corpus.tokens");
  std::fill(bytes.begin(), bytes.end(), '\xFF');
  std::ofstream(directory_ / "corpus.tokens", std::ios::binary | std::ios::in) << bytes;
  std::vector<int32_t> src;
  std::vector<int32_t> tgt;
  EXPECT_THAT(MessageOf<FileError>([&] { corpus.AppendPair(0, &src, &tgt); }), HasSubstr("changed while in use"));
}

TEST_F(TokenCorpusFileTest, TokenisesQuickly) {
  const ParallelInput input = WriteTestPairs(directory_, 290);
  CorpusOptions options;
  options.threads = 2;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(Open(input, options).size(), 29000);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  RecordProperty("seconds", std::to_string(seconds));
  EXPECT_LT(seconds, 10) << "29,000 pairs usually take about 0.2 s; the limit leaves room for a busy machine";
}

}  // namespace
}  // namespace dragoman
