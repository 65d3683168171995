// SPDX-License-Identifier: Apache-2.0
#include "base/stderr.h"

#include <unistd.h>

#include <iostream>

namespace dragoman {

std::ostream& Errors() {
  static std::ostream& errors = *new std::ostream(std::cerr.rdbuf());  // never destroyed: threads may still write
  return errors;
}

void SilenceNotes() {
  Errors();  // keeps the way to stderr
  std::cerr.rdbuf(nullptr);
}

void GreetTerminal(const std::string& awaited) {
  if (isatty(STDIN_FILENO) == 0) return;
  std::cerr << "dragoman: ready; type " + awaited + ", Ctrl-D on an empty line ends\n" << std::flush;
}

}  // namespace dragoman
