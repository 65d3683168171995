// SPDX-License-Identifier: Apache-2.0
#include "data/prefetcher.h"

#include <utility>

#include "base/check.h"

namespace dragoman {

Prefetcher::Prefetcher(UpdateStream stream, int depth)
    : stream_(std::move(stream)), depth_(static_cast<size_t>(depth)) {
  DRAGOMAN_CHECK(depth >= 1);
  thread_ = std::thread([this] { Work(); });
}

Prefetcher::~Prefetcher() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Prefetcher::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stop_ || ready_.size() < depth_; });
    if (stop_) return;
    UpdateBatches update;
    if (!spare_.empty()) {
      update = std::move(spare_.back());
      spare_.pop_back();
    }
    lock.unlock();
    std::exception_ptr error;
    try {
      stream_.Next(&update);
    } catch (...) {
      error = std::current_exception();
    }
    lock.lock();
    error_ = error;
    if (!error) ready_.push_back(std::move(update));
    changed_.notify_all();
    if (error) return;
  }
}

void Prefetcher::Next(UpdateBatches* update) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return error_ || !ready_.empty(); });
  if (ready_.empty()) std::rethrow_exception(error_);
  std::swap(*update, ready_.front());
  if (spare_.size() < depth_) spare_.push_back(std::move(ready_.front()));
  ready_.pop_front();
  changed_.notify_all();
}

}  // namespace dragoman
