// SPDX-License-Identifier: Apache-2.0
#include "train/reporter.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>

namespace dragoman {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kProgressSeconds = 0.2;  // between two progress lines on a terminal

// "1:02:03" or "2:03".
std::string Duration(double seconds) {
  const auto s = std::llround(seconds);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

// Of the terminal at stderr; plenty if it does not say.
size_t TerminalColumns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 1000;
}

double PerToken(double sum, int64_t tokens) { return sum / static_cast<double>(std::max<int64_t>(1, tokens)); }

}  // namespace

Reporter::Reporter(const TrainOptions& options, FileSystem& files, bool silent)
    : options_(options), files_(files), silent_(silent), on_terminal_(isatty(STDERR_FILENO) != 0) {}

Reporter::~Reporter() { ClearProgress(); }

void Reporter::Open(const TrainState& start, int64_t pairs) {
  if (silent_) return;
  first_step_ = start.step;
  first_sentences_ = start.sentences;
  skipped_before_log_ = start.skipped_updates;
  pairs_ = pairs;
  jsonl_ = std::make_unique<JsonlLog>(files_, JoinPath(options_.output, "train.jsonl"), start.step);
  if (options_.tensorboard) {
    tensorboard_ = std::make_unique<TensorBoardWriter>(files_, JoinPath(options_.output, "tensorboard"),
                                                       /*first_step=*/start.step + 1);
  }
  start_timer_.Restart();
  since_log_timer_.Restart();
}

void Reporter::Sync() {
  if (silent_) return;
  jsonl_->Sync();
  if (tensorboard_) tensorboard_->Sync();
}

void Reporter::Note(const std::string& line) {
  if (options_.quiet || silent_) return;
  ClearProgress();
  std::cerr << line << std::endl;
}

void Reporter::Warn(const std::string& line) {
  if (silent_) return;
  ClearProgress();
  std::cerr << "warning: " << line << std::endl;
}

void Reporter::Progress(const std::string& line) {
  if (options_.quiet || !on_terminal_ || progress_timer_.Seconds() < kProgressSeconds) return;
  std::cerr << "\r\x1b[K" << line.substr(0, TerminalColumns() - 1) << std::flush;  // in the last one it would wrap
  progress_shown_ = true;
  progress_timer_.Restart();
}

void Reporter::ClearProgress() {
  if (progress_shown_) std::cerr << "\r\x1b[K" << std::flush;
  progress_shown_ = false;
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

void Reporter::Step(const TrainState& state, const BatchSums& sums, double learning_rate, double norm) {
  if (silent_) return;
  since_log_.Add(sums);
  const double tokens_per_s = static_cast<double>(since_log_.tgt_tokens) / std::max(1e-9, since_log_timer_.Seconds());
  const auto line = [&] {
    const double left = SecondsLeft(state);
    const std::string loss =
        since_log_.tgt_tokens == 0
            ? "no loss: skipped"
            : fmt::format("loss {:.4f}  ppl {:8.2f}", PerToken(since_log_.loss, since_log_.tgt_tokens),
                          std::exp(PerToken(since_log_.nll, since_log_.tgt_tokens)));
    return fmt::format("step {:>6}  epoch {:>3}  {}  lr {:.2e}  |g| {:.2f}  {:>7.0f} tokens/s{}", state.step,
                       state.epoch + 1, loss, learning_rate, norm, tokens_per_s,
                       left >= 0 ? "  ETA " + Duration(left) : std::string());
  };
  if (state.step % options_.log_every != 0) return Progress(line());
  Note(line());
  Record(state, since_log_, learning_rate, norm, tokens_per_s);
  since_log_ = {};
  skipped_before_log_ = state.skipped_updates;
  since_log_timer_.Restart();
}

// What there is no finite number for is left out.
void Reporter::Record(const TrainState& state, const BatchSums& sums, double learning_rate, double norm,
                      double tokens_per_s) {
  Json record{{"event", "train"}, {"step", state.step}, {"epoch", state.epoch}};
  const auto add = [&](const char* key, const char* tag, double value) {
    record[key] = value;
    if (tensorboard_) tensorboard_->Scalar(tag, state.step, static_cast<float>(value));
  };
  if (sums.tgt_tokens > 0) {
    const double nll = PerToken(sums.nll, sums.tgt_tokens);
    add("loss", "train/loss", PerToken(sums.loss, sums.tgt_tokens));
    record["nll"] = nll;
    add("ppl", "train/perplexity", std::exp(nll));
  }
  add("lr", "train/learning_rate", learning_rate);
  if (std::isfinite(norm)) add("grad_norm", "train/gradient_norm", norm);
  record["skipped"] = state.skipped_updates - skipped_before_log_;
  add("tokens_per_s", "train/tokens_per_second", tokens_per_s);
  record["seconds"] = state.seconds;
  jsonl_->Write(record.dump());
}

void Reporter::Validation(const TrainState& state, const ValidationScores& scores, bool is_best,
                          const std::vector<Validator::Sample>& samples) {
  if (silent_) return;
  Note(fmt::format("step {:>6}  validation: loss {:.4f}  ppl {:.2f}  BLEU {:.2f}  chrF {:.2f}{}", state.step,
                   scores.loss, std::exp(scores.nll), scores.bleu, scores.chrf, is_best ? "  (best so far)" : ""));
  for (const Validator::Sample& sample : samples) {
    Note(fmt::format("  source      {}\n  reference   {}\n  translation {}", sample.source, sample.reference,
                     sample.translation));
  }
  jsonl_->Write(Json{{"event", "valid"},
                     {"step", state.step},
                     {"loss", scores.loss},
                     {"nll", scores.nll},
                     {"ppl", std::exp(scores.nll)},
                     {"bleu", scores.bleu},
                     {"chrf", scores.chrf},
                     {"best", is_best},
                     {"seconds", state.seconds}}
                    .dump());
  since_log_timer_.Restart();
  if (!tensorboard_) return;
  tensorboard_->Scalar("valid/loss", state.step, static_cast<float>(scores.loss));
  tensorboard_->Scalar("valid/perplexity", state.step, static_cast<float>(std::exp(scores.nll)));
  tensorboard_->Scalar("valid/bleu", state.step, static_cast<float>(scores.bleu));
  tensorboard_->Scalar("valid/chrf", state.step, static_cast<float>(scores.chrf));
}

std::string Reporter::Why(const TrainState& state, StopReason reason) const {
  switch (reason) {
    case StopReason::kMaxSteps:
      return "--max-steps is reached";
    case StopReason::kMaxEpochs:
      return "--max-epochs is reached";
    case StopReason::kMaxMinutes:
      return "--max-minutes is reached";
    case StopReason::kPatience:
      return fmt::format("early stopping, {} validations without a better {}", state.validations_since_best,
                         EnumName(options_.metric));
    case StopReason::kSignal:
      break;
  }
  return "a signal asked for it; --resume goes on from here";
}

void Reporter::End(const TrainState& state, StopReason reason, const std::string& best) {
  if (silent_) return;
  std::string line = fmt::format("ended at step {}: {}", state.step, Why(state, reason));
  if (state.skipped_updates > 0) line += fmt::format("; updates skipped: {}", state.skipped_updates);
  if (state.has_best && !best.empty()) {
    const double score = options_.metric == StopMetric::kLoss ? -state.best_quality : state.best_quality;
    line += fmt::format("; best: {} ({} {:.4g})", best, EnumName(options_.metric), score);
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
