// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "base/process_start.h"
#include "cli/command_line.h"

int main(int argc, char** argv) {
  dragoman::PrepareProcess();
  return dragoman::RunCommandLine(std::vector<std::string>(argv + 1, argv + argc));
}
