// SPDX-License-Identifier: Apache-2.0
// The training loop: batches in, checkpoints and logs out.
#ifndef DRAGOMAN_TRAIN_TRAINER_H_
#define DRAGOMAN_TRAIN_TRAINER_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/signals.h"
#include "base/thread_pool.h"
#include "base/timer.h"
#include "comm/communicator.h"
#include "data/prefetcher.h"
#include "data/token_corpus.h"
#include "decode/translation_model.h"
#include "model/about.h"
#include "model/transformer.h"
#include "train/advice.h"
#include "train/checkpoint_store.h"
#include "train/gradient_exchange.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/options.h"
#include "train/reporter.h"
#include "train/run_length.h"
#include "train/stop_reason.h"
#include "train/train_state.h"
#include "train/validator.h"
#include "train/weight_guard.h"

namespace dragoman {

// One run. Killed at any moment and resumed, it ends with the bits of an uninterrupted run: the same options, machine
// and numbers of threads and ranks given.
class Trainer {
 public:
  // Reads everything, resumes if asked to, and reports what it found. Throws OptionError, FileError, FormatError, and
  // Interrupted if StopRequested() meanwhile.
  //
  // comm: the ranks that train together, each with such a Trainer, of the same options. N of them do what one does with
  // N times --accumulate, up to rounding. Only rank 0 reads and writes files; the others get everything from it.
  // lines: where it says what it does, as long as it lives.
  Trainer(const TrainOptions& options, FileSystem& files, Communicator& comm = Alone(),
          LineSink& lines = PlainStderr());
  ~Trainer();

  // Trains until a limit is reached or StopRequested(), saving on the way and at the end. Throws NumericError
  // for a loss or gradient that is not finite (see TrainOptions::on_non_finite); nothing damaged is ever saved.
  StopReason Run();

  // What ended it (StopReason::kSignal), on whichever rank it came.
  int stop_signal() const { return stop_ > 0 ? stop_ - 1 : StopSignalNumber(); }

  const Transformer& model() const { return *model_; }
  const TrainState& state() const { return state_; }

 private:
  bool IsFirst() const { return comm_.rank() == 0; }
  void RequireEqualOptions();
  void OpenModel(const Checkpoint* last);
  void ResumeFrom(const Checkpoint& checkpoint);
  void OpenCorpus();
  void ShareState();
  void OpenValidation();
  void ReportStart();
  MemoryFacts MemoryOf(const TransformerConfig& config) const;
  RunFacts Facts() const;
  void ReportTimedEnd();

  // What all ranks together found in an update.
  struct UpdateSums {
    BatchSums sums;
    double squares = 0;    // of the gradient
    std::string suspects;  // the first batch without a finite loss, or all
  };

  bool StopAgreed() const { return comm_.size() == 1 ? StopRequested() : stop_ > 0; }
  bool ShouldStop(StopReason* reason);
  UpdateSums ComputeGradients();
  UpdateSums Agree(const UpdateSums& own, int suspect);
  void Step();
  bool ValidationIsDue() const;
  std::optional<ValidationScores> ScoresOf(std::span<float> weights);  // collective; none if StopRequested() meanwhile
  double QualityOf(const ValidationScores& scores) const {
    return scores.Quality(options_.metric, state_.smoothed_loss);
  }
  bool Validate();  // and saves, with the score; false, and nothing of it stays, if StopRequested() meanwhile
  void Save(std::optional<double> score);
  StopReason Train();
  StopReason Finish(StopReason reason);
  bool AverageBest();  // false, and there is no new average, if StopRequested() meanwhile

  Communicator& comm_;
  TrainOptions options_;
  FileSystem& files_;
  WorkerPool pool_;
  Precision precision_;  // of products, on all ranks
  Reporter reporter_;
  std::unique_ptr<CheckpointStore> store_;  // rank 0's
  VocabularyPair vocabs_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientWorkers> workers_;
  std::unique_ptr<WeightGuard> guard_;
  std::unique_ptr<GradientExchange> exchange_;  // null for a single rank
  GradientWorkers::OnFinal on_final_;
  std::unique_ptr<TokenCorpus> corpus_;
  std::unique_ptr<RunLength> length_;
  std::unique_ptr<Prefetcher> prefetcher_;
  std::unique_ptr<Validator> validator_;
  TrainState state_;
  ModelAbout about_;             // rank 0's
  UpdateBatches update_;         // the next one
  bool told_of_warmup_ = false;  // that it will not be over when the run is
  int64_t saved_step_ = -1;
  int64_t validated_step_ = -1;  // the newest with a score
  double seconds_before_ = 0;    // of training, in earlier starts
  int stop_ = 0;                 // agreed between ranks: 1 + the signal's number, 0 while there was none
  double waited_seconds_ = 0;    // for gradients of other ranks
  int64_t first_step_ = 0;       // of this start
  int64_t sent_before_ = 0;      // bytes, before the first update
  Timer timer_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_TRAINER_H_
