// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_lines.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <thread>

namespace dragoman {
namespace {

TEST(TerminalLinesTest, OptionsAreFlagsOnStderrAndProgressIsForTerminals) {
  testing::internal::CaptureStderr();
  {
    TerminalLines lines;
    lines.Progress("step 1");
    lines.Note("ended at step 2: `max_steps` is reached");
    lines.Warn("`threads` is 2; see `dragoman train`");
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "ended at step 2: --max-steps is reached\nwarning: --threads is 2; see `dragoman train`\n");
}

// A line that wraps could not be drawn over.
TEST(TerminalLinesTest, ProgressFitsTheTerminal) {
  int terminal = -1, program = -1;
  winsize size = {};
  size.ws_row = 24;
  size.ws_col = 40;
  ASSERT_EQ(openpty(&terminal, &program, nullptr, nullptr, &size), 0);
  const int before = dup(STDERR_FILENO);
  dup2(program, STDERR_FILENO);
  const std::string progress = "step 1 " + std::string(100, '.');
  {
    TerminalLines lines;
    lines.Progress("too early");
    std::this_thread::sleep_for(std::chrono::milliseconds(250));  // a progress line comes five times a second
    lines.Progress(progress);
    lines.Note("step 2");
  }
  dup2(before, STDERR_FILENO);
  for (const int fd : {before, program}) close(fd);
  std::string shown;
  char buffer[1024];
  for (ssize_t count; (count = read(terminal, buffer, sizeof buffer)) > 0;)
    shown.append(buffer, static_cast<size_t>(count));
  close(terminal);
  const std::string clear = "\r\x1b[K";
  EXPECT_EQ(shown, clear + progress.substr(0, 39) + clear + "step 2\r\n");
}

}  // namespace
}  // namespace dragoman
