// SPDX-License-Identifier: Apache-2.0
// The one queue that feeds the engines: jobs in turn, a line of each at a time, so that a short one does not wait
// behind a long one.
#ifndef DRAGOMAN_DECODE_TEXT_QUEUE_H_
#define DRAGOMAN_DECODE_TEXT_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>

#include "decode/text_job.h"

namespace dragoman {

// Any thread may call anything.
class TextQueue {
 public:
  // One line of a job.
  struct Task {
    std::shared_ptr<TextJob> job;
    size_t line = 0;
  };

  explicit TextQueue(int workers) : workers_(static_cast<size_t>(workers)) {}

  void Add(std::shared_ptr<TextJob> job);
  // Ends what waits, as cancelled. Workers are to end, too.
  void Close();
  bool is_closed() const;

  // How many lines a worker may take now: its share of those that wait. wait: for one to come, or the end.
  size_t Share(bool wait);
  // The next one; none when nothing waits.
  std::optional<Task> Take();

 private:
  size_t Waiting();

  const size_t workers_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<TextJob>> jobs_;  // guarded by mutex_; whose turn it is first
  bool is_closed_ = false;                     // guarded by mutex_
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TEXT_QUEUE_H_
