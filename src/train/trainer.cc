// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "train/average.h"
#include "train/run_checkpoint.h"
#include "train/run_facts.h"
#include "train/schedule.h"

namespace dragoman {
namespace {

// "batch 9 of epoch 1", "batches 9 to 12 of epoch 1"; an update never reaches into another epoch.
std::string NameOf(const DataPosition& begin, int64_t end) {
  if (end == begin.batch + 1) return fmt::format("batch {} of epoch {}", end, begin.epoch + 1);
  return fmt::format("batches {} to {} of epoch {}", begin.batch + 1, end, begin.epoch + 1);
}

// The first batch without a finite loss, or all of the update.
std::string NameSuspects(const UpdateBatches& update, int first_suspect) {
  if (first_suspect == UpdateFindings::kNoBatch) return NameOf(update.begin, update.end.batch);
  const int64_t batch = update.begin.batch + first_suspect;
  return NameOf({update.begin.epoch, batch}, batch + 1);
}

// Values that change places with others as long as this lives, whatever ends it.
class Swapped {
 public:
  Swapped(std::span<float> values, std::span<float> others) : values_(values), others_(others) { Swap(); }
  ~Swapped() { Swap(); }
  Swapped(const Swapped&) = delete;
  Swapped& operator=(const Swapped&) = delete;

 private:
  void Swap() { std::ranges::swap_ranges(values_, others_); }

  std::span<float> values_, others_;
};

}  // namespace

Trainer::Trainer(const TrainOptions& options, FileSystem& files, Communicator& comm, LineSink& lines)
    : run_(options, files, comm, lines),
      advisor_(run_.options, *run_.length, run_.reporter),
      first_step_(run_.standing.state.step),
      seconds_before_(run_.standing.state.seconds) {
  advisor_.AtStart(FactsOf(run_));
}

StopReason Trainer::Run() {
  try {
    return Finish(Train());
  } catch (const Error&) {
    try {
      run_.reporter.LogRest(run_.standing.state);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
}

bool Trainer::StopAgreed() const { return run_.comm.size() == 1 ? StopRequested() : stop_ > 0; }

bool Trainer::ShouldStop(StopReason* reason) const {
  const TrainOptions& options = run_.options;
  const TrainState& state = run_.standing.state;
  if (StopAgreed()) {
    *reason = StopReason::kSignal;
  } else if (options.max_steps > 0 && state.step >= options.max_steps) {
    *reason = StopReason::kMaxSteps;
  } else if (options.max_minutes > 0 && state.seconds >= options.max_minutes * 60) {
    *reason = StopReason::kMaxMinutes;
  } else if (options.max_epochs > 0 && update_.begin.epoch >= options.max_epochs) {
    *reason = StopReason::kMaxEpochs;
  } else if (options.patience > 0 && state.validations_since_best >= options.patience) {
    *reason = StopReason::kPatience;
  } else {
    return false;
  }
  return true;
}

StopReason Trainer::Train() {
  StopReason reason{};
  timer_.Restart();
  if (run_.store) run_.store->RemoveSurplus();
  stop_ = AgreeOnStop(run_.comm);
  sent_before_ = run_.comm.sent_bytes();
  run_.prefetcher->Next(&update_);
  if (ValidationIsDue()) Validate();  // a signal ended the one before the checkpoint
  while (!ShouldStop(&reason)) {
    Step();
    run_.prefetcher->Next(&update_);
    if (ShouldStop(&reason)) break;  // Finish validates and saves the last one
    if (ValidationIsDue()) {
      Validate();
    } else if (run_.standing.state.step % run_.options.save_every == 0) {
      Save(std::nullopt);
    }
  }
  return reason;
}

UpdateFindings Trainer::ComputeGradients() {
  const auto step = static_cast<uint64_t>(run_.standing.state.step);
  UpdateFindings own = run_.learner->ComputeGradients(update_, HashCombine(HashCombine(run_.options.seed, 2), step));
  own.stop = StopAskedHere();
  own.seconds = Seconds();
  return Agree(own, run_.comm);
}

void Trainer::Step() {
  const UpdateFindings found = ComputeGradients();
  TrainState& state = run_.standing.state;
  stop_ = found.stop;
  state.seconds = found.seconds;
  const double norm = std::abs(std::sqrt(found.squares));  // a NaN, too, has a sign, which would be printed
  NoteTimedEnd();
  const ScheduleOptions schedule = run_.length->ScheduleAt(state.timed_steps);
  const double rate = LearningRate(schedule, run_.model->config().d_model, state.step + 1);
  const bool is_finite = std::isfinite(found.sums.loss) && std::isfinite(norm);
  if (is_finite) {
    run_.learner->Update(update_.batches, state.step + 1 - state.skipped_updates, rate, norm);
  } else {
    WeightGuard& guard = run_.learner->guard();
    run_.reporter.Warn(guard.Skip(state.step + 1, NameSuspects(update_, found.first_suspect), found.sums.loss, norm,
                                  run_.standing.saved_step));
    run_.learner->Discard();
    ++state.skipped_updates;
  }
  ++state.step;
  state.epoch = update_.end.epoch;
  state.batch_in_epoch = update_.end.batch;
  state.sentences += found.sums.sentences;
  state.tgt_tokens += found.sums.tgt_tokens;
  // A NaN would be the mean of all that the log sums up.
  run_.reporter.Step(state, is_finite ? found.sums : BatchSums{}, rate, norm);
}

void Trainer::NoteTimedEnd() {
  TrainState& state = run_.standing.state;
  const double limit = run_.options.max_minutes * 60;
  if (!(limit > 0)) return;
  const int64_t before = state.timed_steps;
  state.timed_steps = StepsInTime(state.step + 1, state.seconds, limit, before);
  if (before == 0 && state.timed_steps > 0) advisor_.AtTimedEndKnown(state.timed_steps);
}

bool Trainer::ValidationIsDue() const {
  const int64_t step = run_.standing.state.step;
  if (!run_.validator || run_.standing.validated_step == step) return false;
  return step == 0 ? run_.options.valid_first : step % run_.options.valid_every == 0;
}

// The weights change places with the model's meanwhile; an empty span stands for the model's own.
std::optional<ValidationScores> Trainer::ScoresOf(std::span<float> weights) {
  const Swapped in_use(weights, run_.model->parameters().values());
  try {
    return run_.validator->Run(ThrowIfStopRequested);
  } catch (const Interrupted& interrupted) {
    stop_ = 1 + interrupted.signal;
    return std::nullopt;
  }
}

double Trainer::QualityOf(const ValidationScores& scores) const {
  return scores.Quality(run_.options.metric, run_.standing.state.smoothed_loss);
}

bool Trainer::Validate() {
  TrainState& state = run_.standing.state;
  const std::span<float> average =
      run_.learner->optimizer().average();  // the weights that will be used, if there is one
  // Or the search would complain, which knows nothing of steps.
  run_.learner->guard().RequireSound(state.step, update_.batches, run_.standing.saved_step);
  run_.learner->Gather(average, /*to_all=*/true);
  const std::optional<ValidationScores> scores = ScoresOf(average);
  if (!scores) return false;
  const bool is_best = state.CountValidation(QualityOf(*scores), run_.options.min_delta);
  run_.standing.validated_step = state.step;
  run_.reporter.Validation(state, *scores, is_best, run_.validator->samples());
  state.seconds = AgreeOnSeconds(Seconds(), run_.comm);
  if (StopReason reason; ShouldStop(&reason)) run_.reporter.LogRest(state);  // before it counts as saved
  Save(QualityOf(*scores));
  return true;
}

void Trainer::Save(std::optional<double> score) {
  Learner& learner = *run_.learner;
  TrainState& state = run_.standing.state;
  int64_t& saved_step = run_.standing.saved_step;
  learner.guard().RequireEqual(state.step, saved_step);
  learner.Gather(learner.optimizer().first_moment(), /*to_all=*/false);
  learner.Gather(learner.optimizer().second_moment(), /*to_all=*/false);
  learner.Gather(learner.optimizer().average(), /*to_all=*/false);
  if (!run_.IsFirst()) {
    saved_step = state.step;
    return;
  }
  learner.guard().RequireSound(state.step, update_.batches, saved_step);
  CheckpointContents contents;
  contents.step = state.step;
  contents.score = score;
  state.unlogged = run_.reporter.unlogged();
  contents.files = CheckpointFiles(state, run_.about, run_.vocabs, *run_.model, learner.optimizer());
  run_.reporter.Sync();  // no record up to this step may be missing once the checkpoint is there
  run_.store->Save(contents);
  saved_step = state.step;
}

StopReason Trainer::Finish(StopReason reason) {
  const TrainState& state = run_.standing.state;
  run_.reporter.LogRest(state);
  if (reason != StopReason::kSignal && state.step > first_step_) {
    advisor_.AtEnd(state.step, run_.reporter.Why(state, reason));
  }
  const bool validates = reason != StopReason::kSignal && run_.validator && run_.standing.validated_step != state.step;
  if (validates && !Validate()) reason = StopReason::kSignal;
  if (run_.standing.saved_step != state.step) Save(std::nullopt);
  if (reason != StopReason::kSignal && run_.options.average_best > 0 && !AverageBest()) reason = StopReason::kSignal;
  if (!run_.IsFirst()) return reason;
  ReportExchange();
  const auto best = run_.store->BestDirectories(1);
  run_.reporter.End(state, reason, best.empty() ? "" : best.front());
  return reason;
}

void Trainer::ReportExchange() {
  const int64_t steps = run_.standing.state.step - first_step_;
  if (run_.comm.size() == 1 || steps == 0) return;
  run_.reporter.Note(
      fmt::format("exchange: {:.3f} MB sent by a rank in an update, {:.2f} ms of it waited for",
                  static_cast<double>(run_.comm.sent_bytes() - sent_before_) / 1e6 / static_cast<double>(steps),
                  run_.learner->waited_seconds() * 1e3 / static_cast<double>(steps)));
}

bool Trainer::AverageBest() {
  std::vector<std::string> best;
  TranslationModel mean;       // rank 0's
  std::vector<float> weights;  // another rank's
  std::span<float> values;     // of either
  if (run_.IsFirst()) {
    best = run_.store->BestDirectories(run_.options.average_best);
    mean = MeanOfModels(run_.files, best, [this](const std::string& line) { run_.reporter.Warn(line); });
    values = mean.model->parameters().values();
  } else {
    weights.resize(static_cast<size_t>(run_.model->parameters().flat_size()));
    values = weights;
  }
  run_.comm.Broadcast(values);
  const std::optional<ValidationScores> scores = ScoresOf(values);
  if (!scores || !run_.IsFirst()) return scores.has_value();
  Reporter::Average report{.output = AverageDirectory(run_.options.output),
                           .checkpoints = best,
                           .score = QualityOf(*scores),
                           .best_score = ReadManifest(run_.files, best.front()).score.value()};
  WriteAverage(run_.files, mean, run_.about, report.score, report.output);
  run_.reporter.Averaged(run_.standing.state, *scores, report);
  return true;
}

}  // namespace dragoman
