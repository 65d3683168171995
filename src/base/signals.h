// SPDX-License-Identifier: Apache-2.0
// StopSignal: lets a long run end well. SIGTERM, SIGHUP, SIGUSR1 (which mpirun passes on) or Ctrl-C asks it to stop; it
// looks now and then, saves and returns.
#ifndef DRAGOMAN_BASE_SIGNALS_H_
#define DRAGOMAN_BASE_SIGNALS_H_

#include <exception>

namespace dragoman {

// While one lives, the first of these signals is only remembered, and said on stderr; a second SIGTERM or SIGINT ends
// the process at once, as it would have without us. A signal that whoever started us had us ignore (nohup; `&` in a
// script) stays ignored. At most one at a time: the signals of a process are one thing.
class StopSignal {
 public:
  // Nothing is asked for yet, whatever an earlier StopSignal saw. A silent one says nothing on stderr.
  explicit StopSignal(bool silent = false);
  ~StopSignal();  // puts back what handled the signals before

  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;
};

bool StopRequested();    // from any thread, at any time
int StopSignalNumber();  // SIGTERM, SIGHUP, SIGUSR1 or SIGINT, or 0 while none has come
void RequestStop();      // the same without a signal: for tests, and for other reasons to stop

// Work that a signal ended early. No error, but no success either, so that a script does not go on.
struct Interrupted : std::exception {
  explicit Interrupted(int signal_number) : signal(signal_number) {}
  int signal;
};

void ThrowIfStopRequested();  // Interrupted

}  // namespace dragoman

#endif  // DRAGOMAN_BASE_SIGNALS_H_
