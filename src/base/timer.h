// SPDX-License-Identifier: Apache-2.0
// Elapsed time.
#ifndef DRAGOMAN_BASE_TIMER_H_
#define DRAGOMAN_BASE_TIMER_H_

#include <chrono>

namespace dragoman {

// Runs from its construction or last Restart().
class Timer {
 public:
  double Seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }
  void Restart() { start_ = std::chrono::steady_clock::now(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_TIMER_H_
