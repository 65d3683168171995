// SPDX-License-Identifier: Apache-2.0
#include "cli/ranks.h"

#include <chrono>
#include <iostream>
#include <thread>

#include "base/signals.h"

namespace dragoman {

void RunAsRank(const std::function<void(Communicator&)>& fn) {
  Communicator comm(JoinMpi);
  try {
    fn(comm);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception&) {
    if (comm.rank() > 0) {
      // Rank 0 says most errors best, and once is enough: when it ends, its launcher ends this process.
      std::this_thread::sleep_for(std::chrono::seconds(5));
      std::cerr << comm.name() << ": ";
    }
    throw;
  }
}

}  // namespace dragoman
