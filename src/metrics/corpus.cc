// SPDX-License-Identifier: Apache-2.0
#include "metrics/corpus.h"

#include <fmt/core.h>

#include "base/error.h"

namespace dragoman {

void CheckLineCounts(const char* metric, size_t hypotheses, size_t references, size_t set) {
  if (hypotheses == references) return;
  throw Error(fmt::format("{}: {} hypotheses but {} lines in reference set {}; give one reference line per hypothesis",
                          metric, hypotheses, references, set + 1));
}

}  // namespace dragoman
