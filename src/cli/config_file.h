// SPDX-License-Identifier: Apache-2.0
// --config FILE.toml: the same options as flags, in a file. A flag on the command line wins over the file.
#ifndef DRAGOMAN_CLI_CONFIG_FILE_H_
#define DRAGOMAN_CLI_CONFIG_FILE_H_

#include <CLI/CLI.hpp>
#include <map>
#include <string>
#include <vector>

namespace dragoman {

// A flag that stands for several others, of which each can be given besides: --dropout. Names without dashes.
struct FlagGroup {
  std::string flag;
  std::vector<std::string> members;
};

// Returns `args` (of the command `app`, in order) with "--flag=value" as two arguments where the flag wants a value, so
// that an empty value is a value. Throws OptionError when the next flag stands where a value should, and for a switch
// that is neither true nor false.
std::vector<std::string> SplitValues(const CLI::App& app, const std::vector<std::string>& args);

// Returns `args` with every key of a --config FILE among them put in front as a flag, unless args hold the same flag or
// the FlagGroup it belongs to. Throws what ConfigTexts throws, and OptionError for a file that cannot be read.
std::vector<std::string> ExpandConfig(const CLI::App& app, const std::vector<std::string>& args,
                                      const std::vector<FlagGroup>& groups);

// The keys of a TOML text with their values as texts of flags, but none in left_out. `path` names it in messages.
// Throws OptionError, naming file and line, for an unknown key (with the nearest known one), for a value of the wrong
// type and for what is no TOML.
std::map<std::string, std::string> ConfigTexts(const CLI::App& app, const std::string& toml, const std::string& path,
                                               const std::vector<std::string>& left_out);

// All long flags of `app`, without dashes; a switch's --no- form is left out.
std::vector<std::string> FlagNames(const CLI::App& app);

// The value that `flag` ("--preset") has last in args (as SplitValues returns them), or `otherwise`.
std::string LastValueOf(const std::vector<std::string>& args, const std::string& flag, const std::string& otherwise);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_CONFIG_FILE_H_
