// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules: the rate as a function of the step alone, so that a resumed run needs no state of it.
#ifndef DRAGOMAN_TRAIN_SCHEDULE_H_
#define DRAGOMAN_TRAIN_SCHEDULE_H_

#include <cstdint>
#include <string>

#include "base/enum_names.h"

namespace dragoman {

enum class ScheduleKind {
  kPaper,    // linear warm-up, then ~ 1/sqrt(step): Vaswani 2017, §5.3, Eq. 3
  kLinear,   // linear warm-up, then linearly down to 0 after decay_steps
  kCosine,   // linear warm-up, then half a cosine down to 0 after decay_steps: Loshchilov 2017, Eq. 5, no restarts
  kConstant  // linear warm-up, then constant
};

struct ScheduleOptions {
  ScheduleKind kind = ScheduleKind::kPaper;
  double peak_rate = 0;         // the rate at the end of the warm-up; 0 takes `factor` instead (kPaper only)
  double factor = 1.0;          // kPaper: rate = factor * d_model^-0.5 * min(step^-0.5, step * warmup^-1.5)
  int64_t warmup_steps = 4000;  // 0 starts at the peak
  // kLinear, kCosine: the last step, warm-up included, with a rate above 0. 0: not known yet, so the rate stays at its
  // peak.
  int64_t decay_steps = 0;

  bool Decays() const { return kind == ScheduleKind::kLinear || kind == ScheduleKind::kCosine; }
};

// The rate for `step`, counted from 1. d_model enters with `factor` only.
double LearningRate(const ScheduleOptions& options, int d_model, int64_t step);

// Throws OptionError, naming the option, for a combination that makes no sense.
void ValidateSchedule(const ScheduleOptions& options);

const EnumNames<ScheduleKind>& NamesOf(ScheduleKind);  // "paper", "linear", "cosine", "constant"

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_SCHEDULE_H_
