// SPDX-License-Identifier: Apache-2.0
// What a run does about numbers that are not finite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include "comm/local_transport_testing.h"
#include "format/model_file.h"
#include "kernels/elementwise.h"
#include "train/trainer_testing.h"

namespace dragoman {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

class TrainerNumericTest : public TrainerTest {
 protected:
  // A model to begin from that has no finite loss for a source with a certain word in it, but for all others.
  std::string WritePoisonedModel() {
    return WriteModel("poisoned", [](TranslationModel& opened) {
      const auto tokens = opened.vocabs.src->Encode("teacher");
      const auto width = static_cast<size_t>(opened.model->config().d_model);
      const auto row = opened.model->parameters()
                           .Writable("src_embed.weight")
                           .subspan(static_cast<size_t>(tokens.back()) * width, width);
      std::ranges::fill(row, std::numeric_limits<float>::max());
    });
  }

  // A model trained for two steps, then changed.
  std::string WriteModel(const std::string& model, const std::function<void(TranslationModel&)>& change) {
    Train(PlainDecoderTied("sound", 2));
    TranslationModel opened = LoadTranslationModel(files_, directory_ / "sound");
    change(opened);
    const std::string directory = directory_ / model;
    files_.CreateDirectory(directory);
    for (const char* name : {kConfigFile, kJointVocabFile}) {
      WriteFile(files_, JoinPath(directory, name), Last("sound", name));
    }
    const auto weights = files_.Create(JoinPath(directory, kWeightsFile));
    WriteSafetensors(ParameterViews(opened.model->parameters(), opened.model->parameters().values()), {}, *weights);
    weights->Close();
    return directory;
  }

  TrainOptions PlainDecoderTied(const std::string& run, int64_t max_steps) const {
    TrainOptions options = Plain(run, max_steps);
    options.model.tying = Tying::kDecoder;  // the source's embedding is its own
    options.valid_src = options.valid_tgt = "";
    options.batch_tokens = 20;  // two or three sentences
    return options;
  }

  void ExpectLastIsSound(const std::string& run) {
    EXPECT_TRUE(VerifyCheckpoint(files_, directory_ / run + "/last").has_value());
    EXPECT_TRUE(kernels::AllFinite(LoadTransformer(files_, directory_ / run + "/last")->parameters().values()));
  }
};

TEST_F(TrainerNumericTest, StopNamesStepAndBatchAndTheLastCheckpointIsGood) {
  Train(Rich("straight", 18));
  Train(Rich("run", 6));
  TrainOptions absurd = Resumed(Rich("run", 18));
  absurd.learning_rate = 1e30;
  absurd.save_every = absurd.valid_every = 1000;
  EXPECT_THAT(TrainError<NumericError>(absurd),
              AllOf(ContainsRegex("step 8, batch [0-9]+ of epoch [0-9]+: the loss is -?nan"),
                    HasSubstr("the last checkpoint is of step 6"), HasSubstr("`on_non_finite` skip")));
  ExpectLastIsSound("run");
  Train(Resumed(Rich("run", 18)));
  ExpectSameEnd("run", "straight");
}

// The first update leaves weights that are finite, but that nobody can compute with.
TEST_F(TrainerNumericTest, WeightsWithoutAFiniteLossAreNotSaved) {
  Train(Rich("run", 6));
  for (const double rate : {1e30, 1e38, 1e300}) {
    TrainOptions absurd = Resumed(Rich("run", 18));
    absurd.learning_rate = rate;
    absurd.save_every = 1;
    EXPECT_THAT(TrainError<NumericError>(absurd), AllOf(HasSubstr("step 7"), HasSubstr("nothing is saved"),
                                                        HasSubstr("the last checkpoint is of step 6")));
    EXPECT_EQ(LastState("run").step, 6);
    ExpectLastIsSound("run");
  }
}

// With a finite loss everywhere it may have been any of the update's batches.
TEST_F(TrainerNumericTest, AGradientThatIsNotFiniteNamesAllBatchesOfTheUpdate) {
  TrainOptions options = PlainDecoderTied("run", 5);
  // A tiny number times a huge one in the forward pass, that huge one times a gradient in the backward pass.
  options.init_from = WriteModel("steep", [](TranslationModel& opened) {
    const auto fill = [&](const char* name, float value) {
      const auto values = opened.model->parameters().Writable(std::string("decoder.layers.0.") + name);
      std::ranges::fill(values, value);
      return values;
    };
    fill("ffn.in_proj.weight", 0);
    fill("ffn.in_proj.bias", 2e-38f);
    fill("ffn.out_proj.weight", 0)[0] = 3e38f;
    fill("ffn_norm.weight", 1e4f);
  });
  options.vocab = "";
  options.accumulate = 3;
  EXPECT_THAT(TrainError<NumericError>(options), ContainsRegex("step 1, batches 1 to 3 of epoch 1: the loss is [0-9]"));
  options.accumulate = 1;
  EXPECT_THAT(TrainError<NumericError>(options), HasSubstr("step 1, batch 1 of epoch 1: "));
}

// Adam's first update moves each weight by about the learning rate, however many were skipped before.
TEST_F(TrainerNumericTest, SkippedUpdatesDoNotCountForAdam) {
  TrainOptions options = PlainDecoderTied("run", 2);
  options.init_from = WritePoisonedModel();
  options.vocab = "";
  options.on_non_finite = OnNonFinite::kSkip;
  options.batch_order = BatchOrder::kFile;
  options.batch_tokens = 1;  // a pair is a batch
  options.warmup = 0;
  options.train_src = directory_.Write("two.en", "I am a teacher.\nI see a cat.\n");
  options.train_tgt = directory_.Write("two.zh", "我是老师。\n我看见一只猫。\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(Train(options).skipped_updates, 1);
  testing::internal::GetCapturedStderr();
  const auto before = LoadTransformer(files_, directory_ / "poisoned"),
             after = LoadTransformer(files_, directory_ / "run/last");
  double largest = 0;
  for (size_t i = 0; i < before->parameters().values().size(); ++i) {
    if (before->parameters().values()[i] > 1e30f) continue;
    const double moved = double{after->parameters().values()[i]} - before->parameters().values()[i];
    largest = std::max(largest, std::abs(moved));
  }
  EXPECT_NEAR(largest, options.learning_rate, 0.01 * options.learning_rate);
}

TEST_F(TrainerNumericTest, SaysOnceThatNothingIsSavedAndAdvisesWhatIsNotSetAlready) {
  TrainOptions options = Plain("run", 5);
  options.learning_rate = 1e38;
  options.save_every = 1;
  EXPECT_THAT(TrainError<NumericError>(options),
              AllOf(HasSubstr("so nothing is saved; there is no checkpoint yet."), HasSubstr("or `clip_norm` 1")));
  options.clip_norm = 1;
  EXPECT_THAT(TrainError<NumericError>(options), Not(HasSubstr("`clip_norm`")));
}

TEST_F(TrainerNumericTest, SkipGoesOnWithTheOtherBatchesAndCounts) {
  TrainOptions options = PlainDecoderTied("run", 60);
  options.init_from = WritePoisonedModel();
  options.vocab = "";
  EXPECT_THAT(TrainError<NumericError>(options), ContainsRegex("step [0-9]+, batch [0-9]+ of epoch 1: the loss is"));

  options.output = directory_ / "skipping";
  options.on_non_finite = OnNonFinite::kSkip;
  testing::internal::CaptureStderr();
  const TrainState state = Train(options);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), ContainsRegex("warning: step [0-9]+, batch [0-9]+ of .*skipped"));
  EXPECT_EQ(state.step, 60);
  EXPECT_GT(state.skipped_updates, 5);
  EXPECT_LT(state.skipped_updates, 50);
  ExpectLastIsSound("skipping");
  EXPECT_EQ(LastState("skipping"), state);
}

TEST_F(TrainerNumericTest, SkippingRunResumesWithTheSameBits) {
  const std::string poisoned = WritePoisonedModel();
  const auto options_of = [&](const std::string& run, int64_t steps) {
    TrainOptions options = PlainDecoderTied(run, steps);
    options.init_from = poisoned;
    options.vocab = "";
    options.on_non_finite = OnNonFinite::kSkip;
    options.save_every = 1;
    return options;
  };
  testing::internal::CaptureStderr();
  Train(options_of("straight", 40));
  for (int64_t step = 1; step < 40; step += 3) {
    const std::string run = "stopped-" + std::to_string(step);
    Train(options_of(run, step));
    Train(Resumed(options_of(run, 40)));
    ExpectSameEnd(run, "straight");
  }
  testing::internal::GetCapturedStderr();
}

TEST_F(TrainerNumericTest, SkippingGivesUpWhenNothingElseIsLeft) {
  TrainOptions options = Plain("run", 1000);
  options.learning_rate = 1e30;
  options.on_non_finite = OnNonFinite::kSkip;
  testing::internal::CaptureStderr();
  EXPECT_THAT(TrainError<NumericError>(options), AllOf(HasSubstr("step 101"), HasSubstr("there is no checkpoint yet")));
  testing::internal::GetCapturedStderr();
  EXPECT_FALSE(files_.Exists(directory_ / "run/last"));

  options.output = directory_ / "short";
  options.max_steps = 20;
  testing::internal::CaptureStderr();
  EXPECT_THAT(TrainError<NumericError>(options), HasSubstr("step 20: "));
  testing::internal::GetCapturedStderr();
}

// Each of two checkpoints has a weight that is finite, and multiplied by nothing but zeros; their sum is neither.
TEST_F(TrainerNumericTest, AnAverageThatCannotBeScoredLeavesTheModelItsWeights) {
  TrainOptions options = PlainDecoderTied("run", 2);
  options.init_from = WriteModel("steep", [](TranslationModel& opened) {
    ParameterStore& parameters = opened.model->parameters();
    std::ranges::fill(parameters.Writable("decoder.layers.0.ffn.in_proj.weight"), 0.0f);
    std::ranges::fill(parameters.Writable("decoder.layers.0.ffn.in_proj.bias"), 0.0f);
    parameters.Writable("decoder.layers.0.ffn.out_proj.weight")[0] = 3e38f;
  });
  options.vocab = "";
  options.valid_src = base_.valid_src;
  options.valid_tgt = base_.valid_tgt;
  options.valid_every = 1;
  options.keep_best = options.average_best = 2;
  options.learning_rate = 1e-30;
  const StopSignal nobody_stops_it;
  Trainer trainer(options, files_);
  EXPECT_THROW(trainer.Run(), NumericError);
  EXPECT_TRUE(kernels::AllFinite(trainer.model().parameters().values()));
  ExpectLastIsSound("run");
}

TEST_F(TrainerNumericTest, RanksSkipTheSameUpdatesAsOneAndNameTheSameBatches) {
  TrainOptions options = PlainDecoderTied("alone", 8);
  options.init_from = WritePoisonedModel();
  options.on_non_finite = OnNonFinite::kSkip;
  options.threads = 1;
  options.accumulate = 2;
  testing::internal::CaptureStderr();
  const TrainState want = Train(options);
  const std::string want_warnings = testing::internal::GetCapturedStderr();
  ASSERT_GT(want.skipped_updates, 0);
  ASSERT_LT(want.skipped_updates, 8);
  options.accumulate = 1;
  options.output = directory_ / "together";
  TrainState found;
  const StopSignal nobody_stops_it;
  testing::internal::CaptureStderr();
  RunRanks(2, [&](Communicator& comm) {
    FaultyFileSystem files(RealFileSystem());
    Trainer trainer(options, files, comm);
    trainer.Run();
    if (comm.rank() == 0) found = trainer.state();
  });
  EXPECT_EQ(testing::internal::GetCapturedStderr(), want_warnings);
  EXPECT_EQ(found.skipped_updates, want.skipped_updates);
}

}  // namespace
}  // namespace dragoman
