// SPDX-License-Identifier: Apache-2.0
#include "train/advisor.h"

#include <fmt/format.h>

namespace dragoman {
void Advisor::AdviseOnce(const std::string& advice, bool* told) {
  if (advice.empty() || *told) return;
  reporter_.Advise(advice);
  *told = true;
}

void Advisor::AtStart(const RunFacts& facts) {
  for (const std::string& line : Advise(facts)) reporter_.Advise(line);
  told_of_warmup_ = !AdviseOnWarmup(facts.warmup, facts.updates, facts.ends_by).empty();
}

void Advisor::AtTimedEndKnown(int64_t timed_steps) {
  const std::string minutes = fmt::format("`max_minutes` {}", options_.max_minutes);
  reporter_.Note(fmt::format("by the pace so far {} ends the run about step {}{}", minutes, timed_steps,
                             length_.needs_clock() ? ", after which the learning rate is at 0" : ""));
  AdviseOnce(AdviseOnWarmup(options_.warmup, timed_steps, minutes), &told_of_warmup_);
}

void Advisor::AtEnd(int64_t steps, const std::string& why) {
  AdviseOnce(AdviseOnWarmup(options_.warmup, steps, why), &told_of_warmup_);
}

}  // namespace dragoman
