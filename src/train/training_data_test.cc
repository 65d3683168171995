// SPDX-License-Identifier: Apache-2.0
#include "train/training_data.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "text/vocabulary_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TrainOptions Two() {
  TrainOptions options;
  options.train_src = "a.en,b.en";
  options.train_tgt = "a.de,b.de";
  return options;
}

TEST(TrainingDataTest, NamesBetweenCommasAreTexts) {
  TrainOptions options = Two();
  options.train_tag = ",<bt>";
  const std::vector<CorpusInput> texts = TrainingTexts(options);
  ASSERT_THAT(texts, SizeIs(2));
  EXPECT_EQ(texts[0].input.source, "a.en");
  EXPECT_EQ(texts[0].input.target, "a.de");
  EXPECT_EQ(texts[0].tag, "");
  EXPECT_EQ(texts[1].input.source, "b.en");
  EXPECT_EQ(texts[1].input.target, "b.de");
  EXPECT_EQ(texts[1].tag, "<bt>");
  std::vector<std::string> files;
  for (const InputPath& file : TrainingFiles(options)) files.push_back(file.option + " " + file.path);
  EXPECT_THAT(files,
              testing::ElementsAre("`train_src` a.en", "`train_src` b.en", "`train_tgt` a.de", "`train_tgt` b.de"));
}

TEST(TrainingDataTest, OtherFormatsHaveListsToo) {
  TrainOptions options;
  options.train_jsonl = "a,-";
  options.jsonl_src_key = "en";
  ASSERT_THAT(TrainingTexts(options), SizeIs(2));
  EXPECT_EQ(TrainingTexts(options)[1].input.source, "-");
  EXPECT_EQ(TrainingTexts(options)[1].input.format, PairFormat::kJsonl);
  EXPECT_EQ(TrainingTexts(options)[1].input.source_key, "en");
  options = {};
  options.train_src = "a";
  options.denoise = Noise::kSpans;
  ASSERT_THAT(TrainingTexts(options), SizeIs(1));
  EXPECT_EQ(TrainingTexts(options)[0].input.format, PairFormat::kLines);
}

TEST(TrainingDataTest, ListsThatDoNotFitAreTold) {
  const auto message = [](auto change) {
    TrainOptions options = Two();
    change(options);
    return MessageOf<OptionError>([&] { TrainingTexts(options); });
  };
  EXPECT_THAT(message([](TrainOptions& o) { o.train_tgt = "a.de"; }),
              HasSubstr("`train_tgt` has 1 items (commas stand between them), but `train_src` has 2"));
  EXPECT_THAT(message([](TrainOptions& o) { o.train_weight = "1,2,3"; }), HasSubstr("`train_weight` has 3 items"));
  EXPECT_THAT(message([](TrainOptions& o) { o.train_tag = "<bt>"; }), HasSubstr("`train_tag` has 1 items"));
  EXPECT_THAT(message([](TrainOptions& o) { o.train_src = "a.en,"; }), HasSubstr("`train_src` has an empty name"));
  for (const std::string weight : {"0", "-1", "1001", "x", "", "0.0004", "1.0001", "nan", "1 "}) {
    EXPECT_THAT(message([&](TrainOptions& o) { o.train_weight = "1," + weight; }),
                HasSubstr("`train_weight` has \"" + weight + "\", expected 0.001 to 1000"));
  }
}

TEST(TrainingDataTest, SharesAreOfThePairsOfEachText) {
  TrainOptions options = Two();
  std::vector<CorpusReport> reports(2);
  reports[0].pairs = 10;
  reports[1].pairs = 30;
  EXPECT_THAT(SharesOf(options, reports), IsEmpty());
  options.train_weight = "1,1.0";
  EXPECT_THAT(SharesOf(options, reports), IsEmpty());
  options.train_weight = "3,0.25";
  const std::vector<PairShare> shares = SharesOf(options, reports);
  ASSERT_THAT(shares, SizeIs(2));
  EXPECT_EQ(shares[0].pairs, 10);
  EXPECT_EQ(shares[0].thousandths, 3000);
  EXPECT_EQ(shares[1].pairs, 30);
  EXPECT_EQ(shares[1].thousandths, 250);
}

}  // namespace
}  // namespace dragoman
