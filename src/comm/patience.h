// SPDX-License-Identifier: Apache-2.0
// How long something has been waited for that another process has to do.
#ifndef DRAGOMAN_COMM_PATIENCE_H_
#define DRAGOMAN_COMM_PATIENCE_H_

#include <chrono>

namespace dragoman {

// Begins anew when this process itself was suspended: perhaps all were, and the others need their time, too.
class WaitTimer {
 public:
  void Restart() { since_ = asked_ = Clock::now(); }

  // Seconds since Restart(). To be asked at least once a second: a longer pause is taken for a suspension.
  double Seconds() {
    const Clock::time_point now = Clock::now();
    if (now - asked_ > std::chrono::seconds(2)) since_ = now;
    asked_ = now;
    return std::chrono::duration<double>(now - since_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point since_ = Clock::now(), asked_ = since_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_COMM_PATIENCE_H_
