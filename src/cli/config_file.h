// SPDX-License-Identifier: Apache-2.0
// --config FILE.toml: the same options as flags, in a file. A flag on the command line wins over the file.
#ifndef DRAGOMAN_CLI_CONFIG_FILE_H_
#define DRAGOMAN_CLI_CONFIG_FILE_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace dragoman {

// Returns `args` (of the command `app`, in order) with every key of a --config FILE among them put in front as a flag,
// unless the same flag is given besides. Throws OptionError for an unknown key, naming file and line and the nearest
// known one, and FileError for a file that is no TOML.
std::vector<std::string> ExpandConfig(const CLI::App& app, const std::vector<std::string>& args);

// All long flags of `app`, without dashes.
std::vector<std::string> FlagNames(const CLI::App& app);

// The value that `flag` ("--preset") has last in args, or `otherwise`.
std::string LastValueOf(const std::vector<std::string>& args, const std::string& flag, const std::string& otherwise);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_CONFIG_FILE_H_
