// SPDX-License-Identifier: Apache-2.0
// Whole training runs that take milliseconds: a hundred pairs, a model of a few thousand weights. For tests.
#ifndef DRAGOMAN_TRAIN_TRAINER_TESTING_H_
#define DRAGOMAN_TRAIN_TRAINER_TESTING_H_

#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/faulty_file_system_testing.h"
#include "base/signals.h"
#include "data/corpus_testing.h"
#include "train/trainer.h"

namespace dragoman {

class TrainerTest : public testing::Test {
 protected:
  TrainerTest() {
    const ParallelInput pairs = WriteTestPairs(directory_);
    base_.train_src = pairs.source;
    base_.train_tgt = pairs.target;
    std::string src, tgt;  // every seventh pair once more: validation need not be unseen here
    const auto sentences = TestSentences();
    for (size_t i = 0; i + 1 < sentences.size(); i += 14) {
      src += sentences[i] + "\n";
      tgt += sentences[i + 1] + "\n";
    }
    base_.valid_src = directory_.Write("valid.en", src);
    base_.valid_tgt = directory_.Write("valid.zh", tgt);
    static const std::string vocabulary = TrainTestModel(SmallVocabOptions());
    base_.vocab = directory_.Write("v.model", vocabulary);
    base_.model = TransformerConfig::Preset("tiny");
    base_.model.encoder_layers = base_.model.decoder_layers = 1;
    base_.model.d_model = 16;
    base_.model.heads = 2;
    base_.model.d_ff = 32;
    base_.model.max_src_len = base_.model.max_tgt_len = 32;
    base_.schedule = ScheduleKind::kConstant;
    base_.learning_rate = 0.01;
    base_.warmup = 4;
    base_.batch_tokens = 150;
    base_.threads = 2;
    base_.valid_beam_size = 1;
    base_.valid_tokenize = "zh";
    base_.tensorboard = false;
    base_.quiet = true;
    base_.valid_every = 1'000'000;
    base_.save_every = 1'000'000;
  }

  // Everything that a resumed run has to bring back: accumulation, moving average, dropout, validation.
  TrainOptions Rich(const std::string& run, int64_t max_steps) const {
    TrainOptions options = Plain(run, max_steps);
    options.accumulate = 2;
    options.ema_decay = 0.9f;
    options.clip_norm = 1;
    options.weight_decay = 0.01f;
    options.valid_every = 6;
    options.save_every = 4;
    options.patience = 50;
    return options;
  }

  TrainOptions Plain(const std::string& run, int64_t max_steps) const {
    TrainOptions options = base_;
    options.output = directory_ / run;
    options.max_steps = max_steps;
    return options;
  }

  static TrainOptions Resumed(TrainOptions options) {
    options.resume = true;
    return options;
  }

  TrainState Train(const TrainOptions& options, StopReason* reason = nullptr) { return Train(files_, options, reason); }
  static TrainState Train(FileSystem& files, const TrainOptions& options, StopReason* reason = nullptr) {
    options.Validate();
    const StopSignal nobody_stops_it;
    Trainer trainer(options, files);
    const StopReason stopped_by = trainer.Run();
    if (reason != nullptr) *reason = stopped_by;
    return trainer.state();
  }

  // What training threw, which must be an ErrorType.
  template <class ErrorType>
  std::string TrainError(const TrainOptions& options) {
    return MessageOf<ErrorType>([&] { Train(options); });
  }

  // The bytes of a file of RUN/last.
  std::string Last(const std::string& run, const std::string& file) const {
    return FileBytes(directory_ / run + "/last/" + file);
  }

  TrainState LastState(const std::string& run) const {
    return TrainState::FromJson(Last(run, "train_state.json"), run);
  }

  // Weights, moments and state are those of the other run, to the bit; only time passes differently.
  void ExpectSameEnd(const std::string& run, const std::string& want) const {
    ASSERT_GT(Last(want, "model.safetensors").size(), 1000u);
    EXPECT_TRUE(Last(run, "model.safetensors") == Last(want, "model.safetensors")) << "other weights";
    EXPECT_TRUE(Last(run, "train_state.safetensors") == Last(want, "train_state.safetensors")) << "other moments";
    TrainState found = LastState(run), expected = LastState(want);
    found.seconds = expected.seconds = 0;
    EXPECT_EQ(found.ToJson(), expected.ToJson());
  }

  // The names of the run's checkpoints.
  std::vector<std::string> Checkpoints(const std::string& run) const {
    std::vector<std::string> names;
    for (const std::string& name : RealFileSystem().List(directory_ / run)) {
      if (name.rfind("step-", 0) == 0) names.push_back(name);
    }
    return names;
  }

  TestDirectory directory_;
  FaultyFileSystem files_{RealFileSystem()};  // nothing fails, but the disk need not spin for each sync
  TrainOptions base_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_TRAINER_TESTING_H_
