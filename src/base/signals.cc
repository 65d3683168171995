// SPDX-License-Identifier: Apache-2.0
#include "base/signals.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <iterator>
#include <string_view>

#include "base/check.h"

namespace dragoman {
namespace {

std::atomic<int> stop_signal{0};
std::atomic<bool> stop_requested{false};
std::atomic<bool> installed{false};
constexpr int kSignals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
struct sigaction before[std::size(kSignals)];  // what handled each
bool is_silent = false;
bool on_terminal = false;  // stderr, where a progress line may stand
static_assert(std::atomic<int>::is_always_lock_free && std::atomic<bool>::is_always_lock_free,
              "a signal handler may use nothing that locks");

// Only what a signal handler may do: no lock, no allocation.
void Say(std::string_view text) {
  if (write(STDERR_FILENO, text.data(), text.size()) < 0) return;  // nobody is left to be told
}

void Remember(int signal) {
  if (stop_signal.exchange(signal) == 0) {
    stop_requested = true;
    if (is_silent) return;
    const int error = errno;
    if (on_terminal) Say("\r\x1b[K");
    Say(signal == SIGINT ? "Ctrl-C" : signal == SIGTERM ? "SIGTERM" : signal == SIGHUP ? "SIGHUP" : "SIGUSR1");
    Say(": stopping, what is done will be saved; a second time ends at once\n");
    errno = error;
    return;
  }
  // A terminal that goes sends SIGHUP twice: itself, and through the shell; a launcher may repeat SIGUSR1.
  if (signal == SIGHUP || signal == SIGUSR1) return;
  struct sigaction act = {};  // a second signal: die of it, so that whoever waits for us sees why
  act.sa_handler = SIG_DFL;
  sigaction(signal, &act, nullptr);
  raise(signal);  // delivered when this handler returns and unblocks it
}

}  // namespace

StopSignal::StopSignal(bool silent) {
  DRAGOMAN_CHECK(!installed.exchange(true));
  stop_signal = 0;
  stop_requested = false;
  struct sigaction act = {};
  act.sa_handler = Remember;
  act.sa_flags = SA_RESTART;  // reads and writes in progress go on
  sigemptyset(&act.sa_mask);
  is_silent = silent;
  on_terminal = isatty(STDERR_FILENO) != 0;
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    sigaction(kSignals[i], nullptr, &before[i]);
    if (before[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &act, nullptr);
  }
}

StopSignal::~StopSignal() {
  for (size_t i = 0; i < std::size(kSignals); ++i) sigaction(kSignals[i], &before[i], nullptr);
  installed = false;
}

bool StopRequested() { return stop_requested; }

int StopSignalNumber() { return stop_signal; }

void RequestStop() { stop_requested = true; }

void ThrowIfStopRequested() {
  if (StopRequested()) throw Interrupted(StopSignalNumber());
}

}  // namespace dragoman
