// SPDX-License-Identifier: Apache-2.0
#include "train/run_length.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/counted.h"
#include "base/option_text.h"
#include "data/update_stream.h"

namespace dragoman {

int64_t StepsInTime(int64_t step, double seconds, double limit, int64_t before) {
  constexpr double kEarly = 0.05, kRight = 0.02;
  const double used = seconds / limit;
  if (!(used >= kEarly)) return before;
  const double estimate = std::min(static_cast<double>(step) / used, 1e15);
  const auto was = static_cast<double>(before);
  return before > 0 && std::abs(estimate - was) <= kRight * was ? before
                                                                : std::max<int64_t>(step, std::llround(estimate));
}

RunLength::RunLength(const TrainOptions& options, std::span<const PairLengths> lengths, const BatchOptions& batches,
                     int ranks, const TrainState& start, const std::function<void()>& check)
    : schedule_(options.ScheduleOf()), max_minutes_(options.max_minutes) {
  const int64_t batches_an_update = int64_t{options.accumulate} * ranks;
  updates_an_epoch_ = CountUpdates(lengths, batches, batches_an_update, {}, 1, check);
  const bool is_open = schedule_.Decays() && schedule_.decay_steps == 0;
  if (options.max_epochs > 0) {
    // Elsewhere a look ahead at every epoch would cost more than it is worth.
    is_exact_ = is_open;
    updates_ = is_exact_ ? start.step + CountUpdates(lengths, batches, batches_an_update,
                                                     {start.epoch, start.batch_in_epoch}, options.max_epochs, check)
                         : std::llround(std::min(
                               1e15, static_cast<double>(updates_an_epoch_) * static_cast<double>(options.max_epochs)));
    ends_by_ = fmt::format("`max_epochs` {}", options.max_epochs);
    if (is_open) schedule_.decay_steps = updates_;
  }
  if (options.max_steps > 0 && (updates_ == 0 || options.max_steps <= updates_)) {
    is_exact_ = true;
    updates_ = options.max_steps;
    ends_by_ = fmt::format("`max_steps` {}", options.max_steps);
  }
  needs_clock_ = is_open && options.max_minutes > 0;
}

ScheduleOptions RunLength::ScheduleAt(int64_t timed_steps) const {
  ScheduleOptions schedule = schedule_;
  if (!needs_clock_ || timed_steps == 0) return schedule;
  schedule.decay_steps = schedule.decay_steps == 0 ? timed_steps : std::min(schedule.decay_steps, timed_steps);
  return schedule;
}

std::vector<std::string> RunLength::Describe(int64_t timed_steps) const {
  std::string length = fmt::format("length: {} an epoch", Counted(updates_an_epoch_, "update"));
  if (updates_ > 0) length += fmt::format(", {}{} in all ({})", is_exact_ ? "" : "about ", updates_, ends_by_);
  const ScheduleOptions schedule = ScheduleAt(timed_steps);
  std::string rate =
      fmt::format("schedule: warm-up to step {}, then {}", schedule.warmup_steps, ValueText(schedule.kind));
  if (schedule.decay_steps > 0 && schedule.Decays()) {
    rate += fmt::format(", at 0 after step {}", schedule.decay_steps);
  } else if (schedule.Decays()) {
    rate += fmt::format(", at 0 where `max_minutes` {} ends (which step, the pace of the first twentieth will tell)",
                        max_minutes_);
  }
  return {length, rate};
}

}  // namespace dragoman
