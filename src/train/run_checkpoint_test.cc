// SPDX-License-Identifier: Apache-2.0
#include "train/run_checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "data/corpus_testing.h"
#include "format/model_file.h"

namespace dragoman {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::ThrowsMessage;

class GoOnFromTest : public testing::Test {
 protected:
  GoOnFromTest() {
    saved_.step = 50;
    saved_.epoch = 3;
    saved_.batch_in_epoch = 7;
    saved_.seed = now_.seed = 5;
    saved_.threads = now_.threads = 2;
    saved_.options = now_.options = {{"batch_order", "shuffled"},
                                     {"batch_tokens", "4096"},
                                     {"metric", "loss"},
                                     {"micro_batch_tokens", "1024"},
                                     {"warmup", "4000"}};
  }

  TrainState GoOn() {
    warnings_.clear();
    return GoOnFrom(saved_, now_, [this](const std::string& line) { warnings_.push_back(line); });
  }

  TrainState saved_, now_;
  std::vector<std::string> warnings_;
};

TEST_F(GoOnFromTest, TheSameOptionsGiveTheSameStateInSilence) {
  EXPECT_EQ(GoOn(), saved_);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(GoOnFromTest, AStateFromBeforeThereWereOptionsIsComparedWithNone) {
  saved_.options.clear();
  EXPECT_EQ(GoOn().batch_in_epoch, 7);
  EXPECT_EQ(GoOn().options, now_.options);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(GoOnFromTest, AnOptionYoungerThanTheRunWasAtItsDefault) {
  now_.options["r_drop"] = "0";
  GoOn();
  EXPECT_THAT(warnings_, testing::IsEmpty());
  now_.options["r_drop"] = "5";
  GoOn();
  EXPECT_THAT(warnings_, testing::ElementsAre(testing::HasSubstr("`r_drop`")));
}

// "" is a value like others.
TEST_F(GoOnFromTest, WeightsThatAreNewAreOtherBatches) {
  for (const bool knew_of_weights : {true, false}) {
    if (knew_of_weights) saved_.options["train_weight"] = "";
    if (!knew_of_weights) saved_.options.erase("train_weight");
    now_.options["train_weight"] = "";
    EXPECT_EQ(GoOn().batch_in_epoch, 7);
    EXPECT_THAT(warnings_, IsEmpty());
    now_.options["train_weight"] = "1,3";
    EXPECT_EQ(GoOn().batch_in_epoch, 0);
    EXPECT_THAT(warnings_, testing::Contains(testing::HasSubstr("`train_weight` is 1,3, but the last start had \"\"")));
  }
}

TEST_F(GoOnFromTest, AnEndThatAnOlderVersionNamedByFlagsIsTheSameEnd) {
  now_.options["decay_steps"] = "the end of `max_epochs` 20 or `max_minutes` 5";
  saved_.options["decay_steps"] = "the end of --max-epochs 20 or --max-minutes 5";
  EXPECT_EQ(GoOn().options, now_.options);
  EXPECT_THAT(warnings_, IsEmpty());
  saved_.options["decay_steps"] = "the end of --max-epochs 2";
  GoOn();
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("`decay_steps` is the end of `max_epochs` 20 or")));
}

TEST_F(GoOnFromTest, ChangesAreToldAndTakenOver) {
  now_.options["warmup"] = "9";
  now_.threads = 3;
  const TrainState state = GoOn();
  EXPECT_EQ(state.options.at("warmup"), "9");
  EXPECT_EQ(state.threads, 3);
  EXPECT_EQ(state.batch_in_epoch, 7);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("`threads` is 3, but the last start had 2"),
                                     HasSubstr("`warmup` is 9, but the last start had 4000: it will end with other "
                                               "weights than an uninterrupted run")));
}

TEST_F(GoOnFromTest, WhatChangesRoundingOnlyIsSaidSo) {
  now_.options["micro_batch_tokens"] = "512";
  GoOn();
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("if only by rounding")));
}

TEST_F(GoOnFromTest, OtherBatchesBeginTheEpochAgain) {
  for (const char* key : {"batch_tokens", "batch_order"}) {
    const std::string before = now_.options[key];
    now_.options[key] = "other";
    const TrainState state = GoOn();
    EXPECT_EQ(state.epoch, 3);
    EXPECT_EQ(state.batch_in_epoch, 0);
    EXPECT_THAT(warnings_, ElementsAre(HasSubstr("is other, but"), HasSubstr("so epoch 4 begins again")));
    now_.options[key] = before;
  }
}

// Scores that older versions wrote are of the smoothed loss; they are compared with such only.
TEST_F(GoOnFromTest, ARunScoredBySmoothedLossGoesOnSo) {
  saved_.smoothed_loss = true;
  EXPECT_FALSE(GoOn().smoothed_loss) << "nothing is scored yet";
  EXPECT_THAT(warnings_, IsEmpty());
  saved_.has_best = true;
  EXPECT_TRUE(GoOn().smoothed_loss);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("`metric` loss stays the loss with label smoothing in this run")));
}

TEST_F(GoOnFromTest, AnotherSeedOrMetricIsAnotherRun) {
  now_.options["metric"] = "bleu";
  EXPECT_THAT([&] { GoOn(); }, ThrowsMessage<OptionError>(HasSubstr("`metric` is bleu, but the last start had loss")));
  now_ = saved_;
  now_.seed = 6;
  EXPECT_THAT([&] { GoOn(); }, ThrowsMessage<OptionError>(HasSubstr("`seed` is 6, but the run in `output` began")));
}

class AboutRunTest : public testing::Test {
 protected:
  AboutRunTest() {
    options_.train_src = "/home/somebody/secret/train.en";
    options_.train_tgt = "data/train.de.gz";
  }
  ModelAbout About(const std::string& resumed = "") { return AboutRun(options_, files_, resumed, 29000); }
  std::string ModelThatSays(const ModelAbout& about) {
    WriteFile(files_, directory_ / kConfigFile, "{}");
    WriteFile(files_, directory_ / kAboutFile, about.ToJson());
    return directory_ / ".";
  }

  FileSystem& files_ = RealFileSystem();
  TestDirectory directory_;
  TrainOptions options_;
};

TEST_F(AboutRunTest, NamesProgramAndDataButNoDirectories) {
  const ModelAbout about = About();
  EXPECT_THAT(about.trained_with, testing::StartsWith("dragoman "));
  EXPECT_THAT(about.trained_on, ElementsAre("train.en", "train.de.gz"));
  EXPECT_EQ(about.pairs, 29000);
  EXPECT_EQ(about, About());  // no clock
}

TEST_F(AboutRunTest, OptionsSayTheRestAndATunedModelWhatItWasTunedFrom) {
  options_.name = "mine";
  options_.licence = "CC0";
  options_.init_from = ModelThatSays({.name = "first", .licence = "CC-BY-NC-4.0"});
  const ModelAbout about = About();
  EXPECT_EQ(about.name, "mine");
  EXPECT_EQ(about.licence, "CC0");
  EXPECT_THAT(about.made_from, ElementsAre(ModelAbout{.name = "first", .licence = "CC-BY-NC-4.0"}));
}

TEST_F(AboutRunTest, ARunThatGoesOnKeepsWhatWasWrittenByHand) {
  options_.init_from = "/no longer/there";
  const std::string resumed = ModelThatSays({.name = "by hand", .licence = "MIT", .trained_on = {"older"}});
  EXPECT_EQ(About(resumed).name, "by hand");
  EXPECT_THAT(About(resumed).trained_on, ElementsAre("train.en", "train.de.gz"));
  options_.name = "given";
  EXPECT_EQ(About(resumed).name, "given");
  EXPECT_EQ(About(resumed).licence, "MIT");
}

}  // namespace
}  // namespace dragoman
