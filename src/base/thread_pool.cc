// SPDX-License-Identifier: Apache-2.0
#include "base/thread_pool.h"

#include <string>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/error.h"

namespace dragoman {

void StartThreads(std::vector<std::thread>* threads, int count, const std::function<void(int)>& fn) {
  int started = 0;
  try {
    for (; started < count; ++started) threads->emplace_back([fn, started] { fn(started); });
  } catch (const std::system_error& error) {
    throw ResourceError("starting " + std::to_string(count) + " worker threads: stopped after " +
                        std::to_string(started) + ": " + error.what() +
                        "; ask for fewer threads or raise the limit (ulimit -u)");
  }
}

WorkerPool::WorkerPool(int workers) {
  DRAGOMAN_CHECK(workers >= 1);
  errors_.resize(workers);
  threads_.reserve(workers - 1);
  try {
    StartThreads(&threads_, workers - 1, [this](int thread) { Work(thread + 1); });
  } catch (...) {
    Stop();
    throw;
  }
}

WorkerPool::~WorkerPool() { Stop(); }

void WorkerPool::Run(const std::function<void(int worker)>& fn) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    DRAGOMAN_CHECK(job_ == nullptr);  // a Run inside a Run would wait for itself
    job_ = &fn;
    busy_ = static_cast<int>(threads_.size());
    ++round_;
  }
  start_.notify_all();
  RunOne(fn, 0);
  {
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    job_ = nullptr;
  }
  RethrowFirst();
}

void WorkerPool::Work(int worker) {
  uint64_t seen = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    start_.wait(lock, [&] { return stop_ || round_ != seen; });
    if (stop_) return;
    seen = round_;
    const std::function<void(int)>& fn = *job_;
    lock.unlock();
    RunOne(fn, worker);
    lock.lock();
    if (--busy_ == 0) done_.notify_one();
  }
}

void WorkerPool::RunOne(const std::function<void(int)>& fn, int worker) noexcept {
  try {
    fn(worker);
  } catch (...) {
    errors_[worker] = std::current_exception();  // its own slot, read only after the round: no lock needed
  }
}

void WorkerPool::RethrowFirst() {
  std::exception_ptr first;
  for (std::exception_ptr& error : errors_) {
    std::exception_ptr thrown = std::exchange(error, nullptr);
    if (!first) first = std::move(thrown);
  }
  if (first) std::rethrow_exception(first);
}

void WorkerPool::Stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stop_ = true;
  }
  start_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace dragoman
