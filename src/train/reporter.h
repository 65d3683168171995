// SPDX-License-Identifier: Apache-2.0
// What a run says of itself: a line for a person, a record for a script (JSONL), a point for TensorBoard.
#ifndef DRAGOMAN_TRAIN_REPORTER_H_
#define DRAGOMAN_TRAIN_REPORTER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "base/file_system.h"
#include "base/timer.h"
#include "train/gradient_workers.h"
#include "train/jsonl_log.h"
#include "train/options.h"
#include "train/stop_reason.h"
#include "train/tensorboard_writer.h"
#include "train/train_state.h"
#include "train/validator.h"

namespace dragoman {

// Writes to stderr, OUTPUT/train.jsonl and OUTPUT/tensorboard/. Used by one thread. A silent one does nothing at all:
// of several processes that train together one speaks.
class Reporter {
 public:
  Reporter(const TrainOptions& options, FileSystem& files, bool silent = false);
  ~Reporter();

  // Opens the logs, once OUTPUT exists; records later than start.step (of a run that was killed) are dropped. An epoch
  // has `pairs` pairs.
  void Open(const TrainState& start, int64_t pairs);

  // What was reported so far is on the disk when it returns: before a checkpoint is saved.
  void Sync();

  void Note(const std::string& line);  // a fact, a line
  void Warn(const std::string& line);

  // After each update; one that was skipped has no sums. Every log_every steps a line and a record of the time since
  // the last; on a terminal a progress line in between.
  void Step(const TrainState& state, const BatchSums& sums, double learning_rate, double norm);
  void Validation(const TrainState& state, const ValidationScores& scores, bool is_best,
                  const std::vector<Validator::Sample>& samples);

  // Why the run ended, and where its models are. best: directory of the best checkpoint, "" if none has a score.
  void End(const TrainState& state, StopReason reason, const std::string& best);

 private:
  double SecondsLeft(const TrainState& state) const;  // until the first limit, by the pace so far; < 0 if unknown
  void Progress(const std::string& line);
  void ClearProgress();
  std::string Why(const TrainState& state, StopReason reason) const;
  void Record(const TrainState& state, const BatchSums& sums, double learning_rate, double norm, double tokens_per_s);

  const TrainOptions& options_;
  FileSystem& files_;
  std::unique_ptr<JsonlLog> jsonl_;
  std::unique_ptr<TensorBoardWriter> tensorboard_;  // null when it is turned off
  const bool silent_;
  bool on_terminal_;
  bool progress_shown_ = false;
  BatchSums since_log_;
  Timer since_log_timer_;
  Timer progress_timer_;
  int64_t skipped_before_log_ = 0;  // TrainState::skipped_updates at the last record
  int64_t first_step_ = 0;          // of this start
  int64_t first_sentences_ = 0;
  int64_t pairs_ = 0;
  Timer start_timer_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_REPORTER_H_
