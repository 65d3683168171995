// SPDX-License-Identifier: Apache-2.0
// The training loop: batches in, checkpoints and logs out. opening.h makes ready what it works with, agreement.h is
// what the ranks of a run tell each other.
#ifndef DRAGOMAN_TRAIN_TRAINER_H_
#define DRAGOMAN_TRAIN_TRAINER_H_

#include <cstdint>
#include <optional>
#include <span>

#include "base/file_system.h"
#include "base/signals.h"
#include "base/timer.h"
#include "comm/communicator.h"
#include "data/update_stream.h"
#include "model/transformer.h"
#include "train/advisor.h"
#include "train/agreement.h"
#include "train/line_sink.h"
#include "train/opening.h"
#include "train/options.h"
#include "train/stop_reason.h"
#include "train/train_state.h"
#include "train/validator.h"

namespace dragoman {

// One run. Killed at any moment and resumed, it ends with the bits of an uninterrupted run: the same options, machine
// and numbers of threads and ranks given.
class Trainer {
 public:
  // Reads everything, resumes if asked to, and reports what it found. Throws OptionError, FileError, FormatError, and
  // Interrupted if StopRequested() meanwhile.
  //
  // comm: the ranks that train together, each with such a Trainer, of the same options. N of them do what one does with
  // N times `accumulate`, up to rounding. Only rank 0 reads and writes files; the others get everything from it.
  // lines: where it says what it does, as long as it lives.
  Trainer(const TrainOptions& options, FileSystem& files, Communicator& comm = Alone(),
          LineSink& lines = PlainStderr());

  // Trains until a limit is reached or StopRequested(), saving on the way and at the end. Throws NumericError
  // for a loss or gradient that is not finite (see TrainOptions::on_non_finite); nothing damaged is ever saved.
  StopReason Run();

  // What ended it (StopReason::kSignal), on whichever rank it came.
  int stop_signal() const { return stop_ > 0 ? stop_ - 1 : StopSignalNumber(); }

  const Transformer& model() const { return *run_.model; }
  const TrainState& state() const { return run_.standing.state; }

 private:
  bool StopAgreed() const;
  bool ShouldStop(StopReason* reason) const;
  StopReason Train();
  StopReason Finish(StopReason reason);

  UpdateFindings ComputeGradients();  // of all ranks
  void Step();
  void NoteTimedEnd();
  double Seconds() const { return seconds_before_ + timer_.Seconds(); }  // of training, on this rank

  bool ValidationIsDue() const;
  std::optional<ValidationScores> ScoresOf(std::span<float> weights);  // collective; none if StopRequested() meanwhile
  double QualityOf(const ValidationScores& scores) const;
  bool Validate();  // and saves, with the score; false, and nothing of it stays, if StopRequested() meanwhile
  void Save(std::optional<double> score);
  bool AverageBest();  // false, and there is no new average, if StopRequested() meanwhile
  void ReportExchange();

  OpenedRun run_;
  Advisor advisor_;
  UpdateBatches update_;     // the next one
  int stop_ = 0;             // agreed between ranks, as UpdateFindings::stop
  int64_t first_step_;       // of this start
  double seconds_before_;    // of training, in earlier starts
  Timer timer_;              // in this one
  int64_t sent_before_ = 0;  // bytes, before the first update
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_TRAINER_H_
