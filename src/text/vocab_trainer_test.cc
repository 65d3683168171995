// SPDX-License-Identifier: Apache-2.0
#include "text/vocab_trainer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

std::string TrainMessage(const VocabOptions& options, const std::vector<std::string>& sentences) {
  try {
    VocabTrainer trainer(options);
    for (const auto& sentence : sentences) trainer.Add(sentence);
    trainer.Train();
  } catch (const OptionError& e) {
    return e.what();
  }
  return "trained";
}

TEST(VocabTrainerTest, SameInputGivesTheSameBytes) {
  for (const VocabType type : {VocabType::kUnigram, VocabType::kBpe}) {
    VocabOptions options = SmallVocabOptions();
    options.type = type;
    EXPECT_EQ(TrainTestModel(options), TrainTestModel(options));
  }
}

TEST(VocabTrainerTest, TooLargeASizeSaysWhatIsPossible) {
  for (const VocabType type : {VocabType::kUnigram, VocabType::kBpe}) {
    VocabOptions options = SmallVocabOptions(20000);
    options.type = type;
    const std::string message = TrainMessage(options, TestSentences());
    EXPECT_THAT(message, HasSubstr("`size` 20000: too large"));
    int possible = 0;
    ASSERT_EQ(std::sscanf(message.c_str() + message.find("at most"), "at most %d", &possible), 1) << message;
    options.size = possible;
    EXPECT_EQ(TrainMessage(options, TestSentences()), "trained");
  }
}

TEST(VocabTrainerTest, TooSmallASizeSaysWhatIsNeeded) {
  const std::string message = TrainMessage(SmallVocabOptions(20), TestSentences());
  EXPECT_THAT(message, HasSubstr("`size` 20: too small"));
  EXPECT_THAT(message, HasSubstr("`character_coverage`"));
}

TEST(VocabTrainerTest, NoTextAtAllIsAnError) {
  EXPECT_THAT(TrainMessage(SmallVocabOptions(), {}), HasSubstr("`input`: no text"));
  EXPECT_THAT(TrainMessage(SmallVocabOptions(), {"", "  ", "\t", "\xE2\x96\x85"}), HasSubstr("`input`: no text"));
}

TEST(VocabTrainerTest, StrangeTextNeverEndsTheProcess) {
  VocabOptions with_symbol = SmallVocabOptions(10);
  with_symbol.symbols = {"xx"};
  for (int variant = 0; variant < 6; ++variant) {
    with_symbol.type = variant % 2 == 0 ? VocabType::kUnigram : VocabType::kBpe;
    with_symbol.normalization = variant < 2   ? Normalization::kNone
                                : variant < 4 ? Normalization::kNfkc
                                              : Normalization::kNmtNfkc;
    for (const std::string& text :
         {std::string("xx"), std::string("<s>"), std::string("a"), std::string("\xE2\x96\x81"),
          std::string("\xF0\x9F\x90\x89"), std::string(100000, 'z'), std::string("xx xxxx"), std::string("<unk>"),
          std::string("\xEF\xBF\xBD\x01\x7F"), std::string("\xE3\x80\x80"), std::string("\xC2\xA0 \xE2\x80\x8B"),
          std::string("\xC2\xAD")}) {
      TrainMessage(with_symbol, {text});  // any outcome but the end of the process
      TrainMessage(with_symbol, {text, "", text});
    }
  }
}

TEST(VocabTrainerTest, LongLinesCountWhole) {
  std::string line;
  for (int round = 0; round < 3; ++round) {
    for (const auto& sentence : TestSentences()) line += sentence + " ";
  }
  ASSERT_GT(line.size(), 3 * 4096u);
  EXPECT_EQ(TrainMessage(SmallVocabOptions(), {line}), "trained");
  VocabTrainer trainer(SmallVocabOptions());
  trainer.Add(line);
  EXPECT_GE(trainer.kept(), 4);
}

TEST(VocabTrainerTest, LongLinesWithoutSpacesAreCutBetweenCharacters) {
  std::string line;
  while (line.size() < 50000) line += "我喜欢医生";
  VocabTrainer trainer(SmallVocabOptions(12));
  trainer.Add(line);
  EXPECT_GT(trainer.kept(), 10);
  const auto vocabulary = Tokenizer::FromBytes(trainer.Train(), "test.model");
  EXPECT_EQ(vocabulary.Decode(vocabulary.Encode("我喜欢医生")), "我喜欢医生");
}

TEST(VocabTrainerTest, OptionsOutOfRangeAreNamed) {
  const auto message = [](const std::function<void(VocabOptions&)>& change) {
    VocabOptions options;
    change(options);
    return TrainMessage(options, TestSentences());
  };
  EXPECT_THAT(message([](VocabOptions& o) { o.size = 3; }), HasSubstr("`size` 3"));
  EXPECT_THAT(message([](VocabOptions& o) { o.byte_fallback = true, o.size = 200; }), HasSubstr("`size` 200"));
  EXPECT_THAT(message([](VocabOptions& o) { o.character_coverage = 0.5; }), HasSubstr("`character_coverage` 0.5"));
  EXPECT_THAT(message([](VocabOptions& o) { o.max_sentences = -1; }), HasSubstr("`max_sentences` -1"));
  EXPECT_THAT(message([](VocabOptions& o) { o.max_megabytes = int64_t{1} << 43; }),
              HasSubstr("`max_megabytes` 8796093022208"));
  EXPECT_THAT(message([](VocabOptions& o) { o.threads = 0; }), HasSubstr("`threads` 0"));
  for (const char* symbol : {"", "a b", "\xFF", "<s>", "<unk>", "▁I"}) {
    EXPECT_THAT(message([&](VocabOptions& o) { o.symbols = {symbol}; }), HasSubstr("`symbols`")) << symbol;
  }
  EXPECT_THAT(message([](VocabOptions& o) { o.symbols = {"x", "x"}; }), HasSubstr("`symbols`"));
  EXPECT_THAT(message([](VocabOptions& o) {
                for (int i = 1; i < 70; ++i) o.symbols.push_back(std::string(i, 'q'));
              }),
              HasSubstr("`symbols`"));
}

}  // namespace
}  // namespace dragoman
