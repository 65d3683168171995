// SPDX-License-Identifier: Apache-2.0
// WorkerPool: a fixed team of threads that all run the same function, each knowing its own number. Training gives
// each worker its share of a batch; translation gives each worker whole batches.
#ifndef DRAGOMAN_BASE_THREAD_POOL_H_
#define DRAGOMAN_BASE_THREAD_POOL_H_

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dragoman {

// Starts `count` threads, each of which runs fn(its number, from 0), and appends them. Throws ResourceError when the
// system gives no more: those that were started run, and are for the caller to stop.
void StartThreads(std::vector<std::thread>* threads, int count, const std::function<void(int)>& fn);

// Worker 0 is the thread that calls Run; workers 1 to n - 1 are threads of the pool's own, the same ones for its whole
// life, so what a thread remembers (thread-local buffers, above all) stays with its worker.
// Use a pool from one thread at a time, and always from the same one if worker 0's memory matters.
class WorkerPool {
 public:
  // Starts workers - 1 threads, workers >= 1. Throws Error when the system gives no more threads.
  explicit WorkerPool(int workers);
  ~WorkerPool();  // waits for the threads to end

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  int workers() const { return static_cast<int>(errors_.size()); }

  // Runs fn(worker) once for every worker 0 to n - 1, all at the same time, and returns when all have returned. If
  // some throw, the others still finish, and the exception of the lowest worker is thrown from here. Allocates
  // nothing itself (pass a std::function that lives on, or std::ref(lambda)). Not to be called from inside fn.
  void Run(const std::function<void(int worker)>& fn);

 private:
  void Work(int worker);  // the loop of threads 1 to n - 1
  void RunOne(const std::function<void(int)>& fn, int worker) noexcept;
  void RethrowFirst();
  void Stop();

  std::vector<std::exception_ptr> errors_;  // what each worker's last call threw, if anything
  std::mutex mutex_;
  std::condition_variable start_;                  // "round_ or stop_ has changed"
  std::condition_variable done_;                   // "busy_ has become 0"
  const std::function<void(int)>* job_ = nullptr;  // guarded by mutex_; null between rounds
  uint64_t round_ = 0;                             // guarded by mutex_; one more for each Run
  int busy_ = 0;                                   // guarded by mutex_; threads still in this round
  bool stop_ = false;                              // guarded by mutex_
  std::vector<std::thread> threads_;               // workers 1 to n - 1
};

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_THREAD_POOL_H_
