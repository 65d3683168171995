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

  // Of test.src, by a model trained with these options at the end of the command.
  std::vector<std::string> TrainAndTranslate(const std::string& steps_and_options) {
    Run("train --train-src @train.src --train-tgt @train.tgt --vocab @v.model --output @run --preset tiny "
        "--encoder-layers 2 --decoder-layers 2 --d-model 64 --heads 4 --d-ff 128 --dropout 0 --norm-order pre "
        "--final-norm --batch-tokens 1024 --schedule linear --learning-rate 0.003 --warmup 200 --log-every 100 "
        "--save-every 10000 --seed 1 --threads 2 --no-tensorboard --max-steps " +
            steps_and_options,
        "train.txt");
    Run("translate --model @run --beam-size 1 --threads 2", "translate.txt", directory_ / "test.src");
    std::istringstream text(FileBytes(directory_ / "translate.txt.out"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(text, line);) lines.push_back(line);
    return lines;
  }

  // Trains on the seen strings and `want` of them, and translates the unseen ones.
  template <class Function>
  void ExpectToLearn(const Function& want, int steps) {
    std::vector<std::string> targets = seen_, expected = unseen_;
    for (std::string& text : targets) text = want(text);
    for (std::string& text : expected) text = want(text);
    directory_.Write("train.tgt", Lines(targets));
    const std::vector<std::string> lines = TrainAndTranslate(std::to_string(steps));
    size_t right = 0, i = 0;
    for (; i < std::min(lines.size(), kUnseen); ++i) {
      right += lines[i] == expected[i];
      EXPECT_EQ(lines[i], expected[i]) << "from " << unseen_[i];
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

// Ten of the symbols are in no string that is learnt from: only who points at the source can say them. Without that a
// line with one of them is never right.
TEST_F(CopyReverseTest, WhoCopiesSaysWhatItNeverLearntToSay) {
  const std::string_view never = std::string_view(kSymbols).substr(40);
  const auto has_new = [&](const std::string& text) { return text.find_first_of(never) != std::string::npos; };
  for (std::string& text : seen_) std::erase_if(text, [&](char c) { return never.find(c) != std::string_view::npos; });
  std::erase_if(seen_, [](const std::string& text) { return text.empty(); });
  directory_.Write("train.src", Lines(seen_));
  directory_.Write("train.tgt", Lines(seen_));
  const std::vector<std::string> lines = TrainAndTranslate("1500 --copy");
  ASSERT_EQ(lines.size(), kUnseen);
  size_t right = 0, all = 0;
  for (size_t i = 0; i < kUnseen; ++i) {
    if (!has_new(unseen_[i])) continue;
    ++all;
    right += lines[i] == unseen_[i];
  }
  EXPECT_GT(right, all / 5) << "of " << all << ", 1 in 3 as a rule";
}

// Nothing else says where a symbol stands; without any positions one line in ten comes back, the short ones.
TEST_F(CopyReverseTest, RelativePositionsAloneTellTheOrder) {
  directory_.Write("train.tgt", Lines(seen_));
  const std::vector<std::string> lines =
      TrainAndTranslate("1500 --positions none --relative-buckets 32 --relative-max-distance 32");
  ASSERT_EQ(lines.size(), kUnseen);
  size_t right = 0;
  for (size_t i = 0; i < kUnseen; ++i) right += lines[i] == unseen_[i];
  EXPECT_GT(right, kUnseen * 9 / 10);
}

}  // namespace
}  // namespace dragoman
