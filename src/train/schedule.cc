// SPDX-License-Identifier: Apache-2.0
#include "train/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace dragoman {
namespace {

// Progress from the end of the warm-up (0) to the step after decay_steps (1), whose rate of 0 would teach nothing.
double DecayProgress(const ScheduleOptions& options, double step) {
  if (options.decay_steps == 0) return 0;
  const auto warmup = static_cast<double>(options.warmup_steps);
  const double length = std::max(1.0, static_cast<double>(options.decay_steps) + 1 - warmup);
  return std::clamp((step - warmup) / length, 0.0, 1.0);
}

}  // namespace

double LearningRate(const ScheduleOptions& options, int d_model, int64_t step_in) {
  const auto step = static_cast<double>(std::max<int64_t>(1, step_in));
  const auto warmup = static_cast<double>(std::max<int64_t>(1, options.warmup_steps));
  // Eq. 3 peaks at step = warmup with factor / sqrt(d_model * warmup).
  const double peak = options.peak_rate > 0 ? options.peak_rate : options.factor / std::sqrt(d_model * warmup);
  if (step < warmup) return peak * step / warmup;
  switch (options.kind) {
    case ScheduleKind::kPaper:
      return peak * std::sqrt(warmup / step);
    case ScheduleKind::kLinear:
      return peak * (1.0 - DecayProgress(options, step));
    case ScheduleKind::kCosine:
      return peak * 0.5 * (1.0 + std::cos(std::numbers::pi * DecayProgress(options, step)));
    case ScheduleKind::kConstant:
      return peak;
  }
  return peak;
}

void ValidateSchedule(const ScheduleOptions& options) {
  if (options.kind != ScheduleKind::kPaper && options.peak_rate <= 0) {
    throw OptionError(
        "`learning_rate` is not given, expected a positive peak rate with `schedule` linear, cosine or "
        "constant; only `schedule` paper can derive it from the model's width");
  }
  if (options.Decays() && options.decay_steps > 0 && options.decay_steps <= options.warmup_steps) {
    throw OptionError("`schedule` linear or cosine ends at step " + std::to_string(options.decay_steps) +
                      " (`decay_steps`, or else `max_steps`), expected more than `warmup` " +
                      std::to_string(options.warmup_steps) +
                      "; give a shorter `warmup`, or a larger `decay_steps` or `max_steps`");
  }
}

const EnumNames<ScheduleKind>& NamesOf(ScheduleKind) {
  static const EnumNames<ScheduleKind> names = {{"paper", ScheduleKind::kPaper},
                                                {"linear", ScheduleKind::kLinear},
                                                {"cosine", ScheduleKind::kCosine},
                                                {"constant", ScheduleKind::kConstant}};
  return names;
}

}  // namespace dragoman
