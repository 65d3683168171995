// SPDX-License-Identifier: Apache-2.0
// Prefetcher: prepares the batches of the next updates on a thread of its own while the current one is being computed.
#ifndef DRAGOMAN_DATA_PREFETCHER_H_
#define DRAGOMAN_DATA_PREFETCHER_H_

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "data/update_stream.h"

namespace dragoman {

// Owns the stream and one thread. Next is for one consumer thread. Gives the updates that the stream alone would give;
// where training stands is the end of the last one it used, not the stream's position.
class Prefetcher {
 public:
  // Starts reading at once, up to `depth` >= 1 updates ahead.
  explicit Prefetcher(UpdateStream stream, int depth = 2);
  ~Prefetcher();  // waits for the update being read, if any

  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  // Sets *update to the next one, waiting for it if need be. The memory *update had is used for a later one. Throws
  // what reading threw, after the updates read before.
  void Next(UpdateBatches* update);

 private:
  void Work();

  UpdateStream stream_;
  const size_t depth_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UpdateBatches> ready_;   // guarded by mutex_
  std::vector<UpdateBatches> spare_;  // guarded by mutex_; for their memory
  std::exception_ptr error_;          // guarded by mutex_; set when the thread has ended
  bool stop_ = false;                 // guarded by mutex_
  std::thread thread_;                // last: it uses all of the above
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_PREFETCHER_H_
