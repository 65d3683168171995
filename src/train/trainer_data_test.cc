// SPDX-License-Identifier: Apache-2.0
// What a run trains on: split pieces, several texts, text alone.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "format/model_file.h"
#include "train/trainer.h"
#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

TEST_F(TrainerTest, SubwordDropoutGoesOnInTheMiddleOfAnEpochAndOnlyTrainingHasIt) {
  const auto options = [&](const std::string& run, int64_t steps, double rate) {
    TrainOptions with = Rich(run, steps);
    with.src_subword_dropout = with.tgt_subword_dropout = rate;
    return with;
  };
  Train(options("straight", 25, 0.3));
  Train(options("stopped", 12, 0.3));
  EXPECT_GT(LastState("stopped").batch_in_epoch, 0);
  const std::string corpus = FileBytes(directory_ / "stopped/corpus.tokens");
  Train(Resumed(options("stopped", 25, 0.3)));
  ExpectSameEnd("stopped", "straight");
  Train(options("none", 25, 0));
  EXPECT_NE(Last("none", "model.safetensors"), Last("straight", "model.safetensors"));
  EXPECT_EQ(FileBytes(directory_ / "none/corpus.tokens"), corpus);
  EXPECT_EQ(LastState("none").sentences, LastState("straight").sentences);
  EXPECT_GT(LastState("straight").tgt_tokens, LastState("none").tgt_tokens);

  testing::internal::CaptureStderr();
  TrainOptions other = Resumed(options("stopped", 26, 0.1));
  other.quiet = false;
  Train(other);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("`src_subword_dropout` is 0.1, but the last start had 0.3"));
}

// Validation scores what it would without.
TEST_F(TrainerTest, SubwordDropoutLeavesValidationAlone) {
  TrainOptions with = Plain("with", 1), without = Plain("without", 1);
  for (TrainOptions* options : {&with, &without}) {
    options->valid_first = true;
    options->log_every = 1;
  }
  with.src_subword_dropout = with.tgt_subword_dropout = 1;
  Train(with);
  Train(without);
  const auto first_validation = [&](const std::string& run) {
    const std::string log = FileBytes(directory_ / run + "/train.jsonl");
    const size_t at = log.find("\"event\":\"valid\"");
    return log.substr(at, log.find("\"seconds\"", at) - at);
  };
  EXPECT_THAT(first_validation("without"), HasSubstr("bleu"));
  EXPECT_EQ(first_validation("with"), first_validation("without"));
}

TEST_F(TrainerTest, SeveralTextsAreTrainedOnAsOftenAsTheyWeigh) {
  const auto options = [&](const std::string& run, int64_t epochs) {
    TrainOptions several = Rich(run, 0);
    several.max_epochs = epochs;
    several.valid_every = 4;                     // where two epochs end
    several.train_src += "," + base_.valid_src;  // 100 pairs, and 15
    several.train_tgt += "," + base_.valid_tgt;
    several.train_weight = "0.5,2";
    return several;
  };
  EXPECT_EQ(Train(options("straight", 3)).sentences, 3 * (50 + 30));
  Train(options("stopped", 2));
  EXPECT_EQ(Train(Resumed(options("stopped", 3))).sentences, 3 * (50 + 30));
  ExpectSameEnd("stopped", "straight");
  TrainOptions other = Resumed(options("stopped", 4));
  other.train_weight = "1,1";
  testing::internal::CaptureStderr();
  EXPECT_EQ(Train(other).sentences, 3 * (50 + 30) + 2 * 115) << "the epoch begins again";
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("`train_weight` is 1,1, but the last start had 0.5,2"));
}

// From text alone to the task itself.
TEST_F(TrainerTest, DenoisingGoesOnWithTheSameBitsAndItsModelIsTunedOnPairs) {
  VocabOptions vocab = SmallVocabOptions(92);
  vocab.symbols = {"<mask>"};
  base_.vocab = directory_.Write("mask.model", TrainTestModel(vocab));
  const auto options = [&](const std::string& run, int64_t steps) {
    TrainOptions denoising = Rich(run, steps);
    denoising.denoise = Noise::kSpans;
    denoising.denoise_copies = 2;
    denoising.train_tgt = denoising.valid_tgt = "";
    return denoising;
  };
  Train(options("straight", 25));
  Train(options("stopped", 12));
  EXPECT_EQ(Train(Resumed(options("stopped", 25))).validations, LastState("straight").validations);
  ExpectSameEnd("stopped", "straight");
  TrainOptions other = Resumed(options("stopped", 30));
  other.denoise = Noise::kInfilling;
  EXPECT_THAT(TrainError<OptionError>(other), AllOf(HasSubstr("`denoise` is infilling, but the last start had spans"),
                                                    HasSubstr("that is other training data")));
  TrainOptions tuned = Plain("tuned", 3);
  tuned.init_from = directory_ / "straight";
  Train(tuned);
  EXPECT_GT(Last("tuned", "model.safetensors").size(), 1000u);
}

TEST_F(TrainerTest, DenoisingWithoutAMaskSaysHowToGetOne) {
  TrainOptions options = Plain("run", 3);
  options.denoise = Noise::kGap;
  options.train_tgt = options.valid_tgt = "";
  EXPECT_THAT(TrainError<OptionError>(options), HasSubstr("make the vocabulary with `symbols` <mask>"));
}

}  // namespace
}  // namespace dragoman
