// SPDX-License-Identifier: Apache-2.0
#include "decode/text_queue.h"

#include <utility>

namespace dragoman {

void TextQueue::Add(std::shared_ptr<TextJob> job) {
  const std::lock_guard lock(mutex_);
  if (is_closed_) {
    job->Cancel();
    return;
  }
  jobs_.push_back(std::move(job));
  changed_.notify_all();
}

void TextQueue::Close() {
  const std::lock_guard lock(mutex_);
  is_closed_ = true;
  for (const auto& job : jobs_) job->Cancel();
  jobs_.clear();
  changed_.notify_all();
}

bool TextQueue::is_closed() const {
  const std::lock_guard lock(mutex_);
  return is_closed_;
}

size_t TextQueue::Waiting() {
  std::erase_if(jobs_, [](const auto& job) { return job->is_over(); });
  size_t lines = 0;
  for (const auto& job : jobs_) lines += job->waiting();
  return lines;
}

size_t TextQueue::Share(bool wait) {
  std::unique_lock lock(mutex_);
  size_t waiting = Waiting();
  while (wait && waiting == 0 && !is_closed_) {
    changed_.wait(lock);
    waiting = Waiting();
  }
  return (waiting + workers_ - 1) / workers_;
}

std::optional<TextQueue::Task> TextQueue::Take() {
  const std::lock_guard lock(mutex_);
  while (!jobs_.empty()) {
    std::shared_ptr<TextJob> job = std::move(jobs_.front());
    jobs_.pop_front();
    const std::optional<size_t> line = job->BeginLine();
    if (!line) continue;  // it is over, or all its lines are on their way
    Task task{job, *line};
    if (job->waiting() > 0) jobs_.push_back(std::move(job));
    return task;
  }
  return std::nullopt;
}

}  // namespace dragoman
