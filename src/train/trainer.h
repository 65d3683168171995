// SPDX-License-Identifier: Apache-2.0
// The training loop: batches in, checkpoints and logs out.
#ifndef DRAGOMAN_TRAIN_TRAINER_H_
#define DRAGOMAN_TRAIN_TRAINER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/thread_pool.h"
#include "base/timer.h"
#include "data/prefetcher.h"
#include "data/token_corpus.h"
#include "decode/translation_model.h"
#include "model/transformer.h"
#include "train/checkpoint_store.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/options.h"
#include "train/reporter.h"
#include "train/stop_reason.h"
#include "train/train_state.h"
#include "train/validator.h"

namespace dragoman {

// One run. Killed at any moment and resumed, it ends with the bits of an uninterrupted run: the same options, machine
// and number of threads given.
class Trainer {
 public:
  // Reads everything, resumes if asked to, and reports what it found. Throws OptionError, FileError, FormatError, and
  // Interrupted if StopRequested() meanwhile.
  Trainer(const TrainOptions& options, FileSystem& files);
  ~Trainer();

  // Trains until a limit is reached or StopRequested(), saving on the way and at the end. Throws NumericError
  // for a loss or gradient that is not finite (see TrainOptions::on_non_finite); nothing damaged is ever saved.
  StopReason Run();

  const Transformer& model() const { return *model_; }
  const TrainState& state() const { return state_; }

 private:
  void OpenModel(const Checkpoint* last);
  void OpenData();
  void ResumeFrom(const Checkpoint& checkpoint);
  void ReportStart();

  bool ShouldStop(StopReason* reason);
  void NextBatches();  // those of one update
  void Step();
  void HandleNonFinite(const std::string& suspects, double loss, double norm);
  std::string LastSaved() const;
  bool ValidationIsDue() const;
  bool Validate();  // and saves, with the score; false, and nothing of it stays, if StopRequested() meanwhile
  void RequireSoundWeights();
  void Save(const ValidationScores* scores);
  StopReason Finish(StopReason reason);

  TrainOptions options_;
  FileSystem& files_;
  WorkerPool pool_;
  Reporter reporter_;
  CheckpointStore store_;
  VocabularyPair vocabs_;
  std::unique_ptr<Transformer> model_;
  std::unique_ptr<Optimizer> optimizer_;
  std::unique_ptr<GradientWorkers> workers_;
  std::unique_ptr<TokenCorpus> corpus_;
  std::unique_ptr<Prefetcher> prefetcher_;
  std::unique_ptr<Validator> validator_;
  TrainState state_;
  std::vector<Batch> batches_;  // of the next update
  Batch upcoming_;              // after those
  Batch witness_;               // the newest whose loss was finite
  int skipped_in_a_row_ = 0;
  int64_t saved_step_ = -1;
  int64_t validated_step_ = -1;  // the newest with a score
  double seconds_before_ = 0;    // of training, in earlier starts
  Timer timer_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_TRAINER_H_
