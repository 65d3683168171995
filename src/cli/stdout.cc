// SPDX-License-Identifier: Apache-2.0
#include "cli/stdout.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "base/error.h"

namespace dragoman {

const EnumNames<LineFormat>& NamesOf(LineFormat) {
  static const EnumNames<LineFormat> names = {{"text", LineFormat::kText}, {"jsonl", LineFormat::kJsonl}};
  return names;
}

void FlushStdout() {
  if (std::cout.flush()) return;
  throw FileError(
      "stdout",
      "cannot be written; expected a file or pipe that takes all output; is the disk full, the file at a limit "
      "(ulimit -f), or the pipe closed?");
}

void PointStdoutNowhere() {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0)
    throw FileError("/dev/null", "cannot be opened; is /dev mounted?");
  close(nowhere);
}

std::string OneLine(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7F;
      },
      ' ');
  return text;
}

}  // namespace dragoman
