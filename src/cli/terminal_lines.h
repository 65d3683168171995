// SPDX-License-Identifier: Apache-2.0
// What a training says, on stderr: with options as flags, and on a terminal with a line of progress that is written
// over.
#ifndef DRAGOMAN_CLI_TERMINAL_LINES_H_
#define DRAGOMAN_CLI_TERMINAL_LINES_H_

#include <string>

#include "base/timer.h"
#include "train/line_sink.h"

namespace dragoman {

class TerminalLines : public LineSink {
 public:
  TerminalLines();
  ~TerminalLines() override;  // clears the progress line, so that an error does not stand behind it

  void Note(const std::string& line) override;
  void Warn(const std::string& line) override;
  void Progress(const std::string& line) override;

 private:
  void ClearProgress();

  bool on_terminal_;
  bool progress_shown_ = false;
  Timer progress_timer_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_TERMINAL_LINES_H_
