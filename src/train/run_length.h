// SPDX-License-Identifier: Apache-2.0
// How long a run will be, as far as its limits tell, and the schedule that follows from it.
#ifndef DRAGOMAN_TRAIN_RUN_LENGTH_H_
#define DRAGOMAN_TRAIN_RUN_LENGTH_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "data/batch_plan.h"
#include "data/token_spool.h"
#include "train/options.h"
#include "train/schedule.h"
#include "train/train_state.h"

namespace dragoman {

// The step at which a run ends after `limit` seconds, by its pace so far: `step` updates in `seconds`. 0 before a
// twentieth of the time is over. What was derived `before` stays while it is right within 2 %: so the rate is a
// function of the step alone, most of the time, and a resumed run goes on with the same one.
int64_t StepsInTime(int64_t step, double seconds, double limit, int64_t before);

class RunLength {
 public:
  // start: where this start begins; ranks train together. Plans all epochs, calling check() before each, where the
  // schedule has to know the last step of `max_epochs` exactly.
  RunLength(const TrainOptions& options, std::span<const PairLengths> lengths, const BatchOptions& batches, int ranks,
            const TrainState& start, const std::function<void()>& check);

  // The last step, by `max_steps` or `max_epochs`, whichever comes first; 0: not known. Clocks do not count.
  int64_t updates() const { return updates_; }
  const std::string& ends_by() const { return ends_by_; }  // "`max_epochs` 20"

  // The schedule as it stands with what the clock has told so far.
  ScheduleOptions ScheduleAt(int64_t timed_steps) const;
  bool needs_clock() const { return needs_clock_; }  // no other limit decides where the rate is to be 0

  // Lines for a person: updates an epoch and in all, the schedule. timed_steps: from an earlier start.
  std::vector<std::string> Describe(int64_t timed_steps) const;

 private:
  ScheduleOptions schedule_;
  bool needs_clock_ = false;
  bool is_exact_ = true;
  int64_t updates_an_epoch_ = 0;
  int64_t updates_ = 0;
  std::string ends_by_;
  double max_minutes_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_RUN_LENGTH_H_
