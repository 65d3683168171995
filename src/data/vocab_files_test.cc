// SPDX-License-Identifier: Apache-2.0
#include "data/vocab_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "data/corpus_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

TEST(VocabFilesTest, PackedOrPlainHereOrThereTheModelIsTheSame) {
  const TestDirectory directory;
  const ParallelInput plain = WriteTestPairs(directory);
  const std::string packed = directory.Write("packed", Gzip(FileBytes(plain.source)));
  VocabReport report;
  const std::string model = TrainVocabulary(SmallVocabOptions(), {plain.source, plain.target}, &report);
  EXPECT_EQ(TrainVocabulary(SmallVocabOptions(), {packed, plain.target}, nullptr), model);
  EXPECT_EQ(report.lines, 200);
  EXPECT_EQ(report.sentences, 200);
  EXPECT_EQ(report.used, 200);
  EXPECT_EQ(Tokenizer::FromBytes(model, "v").size(), 90);
}

TEST(VocabFilesTest, AJointVocabularyCoversAllFiles) {
  const TestDirectory directory;
  const ParallelInput input = WriteTestPairs(directory);
  const auto joint =
      Tokenizer::FromBytes(TrainVocabulary(SmallVocabOptions(), {input.source, input.target}, nullptr), "joint");
  const auto english = Tokenizer::FromBytes(TrainVocabulary(SmallVocabOptions(36), {input.source}, nullptr), "english");
  const auto unknown = [](const Tokenizer& v, const std::string& text) {
    const auto ids = v.Encode(text);
    return std::count(ids.begin(), ids.end(), v.unk_id());
  };
  EXPECT_EQ(unknown(joint, "a cat 喜欢医生"), 0);
  EXPECT_EQ(unknown(english, "a cat"), 0);
  EXPECT_GT(unknown(english, "喜欢医生"), 0);
}

TEST(VocabFilesTest, SamplingIsReported) {
  const TestDirectory directory;
  const ParallelInput input = WriteTestPairs(directory, 5);
  VocabOptions options = SmallVocabOptions(60);
  options.max_sentences = 300;
  VocabReport report;
  TrainVocabulary(options, {input.source, input.target}, &report);
  EXPECT_EQ(report.lines, 1000);
  EXPECT_EQ(report.used, 300);
}

TEST(VocabFilesTest, TextThatIsNotCleanIsNamed) {
  const TestDirectory directory;
  const std::string path = directory.Write("bad", "fine\n\xFF\n");
  EXPECT_THAT(MessageOf<FileError>([&] { TrainVocabulary(SmallVocabOptions(), {path}, nullptr); }),
              HasSubstr("/bad:2: byte 1"));
  EXPECT_THAT(MessageOf<OptionError>([&] { TrainVocabulary(SmallVocabOptions(), {}, nullptr); }), HasSubstr("`input`"));
  EXPECT_THAT(MessageOf<OptionError>([&] {
                TrainVocabulary(SmallVocabOptions(), {"-", "-"}, nullptr);
              }),
              HasSubstr("\"-\" twice"));
}

}  // namespace
}  // namespace dragoman
