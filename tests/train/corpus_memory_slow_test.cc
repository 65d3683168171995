// SPDX-License-Identifier: Apache-2.0
// A corpus is trained on in memory that does not grow with its text: what a user with 2 GB of text and 1 GB of memory
// counts on, at a twentieth of that.
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "data/corpus_testing.h"
#include "program.h"

namespace dragoman {
namespace {

constexpr int64_t kTextBytes = int64_t{96} << 20;
constexpr int64_t kPeakBytes = kTextBytes / 2;

// About half of kTextBytes on each side; returns the number of pairs.
int64_t WriteLargeCorpus(const std::string& src_path, const std::string& tgt_path) {
  const auto sentences = TestSentences();
  std::ofstream src(src_path), tgt(tgt_path);
  int64_t bytes = 0, pairs = 0;
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

TEST(CorpusMemorySlowTest, TrainingsPeakStaysFarBelowTheText) {
  const TestDirectory directory;
  const int64_t pairs = WriteLargeCorpus(directory / "src", directory / "tgt");
  directory.Write("v.model", TrainTestModel(SmallVocabOptions()));
  Program training({"train",
                    "--train-src",
                    directory / "src",
                    "--train-tgt",
                    directory / "tgt",
                    "--vocab",
                    directory / "v.model",
                    "--output",
                    directory / "run",
                    "--preset",
                    "tiny",
                    "--d-model",
                    "16",
                    "--heads",
                    "2",
                    "--d-ff",
                    "32",
                    "--max-steps",
                    "5",
                    "--batch-tokens",
                    "1000",
                    "--threads",
                    "2",
                    "--max-src-len",
                    "128",
                    "--max-tgt-len",
                    "128"},
                   directory / "log");
  const Ending ending = training.Wait();
  const std::string log = FileBytes(directory / "log");
  ASSERT_EQ(ending.exit_code, 0) << log;
  EXPECT_NE(log.find(std::to_string(pairs) + " sentence pairs"), std::string::npos) << log;
  EXPECT_LT(ending.peak_bytes, kPeakBytes);
  std::printf("%lld MB of text, %lld pairs: peak %lld MB\n", static_cast<long long>(kTextBytes >> 20),
              static_cast<long long>(pairs), static_cast<long long>(ending.peak_bytes >> 20));
}

}  // namespace
}  // namespace dragoman
