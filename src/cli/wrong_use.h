// SPDX-License-Identifier: Apache-2.0
// One line for a command line that cannot be read: what was found, and what was probably meant.
#ifndef DRAGOMAN_CLI_WRONG_USE_H_
#define DRAGOMAN_CLI_WRONG_USE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dragoman {

// Why args begin with no command of `app`.
std::string ExplainCommand(const CLI::App& app, const std::vector<std::string>& args);

// Why the command's arguments cannot be read, of which CLI11 says `error`.
std::string ExplainFlags(const CLI::App& command, const CLI::ParseError& error);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_WRONG_USE_H_
