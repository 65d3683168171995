// SPDX-License-Identifier: Apache-2.0
#include "cli/ranks.h"

#include <chrono>
#include <thread>
#include <utility>

#include "base/signals.h"
#include "base/stderr.h"
#include "cli/flag_text.h"
#include "comm/launch.h"

namespace dragoman {

void LetRankZeroSpeak(const std::string& name) {
  static bool has_waited = false;
  if (LaunchedRank() == 0 || std::exchange(has_waited, true)) return;
  std::this_thread::sleep_for(std::chrono::seconds(5));
  Errors() << name << ": ";
}

void RunAsRank(const std::function<void(Communicator&)>& fn) {
  Communicator comm(JoinMpi, Communicator::kPatience,
                    [](const std::string& line) { Communicator::SayOnStderr(WithFlags(line)); });
  try {
    fn(comm);
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception&) {
    LetRankZeroSpeak(comm.name());
    throw;
  }
}

}  // namespace dragoman
