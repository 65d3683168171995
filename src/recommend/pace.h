// SPDX-License-Identifier: Apache-2.0
// How fast this machine trains a recommended model, measured on a sample of its own data.
#ifndef DRAGOMAN_RECOMMEND_PACE_H_
#define DRAGOMAN_RECOMMEND_PACE_H_

#include <cstdint>
#include <functional>

#include "recommend/recommendation.h"

namespace dragoman {

struct Pace {
  int vocab_size = 0;  // pieces that the text yields: as recommended, or fewer
  int64_t parameters = 0;
  double updates_per_epoch = 0;
  double seconds_per_update = 0;
};

// Trains vocabularies on the sample, then the model for `seconds` or one update, whichever is longer, on the threads of
// the options; all is forgotten. check: called between steps; what it throws ends it.
Pace MeasurePace(const Recommendation& recommendation, const CorpusFacts& facts, double seconds,
                 const std::function<void()>& check);

}  // namespace dragoman

#endif  // DRAGOMAN_RECOMMEND_PACE_H_
