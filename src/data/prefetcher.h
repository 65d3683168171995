// SPDX-License-Identifier: Apache-2.0
// Prefetcher: prepares the next batches on a thread of its own while the current one is being computed.
#ifndef DRAGOMAN_DATA_PREFETCHER_H_
#define DRAGOMAN_DATA_PREFETCHER_H_

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "data/batch.h"
#include "data/batch_stream.h"

namespace dragoman {

// Owns the stream and one thread. Next is for one consumer thread. Gives the batches that the stream alone would give;
// where training stands is the position after the last batch it used, After(batch), not the stream's.
class Prefetcher {
 public:
  // Starts reading at once, up to `depth` >= 1 batches ahead.
  explicit Prefetcher(BatchStream stream, int depth = 4);
  ~Prefetcher();  // waits for the batch being read, if any

  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Sets *batch to the next one, waiting for it if need be. The memory *batch had is used for a later batch. Throws
  // what reading threw, after the batches read before.
  void Next(Batch* batch);

 private:
  void Work();

  BatchStream stream_;
  const size_t depth_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> ready_;   // guarded by mutex_
  std::vector<Batch> spare_;  // guarded by mutex_; for their memory
  std::exception_ptr error_;  // guarded by mutex_; set when the thread has ended
  bool stop_ = false;         // guarded by mutex_
  std::thread thread_;        // last: it uses all of the above
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_PREFETCHER_H_
