// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <atomic>
#include <csignal>

#include "base/check.h"

namespace dragoman {
namespace {

std::atomic<int> stop_signal{0};
std::atomic<bool> stop_requested{false};
std::atomic<bool> installed{false};
struct sigaction before_term;
struct sigaction before_int;
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler may use nothing that locks");

void Remember(int signal) {
  if (stop_signal.exchange(signal) == 0) {
    stop_requested = true;
    return;
  }
  struct sigaction act = {};  // a second signal: die of it, so that whoever waits for us sees why
  act.sa_handler = SIG_DFL;
  sigaction(signal, &act, nullptr);
  raise(signal);  // delivered when this handler returns and unblocks it
}

}  // namespace

StopSignal::StopSignal() {
  DRAGOMAN_CHECK(!installed.exchange(true));
  stop_signal = 0;
  stop_requested = false;
  struct sigaction act = {};
  act.sa_handler = Remember;
  act.sa_flags = SA_RESTART;  // reads and writes in progress go on
  sigemptyset(&act.sa_mask);
  sigaction(SIGTERM, &act, &before_term);
  sigaction(SIGINT, &act, &before_int);
}

StopSignal::~StopSignal() {
  sigaction(SIGTERM, &before_term, nullptr);
  sigaction(SIGINT, &before_int, nullptr);
  installed = false;
}

bool StopRequested() { return stop_requested; }

int StopSignalNumber() { return stop_signal; }

void RequestStop() { stop_requested = true; }

}  // namespace dragoman
