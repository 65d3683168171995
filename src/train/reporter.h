// SPDX-License-Identifier: Apache-2.0
// What a run says of itself: a line for a person, a record for a script (JSONL), a point for TensorBoard.
#ifndef DRAGOMAN_TRAIN_REPORTER_H_
#define DRAGOMAN_TRAIN_REPORTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/timer.h"
#include "train/gradient_workers.h"
#include "train/jsonl_log.h"
#include "train/line_sink.h"
#include "train/options.h"
#include "train/stop_reason.h"
#include "train/tensorboard_writer.h"
#include "train/train_state.h"
#include "train/validator.h"

namespace dragoman {

// Writes to a sink of lines, OUTPUT/train.jsonl and OUTPUT/tensorboard/. Used by one thread. A silent one does nothing
// at all: of several processes that train together one speaks.
class Reporter {
 public:
  Reporter(const TrainOptions& options, FileSystem& files, LineSink& lines, bool silent = false);

  // Opens the logs, once OUTPUT exists. A run that is resumed goes on in them: records later than start.step (of a run
  // that was killed) are dropped. An epoch has `pairs` pairs.
  void Open(const TrainState& start, int64_t pairs, bool is_resumed = false);

  // What was reported so far is on the disk when it returns: before a checkpoint is saved.
  void Sync();

  void Note(const std::string& line);  // a fact, a line
  void Warn(const std::string& line);
  void Advise(const std::string& line);  // a warning that those who want quiet do without

  // After each update; one that was skipped has no sums. Every log_every steps a line and a record of the steps since
  // the last; the first line comes after two seconds, whatever log_every is; progress in between.
  void Step(const TrainState& state, const BatchSums& sums, double learning_rate, double norm);
  const Unlogged& unlogged() const { return unlogged_; }  // goes into a checkpoint

  // The training has come to an end: a line and a record, marked as partial, of the steps since the last.
  void LogRest(const TrainState& state);

  void Validation(const TrainState& state, const ValidationScores& scores, bool is_best,
                  const std::vector<Validator::Sample>& samples);

  // The model that is the mean of a run's best checkpoints; scores are qualities (ValidationScores::Quality).
  struct Average {
    std::string output;
    std::vector<std::string> checkpoints;  // best first
    double score, best_score;              // its own, and the first checkpoint's
  };
  void Averaged(const TrainState& state, const ValidationScores& scores, const Average& average);

  std::string Why(const TrainState& state, StopReason reason) const;

  // Why the run ended, and where its models are. best: directory of the best checkpoint, "" if none has a score.
  void End(const TrainState& state, StopReason reason, const std::string& best);

 private:
  double SecondsLeft(const TrainState& state) const;  // until the first limit, by the pace so far; < 0 if unknown
  std::string ScoreText(const TrainState& state, double quality) const;  // "chrf 45.2"
  std::string Line(const TrainState& state) const;                       // of the steps since the last record
  void Log(const TrainState& state, bool is_partial);
  double TokensPerSecond() const;
  void RestartSpeed();

  const TrainOptions& options_;
  FileSystem& files_;
  LineSink& lines_;
  std::unique_ptr<JsonlLog> jsonl_;
  std::unique_ptr<TensorBoardWriter> tensorboard_;  // null when it is turned off
  const bool silent_;
  bool line_shown_ = false;  // in this start
  Unlogged unlogged_;
  int64_t logged_step_ = 0;              // of the last record, or of the start
  double learning_rate_ = 0, norm_ = 0;  // of the last step
  int64_t speed_tokens_ = 0;             // of the target, in
  double last_speed_ = 0;                // before that
  Timer speed_timer_;                    // this time: since the last record or validation of this start
  bool is_resumed_ = false;
  int64_t first_step_ = 0;  // of this start
  int64_t first_sentences_ = 0;
  int64_t pairs_ = 0;
  Timer start_timer_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_REPORTER_H_
