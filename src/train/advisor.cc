// SPDX-License-Identifier: Apache-2.0
#include "train/advisor.h"

#include <fmt/format.h>

#include <cstdlib>

namespace dragoman {
namespace {

// What the first twentieth tells of the rest is no better than this: a tenth more or less is the end asked for.
bool IsAbout(int64_t steps, int64_t wanted) { return std::abs(steps - wanted) <= wanted / 10; }

}  // namespace

void Advisor::AdviseOnce(const std::string& advice, bool* told) {
  if (advice.empty() || *told) return;
  reporter_.Advise(advice);
  *told = true;
}

void Advisor::AtStart(const RunFacts& facts) {
  for (const std::string& line : Advise(facts)) reporter_.Advise(line);
  told_of_warmup_ = !AdviseOnWarmup(facts.warmup, facts.updates, facts.ends_by).empty();
  told_of_decay_ = !AdviseOnDecay(facts.decay_steps, facts.updates, facts.ends_by).empty();
}

void Advisor::AtTimedEndKnown(int64_t timed_steps) {
  const std::string minutes = fmt::format("`max_minutes` {}", options_.max_minutes);
  reporter_.Note(fmt::format("by the pace so far {} ends the run about step {}{}", minutes, timed_steps,
                             length_.needs_clock() ? ", after which the learning rate is at 0" : ""));
  AdviseOnce(AdviseOnWarmup(options_.warmup, timed_steps, minutes), &told_of_warmup_);
  const ScheduleOptions schedule = length_.ScheduleAt(timed_steps);
  const bool ends_sooner =
      length_.updates() > 0 && length_.updates() <= timed_steps;  // which was advised on at the start
  if (!schedule.Decays() || ends_sooner || IsAbout(timed_steps, schedule.decay_steps)) return;
  AdviseOnce(AdviseOnDecay(schedule.decay_steps, timed_steps, minutes), &told_of_decay_);
}

void Advisor::AtEnd(int64_t steps, const std::string& why) {
  AdviseOnce(AdviseOnWarmup(options_.warmup, steps, why), &told_of_warmup_);
}

}  // namespace dragoman
