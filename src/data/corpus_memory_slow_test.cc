// SPDX-License-Identifier: Apache-2.0
// A corpus is trained on in memory that does not grow with its text: 96 MB of sentences are tokenised and read for an
// epoch by a process of its own, whose peak is measured.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "data/batch_stream.h"
#include "data/prefetcher.h"
#include "data/test_corpus.h"

namespace dragoman {
namespace {

constexpr int64_t kTextBytes = int64_t{96} << 20;
constexpr int64_t kPeakKilobytes = 48 << 10;

// The largest resident size this process has had.
int64_t PeakKilobytes() {
  std::ifstream status("/proc/self/status");
  std::string line;
  long long kilobytes = -1;
  while (std::getline(status, line)) {
    if (std::sscanf(line.c_str(), "VmHWM: %lld kB", &kilobytes) == 1) break;
  }
  return kilobytes;
}

// Writes both files, about half of kTextBytes each, and returns the number of pairs.
int64_t WriteLargeCorpus(const ParallelInput& input) {
  const auto sentences = TestSentences();
  std::ofstream src(input.source);
  std::ofstream tgt(input.target);
  int64_t bytes = 0;
  int64_t pairs = 0;
  for (size_t i = 0; bytes < kTextBytes; i += 2, ++pairs) {
    std::string line;
    for (size_t k = 0; k < 6; ++k) line += sentences[(i + 14 * k) % sentences.size()] + " ";
    line.back() = '\n';
    src << line;
    tgt << line;
    bytes += 2 * static_cast<int64_t>(line.size());
  }
  return pairs;
}

// What the process does: returns the pairs seen in an epoch.
int64_t TokeniseAndIterate(const ParallelInput& input, const std::string& spool_path) {
  const Vocabulary vocabulary = TestVocabulary();
  CorpusOptions options;
  options.threads = 2;
  const TokenCorpus corpus = TokenCorpus::OpenOrBuild(input, vocabulary, vocabulary, options, spool_path);
  BatchOptions batches;
  batches.order = BatchOrder::kBucketed;
  Prefetcher prefetcher(BatchStream(corpus, batches));
  Batch batch;
  int64_t pairs = 0;
  for (prefetcher.Next(&batch); batch.epoch == 0; prefetcher.Next(&batch)) pairs += batch.sentences();
  return pairs;
}

TEST(CorpusMemorySlowTest, PeakStaysFarBelowTheText) {
  const TestDirectory directory;
  ParallelInput input;
  input.source = directory / "src";
  input.target = directory / "tgt";
  const int64_t pairs = WriteLargeCorpus(input);
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    int64_t result[2] = {-1, -1};
    try {
      result[0] = TokeniseAndIterate(input, directory / "corpus.tokens");
      result[1] = PeakKilobytes();
    } catch (const std::exception& e) {
      std::fprintf(stderr, "%s\n", e.what());
    }
    const bool sent = write(pipe_ends[1], result, sizeof(result)) == sizeof(result);
    _exit(sent ? 0 : 1);
  }
  int64_t result[2] = {};
  ASSERT_EQ(read(pipe_ends[0], result, sizeof(result)), static_cast<ssize_t>(sizeof(result)));
  waitpid(child, nullptr, 0);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
  EXPECT_EQ(result[0], pairs);
  EXPECT_LT(result[1], kPeakKilobytes);
  std::printf("%lld MB of text, %lld pairs: peak %lld MB\n", static_cast<long long>(kTextBytes >> 20),
              static_cast<long long>(pairs), static_cast<long long>(result[1] >> 10));
}

}  // namespace
}  // namespace dragoman
