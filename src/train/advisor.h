// SPDX-License-Identifier: Apache-2.0
// When advice is given: at the start of a run, when its pace is known, at its end; and on nothing twice.
#ifndef DRAGOMAN_TRAIN_ADVISOR_H_
#define DRAGOMAN_TRAIN_ADVISOR_H_

#include <cstdint>
#include <string>

#include "train/advice.h"
#include "train/options.h"
#include "train/reporter.h"
#include "train/run_length.h"

namespace dragoman {

class Advisor {
 public:
  // All of them must outlive this.
  Advisor(const TrainOptions& options, const RunLength& length, Reporter& reporter)
      : options_(options), length_(length), reporter_(reporter) {}

  void AtStart(const RunFacts& facts);
  // The pace so far tells about which step `max_minutes` will end the run at.
  void AtTimedEndKnown(int64_t timed_steps);
  // The run has ended after so many steps; why: "`max_minutes` is reached".
  void AtEnd(int64_t steps, const std::string& why);

 private:
  void AdviseOnce(const std::string& advice, bool* told);

  const TrainOptions& options_;
  const RunLength& length_;
  Reporter& reporter_;
  bool told_of_warmup_ = false;  // that it will not be over when the run is
  bool told_of_decay_ = false;   // that it does not end with the run
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_ADVISOR_H_
