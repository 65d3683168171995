// SPDX-License-Identifier: Apache-2.0
#include "train/reporter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kFirstLineSeconds = 2;  // before the first line: the speed is known by then

// "1:02:03" or "2:03".
std::string Duration(double seconds) {
  const auto s = std::llround(seconds);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

Json RecordOf(const char* event, const TrainState& state, const ValidationScores& scores) {
  return {{"event", event},      {"step", state.step},          {"loss", scores.loss},
          {"nll", scores.nll},   {"ppl", std::exp(scores.nll)}, {"bleu", scores.bleu},
          {"chrf", scores.chrf}, {"rougeL", scores.rouge_l},    {"exact", scores.exact}};
}

// A number of so many digits after the point; short, too, when it is huge, as of a training that diverges.
std::string Readable(double number, int digits) {
  return std::abs(number) < 1e7 ? fmt::format("{:.{}f}", number, digits) : fmt::format("{:.3g}", number);
}

// The scores of the task that the metric is for: translations, summaries or answers. The record has all.
std::string TextOf(const ValidationScores& scores, StopMetric metric) {
  const std::string losses = fmt::format("loss {}  nll {}  ppl {}", Readable(scores.loss, 4), Readable(scores.nll, 4),
                                         Readable(std::exp(scores.nll), 2));
  if (metric == StopMetric::kRougeL) return fmt::format("{}  ROUGE-L {:.2f}", losses, scores.rouge_l);
  if (metric == StopMetric::kExactMatch) return fmt::format("{}  exact match {:.2f}", losses, scores.exact);
  return fmt::format("{}  BLEU {:.2f}  chrF {:.2f}", losses, scores.bleu, scores.chrf);
}

double PerToken(double sum, int64_t tokens) { return sum / static_cast<double>(std::max<int64_t>(1, tokens)); }

}  // namespace

Reporter::Reporter(const TrainOptions& options, FileSystem& files, LineSink& lines, bool silent)
    : options_(options), files_(files), lines_(lines), silent_(silent) {}

void Reporter::Open(const TrainState& start, int64_t pairs, bool is_resumed) {
  if (silent_) return;
  is_resumed_ = is_resumed;
  first_step_ = logged_step_ = start.step;
  first_sentences_ = start.sentences;
  unlogged_ = start.unlogged;
  pairs_ = pairs;
  jsonl_ = std::make_unique<JsonlLog>(files_, JoinPath(options_.output, kRunLogFile), is_resumed ? start.step : -1);
  if (options_.tensorboard) {
    tensorboard_ = std::make_unique<TensorBoardWriter>(files_, JoinPath(options_.output, kTensorBoardDirectory),
                                                       /*first_step=*/is_resumed ? start.step + 1 : 0);
  }
  start_timer_.Restart();
  RestartSpeed();
}

void Reporter::Sync() {
  if (silent_) return;
  jsonl_->Sync();
  if (tensorboard_) tensorboard_->Sync();
}

void Reporter::Note(const std::string& line) {
  if (!options_.quiet && !silent_) lines_.Note(line);
}

void Reporter::Warn(const std::string& line) {
  if (!silent_) lines_.Warn(line);
}

void Reporter::Advise(const std::string& line) {
  if (!options_.quiet) Warn(line);
}

double Reporter::SecondsLeft(const TrainState& state) const {
  double left = -1;
  const auto limit = [&](double seconds) { left = left < 0 ? seconds : std::min(left, seconds); };
  // At the pace of this start: it took so long for `done` of them.
  const auto limit_by = [&](int64_t remaining, int64_t done) {
    const double each = start_timer_.Seconds() / static_cast<double>(std::max<int64_t>(1, done));
    limit(static_cast<double>(std::max<int64_t>(0, remaining)) * each);
  };
  if (options_.max_steps > 0) limit_by(options_.max_steps - state.step, state.step - first_step_);
  if (options_.max_epochs > 0) {
    limit_by(options_.max_epochs * pairs_ - state.sentences, state.sentences - first_sentences_);
  }
  if (options_.max_minutes > 0) limit(std::max(0.0, options_.max_minutes * 60 - state.seconds));
  return left;
}

void Reporter::RestartSpeed() {
  if (speed_tokens_ > 0) last_speed_ = TokensPerSecond();
  speed_tokens_ = 0;
  speed_timer_.Restart();
}

double Reporter::TokensPerSecond() const {
  if (speed_tokens_ == 0) return last_speed_;  // right after a validation
  return static_cast<double>(speed_tokens_) / std::max(1e-9, speed_timer_.Seconds());
}

std::string Reporter::Line(const TrainState& state) const {
  const double left = SecondsLeft(state);
  const std::string loss =
      unlogged_.tgt_tokens == 0
          ? "no loss: skipped"
          : fmt::format("loss {}  ppl {:>8}", Readable(PerToken(unlogged_.loss, unlogged_.tgt_tokens), 4),
                        Readable(std::exp(PerToken(unlogged_.nll, unlogged_.tgt_tokens)), 2));
  return fmt::format("step {:>6}  epoch {:>3}  {}  lr {:.2e}  |g| {:.2f}  {:>7.0f} tokens/s{}", state.step,
                     state.epoch + 1, loss, learning_rate_, norm_, TokensPerSecond(),
                     left >= 0 ? "  ETA " + Duration(left) : std::string());
}

void Reporter::Step(const TrainState& state, const BatchSums& sums, double learning_rate, double norm) {
  if (silent_) return;
  if (is_resumed_ && state.step == first_step_ + 1) jsonl_->DropPartial();
  unlogged_.loss += sums.loss;
  unlogged_.nll += sums.nll;
  unlogged_.tgt_tokens += sums.tgt_tokens;
  unlogged_.skipped_updates += sums.tgt_tokens == 0;
  speed_tokens_ += sums.tgt_tokens;
  learning_rate_ = learning_rate;
  norm_ = norm;
  if (state.step % options_.log_every == 0) {
    Log(state, /*is_partial=*/false);
    unlogged_ = {};
    RestartSpeed();
  } else if (!line_shown_ && start_timer_.Seconds() > kFirstLineSeconds) {
    line_shown_ = true;
    Note(Line(state));
  } else if (!options_.quiet) {
    lines_.Progress(Line(state));
  }
}

void Reporter::LogRest(const TrainState& state) {
  if (!silent_ && state.step != logged_step_) Log(state, /*is_partial=*/true);
}

// What there is no finite number for is left out of the record.
void Reporter::Log(const TrainState& state, bool is_partial) {
  line_shown_ = true;
  logged_step_ = state.step;
  Note(Line(state));
  Json record{{"event", "train"}, {"step", state.step}, {"epoch", state.epoch}};
  const auto add = [&](const char* key, const char* tag, double value) {
    record[key] = value;
    if (tensorboard_) tensorboard_->Scalar(tag, state.step, static_cast<float>(value));
  };
  if (unlogged_.tgt_tokens > 0) {
    const double nll = PerToken(unlogged_.nll, unlogged_.tgt_tokens);
    add("loss", "train/loss", PerToken(unlogged_.loss, unlogged_.tgt_tokens));
    record["nll"] = nll;
    add("ppl", "train/perplexity", std::exp(nll));
  }
  add("lr", "train/learning_rate", learning_rate_);
  if (std::isfinite(norm_)) add("grad_norm", "train/gradient_norm", norm_);
  record["skipped"] = unlogged_.skipped_updates;
  add("tokens_per_s", "train/tokens_per_second", TokensPerSecond());
  record["seconds"] = state.seconds;
  if (is_partial) record["partial"] = true;
  jsonl_->Write(record.dump());
}

void Reporter::Validation(const TrainState& state, const ValidationScores& scores, bool is_best,
                          const std::vector<Validator::Sample>& samples) {
  if (silent_) return;
  Note(fmt::format("step {:>6}  validation: {}{}", state.step, TextOf(scores, options_.metric),
                   is_best ? "  (best so far)" : ""));
  for (const Validator::Sample& sample : samples) {
    Note(fmt::format("  source      {}\n  reference   {}\n  translation {}", sample.source, sample.reference,
                     sample.translation));
  }
  Json record = RecordOf("valid", state, scores);
  record["best"] = is_best;
  record["seconds"] = state.seconds;
  jsonl_->Write(record.dump());
  RestartSpeed();
  if (!tensorboard_) return;
  tensorboard_->Scalar("valid/loss", state.step, static_cast<float>(scores.loss));
  tensorboard_->Scalar("valid/perplexity", state.step, static_cast<float>(std::exp(scores.nll)));
  tensorboard_->Scalar("valid/bleu", state.step, static_cast<float>(scores.bleu));
  tensorboard_->Scalar("valid/chrf", state.step, static_cast<float>(scores.chrf));
  tensorboard_->Scalar("valid/rougeL", state.step, static_cast<float>(scores.rouge_l));
  tensorboard_->Scalar("valid/exact", state.step, static_cast<float>(scores.exact));
}

std::string Reporter::ScoreText(const TrainState& state, double quality) const {
  if (options_.metric != StopMetric::kLoss) return fmt::format("{} {:.4g}", EnumName(options_.metric), quality);
  return fmt::format("loss {:.4g} {} smoothing", -quality, state.smoothed_loss ? "with" : "without");
}

void Reporter::Averaged(const TrainState& state, const ValidationScores& scores, const Average& average) {
  const bool is_worse = !(average.score >= average.best_score);  // or not finite
  const std::string best =
      fmt::format("{}, the best of them ({})", average.checkpoints.front(), ScoreText(state, average.best_score));
  Note(fmt::format("averaged the {} best checkpoints into {}: {}", average.checkpoints.size(), average.output,
                   TextOf(scores, options_.metric)));
  if (is_worse) {
    Warn(
        fmt::format("this average ({}) is worse than {}, which `model` {} goes on to mean; checkpoints that lie "
                    "closer together, later ones or fewer, average better",
                    ScoreText(state, average.score), best, options_.output));
  } else {
    Note(fmt::format("this average ({}) is no worse than {}; to use it: `model` {}", ScoreText(state, average.score),
                     best, average.output));
  }
  Json record = RecordOf("average", state, scores);
  record["checkpoints"] = average.checkpoints.size();
  record["worse"] = is_worse;
  record["seconds"] = state.seconds;
  jsonl_->Write(record.dump());
}

std::string Reporter::Why(const TrainState& state, StopReason reason) const {
  switch (reason) {
    case StopReason::kMaxSteps:
      return "`max_steps` is reached";
    case StopReason::kMaxEpochs:
      return "`max_epochs` is reached";
    case StopReason::kMaxMinutes:
      return "`max_minutes` is reached";
    case StopReason::kPatience:
      return fmt::format("early stopping, {} without a better {}{}",
                         Counted(state.validations_since_best, "validation"), EnumName(options_.metric),
                         options_.min_delta > 0 ? fmt::format(" (by {} at least)", options_.min_delta) : "");
    case StopReason::kSignal:
      break;
  }
  return "a signal asked for it; `resume` goes on from here";
}

void Reporter::End(const TrainState& state, StopReason reason, const std::string& best) {
  if (silent_) return;
  std::string line = fmt::format("ended at step {}: {}", state.step, Why(state, reason));
  if (state.skipped_updates > 0) line += fmt::format("; updates skipped: {}", state.skipped_updates);
  if (state.has_best && !best.empty()) {
    line += fmt::format("; best: {} ({})", best, ScoreText(state, state.best_quality));
  }
  Note(line + "; last: " + JoinPath(options_.output, "last"));
  if (state.step == first_step_ && reason != StopReason::kSignal) return;  // it had ended before: the log knows
  constexpr const char* kReasons[] = {"max_steps", "max_epochs", "max_minutes", "patience", "signal"};
  jsonl_->Write(Json{{"event", "end"},
                     {"step", state.step},
                     {"reason", kReasons[static_cast<size_t>(reason)]},
                     {"skipped_updates", state.skipped_updates},
                     {"seconds", state.seconds}}
                    .dump());
  Sync();
}

}  // namespace dragoman
