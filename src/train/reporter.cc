// SPDX-License-Identifier: Apache-2.0
#include "train/reporter.h"

#include <fmt/format.h>
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
  const auto s = static_cast<int64_t>(seconds + 0.5);
  if (s >= 3600) return fmt::format("{}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

double PerToken(double sum, int64_t tokens) { return sum / static_cast<double>(std::max<int64_t>(1, tokens)); }

}  // namespace

Reporter::Reporter(const TrainOptions& options, FileSystem& files)
    : options_(options), files_(files), on_terminal_(isatty(STDERR_FILENO) != 0) {}

Reporter::~Reporter() { ClearProgress(); }

void Reporter::Open(int64_t step) {
  first_step_ = step;
  jsonl_ = std::make_unique<JsonlLog>(files_, JoinPath(options_.output, "train.jsonl"), step);
  if (options_.tensorboard) {
    tensorboard_ =
        std::make_unique<TensorBoardWriter>(files_, JoinPath(options_.output, "tensorboard"), /*first_step=*/step + 1);
  }
  start_timer_.Restart();
  since_log_timer_.Restart();
}

void Reporter::Sync() {
  jsonl_->Sync();
  if (tensorboard_) tensorboard_->Sync();
}

void Reporter::Note(const std::string& line) {
  if (options_.quiet) return;
  ClearProgress();
  std::cerr << line << std::endl;
}

void Reporter::Warn(const std::string& line) {
  ClearProgress();
  std::cerr << "warning: " << line << std::endl;
}

void Reporter::Progress(const std::string& line) {
  if (options_.quiet || !on_terminal_ || progress_timer_.Seconds() < kProgressSeconds) return;
  std::cerr << "\r\x1b[K" << line << std::flush;
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
  const double per_step = start_timer_.Seconds() / static_cast<double>(std::max<int64_t>(1, state.step - first_step_));
  if (options_.max_steps > 0) limit(static_cast<double>(options_.max_steps - state.step) * per_step);
  if (options_.max_minutes > 0) limit(std::max(0.0, options_.max_minutes * 60 - state.seconds));
  return left;
}

void Reporter::Step(const TrainState& state, const BatchSums& sums, double learning_rate, double norm) {
  since_log_.Add(sums);
  const double tokens_per_s = static_cast<double>(since_log_.tgt_tokens) / std::max(1e-9, since_log_timer_.Seconds());
  const auto line = [&] {
    const double left = SecondsLeft(state);
    return fmt::format("step {:>6}  epoch {:>3}  loss {:.4f}  ppl {:8.2f}  lr {:.2e}  |g| {:.2f}  {:>7.0f} tokens/s{}",
                       state.step, state.epoch + 1, PerToken(since_log_.loss, since_log_.tgt_tokens),
                       std::exp(PerToken(since_log_.nll, since_log_.tgt_tokens)), learning_rate, norm, tokens_per_s,
                       left >= 0 ? "  ETA " + Duration(left) : std::string());
  };
  if (state.step % options_.log_every != 0) return Progress(line());
  Note(line());
  Record(state, since_log_, learning_rate, norm, tokens_per_s);
  since_log_ = {};
  since_log_timer_.Restart();
}

void Reporter::Record(const TrainState& state, const BatchSums& sums, double learning_rate, double norm,
                      double tokens_per_s) {
  const double loss = PerToken(sums.loss, sums.tgt_tokens);
  const double nll = PerToken(sums.nll, sums.tgt_tokens);
  jsonl_->Write(Json{{"event", "train"},
                     {"step", state.step},
                     {"epoch", state.epoch},
                     {"loss", loss},
                     {"nll", nll},
                     {"ppl", std::exp(nll)},
                     {"lr", learning_rate},
                     {"grad_norm", norm},
                     {"tokens_per_s", tokens_per_s},
                     {"seconds", state.seconds}}
                    .dump());
  if (!tensorboard_) return;
  tensorboard_->Scalar("train/loss", state.step, static_cast<float>(loss));
  tensorboard_->Scalar("train/perplexity", state.step, static_cast<float>(std::exp(nll)));
  tensorboard_->Scalar("train/learning_rate", state.step, static_cast<float>(learning_rate));
  tensorboard_->Scalar("train/gradient_norm", state.step, static_cast<float>(norm));
  tensorboard_->Scalar("train/tokens_per_second", state.step, static_cast<float>(tokens_per_s));
}

void Reporter::Validation(const TrainState& state, const ValidationScores& scores, bool is_best,
                          const std::vector<Validator::Sample>& samples) {
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

}  // namespace dragoman
