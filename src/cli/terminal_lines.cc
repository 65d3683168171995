// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_lines.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <iostream>

#include "cli/flag_text.h"

namespace dragoman {
namespace {

constexpr double kProgressSeconds = 0.2;  // between two progress lines

// Of the terminal at stderr; plenty if it does not say.
size_t TerminalColumns() {
  winsize size = {};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : 1000;
}

}  // namespace

TerminalLines::TerminalLines() : on_terminal_(isatty(STDERR_FILENO) != 0) {}

TerminalLines::~TerminalLines() { ClearProgress(); }

void TerminalLines::Note(const std::string& line) {
  ClearProgress();
  std::cerr << WithFlags(line) << std::endl;
}

void TerminalLines::Warn(const std::string& line) {
  ClearProgress();
  std::cerr << "warning: " << WithFlags(line) << std::endl;
}

void TerminalLines::Progress(const std::string& line) {
  if (!on_terminal_ || progress_timer_.Seconds() < kProgressSeconds) return;
  std::cerr << "\r\x1b[K" << line.substr(0, TerminalColumns() - 1) << std::flush;  // in the last one it would wrap
  progress_shown_ = true;
  progress_timer_.Restart();
}

void TerminalLines::ClearProgress() {
  if (progress_shown_) std::cerr << "\r\x1b[K" << std::flush;
  progress_shown_ = false;
}

}  // namespace dragoman
