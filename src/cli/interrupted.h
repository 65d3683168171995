// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_CLI_INTERRUPTED_H_
#define DRAGOMAN_CLI_INTERRUPTED_H_

#include <exception>

namespace dragoman {

// A command that a signal ended early, but well: what it had was saved and reported. No error, but no success either,
// so that a script that goes on after training does not go on.
struct Interrupted : std::exception {
  explicit Interrupted(int signal_number) : signal(signal_number) {}
  int signal;
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_INTERRUPTED_H_
