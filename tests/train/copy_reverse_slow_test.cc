// SPDX-License-Identifier: Apache-2.0
// The smallest proof that training, positions and attention do what they should: strings that the model never saw come
// back copied, or reversed, every one of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/rng.h"
#include "data/corpus_testing.h"
#include "program.h"

namespace dragoman {
namespace {

constexpr char kSymbols[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX";  // 50 of them
constexpr size_t kMaxLength = 20;
constexpr size_t kUnseen = 500;
constexpr size_t kSeen = 20'000;

std::string RandomString(Rng* rng) {
  std::string text(1 + rng->Below(kMaxLength), ' ');
  for (char& c : text) c = kSymbols[rng->Below(50)];
  return text;
}

std::string Lines(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

class CopyReverseTest : public testing::Test {
 protected:
  CopyReverseTest() {
    Rng rng(5);
    std::set<std::string> unseen;  // of all lengths: some symbols never stand alone in what is seen
    while (unseen.size() < kUnseen) unseen.insert(RandomString(&rng));
    unseen_.assign(unseen.begin(), unseen.end());
    while (seen_.size() < kSeen) {
      if (const std::string text = RandomString(&rng); unseen.count(text) == 0) seen_.push_back(text);
    }
    directory_.Write("train.src", Lines(seen_));
    directory_.Write("test.src", Lines(unseen_));
    VocabOptions options;
    options.type = VocabType::kBpe;
    options.size = 3 + 50 + 1;  // <unk>, <s>, </s>, the symbols and the space before: no room for a pair of symbols
    VocabTrainer trainer(options);
    for (const std::string& text : seen_) trainer.Add(text);
    directory_.Write("v.model", trainer.Train());
  }

  // In arguments, @ stands for the test's directory.
  void Run(const std::string& arguments, const std::string& log, const std::string& input = "/dev/null") {
    std::istringstream words(arguments);
    std::vector<std::string> argv;
    for (std::string word; words >> word;) argv.push_back(word[0] == '@' ? directory_ / word.substr(1) : word);
    ASSERT_EQ(Program(argv, directory_ / log, input).Wait().exit_code, 0) << FileBytes(directory_ / log);
  }

  // Trains on the seen strings and `want` of them, and translates the unseen ones.
  template <class Function>
  void ExpectToLearn(const Function& want, int steps) {
    std::vector<std::string> targets = seen_, expected = unseen_;
    for (std::string& text : targets) text = want(text);
    for (std::string& text : expected) text = want(text);
    directory_.Write("train.tgt", Lines(targets));
    Run("train --train-src @train.src --train-tgt @train.tgt --vocab @v.model --output @run --preset tiny "
        "--encoder-layers 2 --decoder-layers 2 --d-model 64 --heads 4 --d-ff 128 --dropout 0 --norm-order pre "
        "--final-norm --batch-tokens 1024 --schedule linear --learning-rate 0.003 --warmup 200 --max-steps " +
            std::to_string(steps) + " --log-every 100 --save-every 10000 --seed 1 --threads 2 --no-tensorboard",
        "train.txt");
    Run("translate --model @run --beam-size 1 --threads 2", "translate.txt", directory_ / "test.src");
    std::istringstream lines(FileBytes(directory_ / "translate.txt.out"));
    size_t right = 0, i = 0;
    for (std::string line; std::getline(lines, line) && i < kUnseen; ++i) {
      right += line == expected[i];
      EXPECT_EQ(line, expected[i]) << "from " << unseen_[i];
    }
    EXPECT_EQ(right, kUnseen) << "of " << i << " lines; training said:\n" << FileBytes(directory_ / "train.txt");
  }

  TestDirectory directory_;
  std::vector<std::string> seen_, unseen_;
};

TEST_F(CopyReverseTest, CopiesEveryUnseenString) {
  ExpectToLearn([](const std::string& text) { return text; }, 2000);
}

TEST_F(CopyReverseTest, ReversesEveryUnseenString) {
  ExpectToLearn([](const std::string& text) { return std::string(text.rbegin(), text.rend()); }, 3000);
}

}  // namespace
}  // namespace dragoman
