// SPDX-License-Identifier: Apache-2.0
// The command line: one of the two doors at which errors are caught.
#ifndef DRAGOMAN_CLI_COMMAND_LINE_H_
#define DRAGOMAN_CLI_COMMAND_LINE_H_

#include <string>
#include <vector>

namespace dragoman {

// Runs `dragoman ARGS...`. Returns the exit code: 0 success, 1 failure, 2 wrong use, 128 + N for training that signal N
// ended after saving. Never throws; an error is one line on stderr.
int RunCommandLine(const std::vector<std::string>& args);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_COMMAND_LINE_H_
