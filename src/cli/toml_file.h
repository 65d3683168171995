// SPDX-License-Identifier: Apache-2.0
// Reading a TOML file that anybody may have written.
#ifndef DRAGOMAN_CLI_TOML_FILE_H_
#define DRAGOMAN_CLI_TOML_FILE_H_

#include <toml++/toml.h>

#include <string>

namespace dragoman {

// The table in `path`, which is read from front to back, so that a pipe will do: --config <(...). Throws OptionError
// for a file that cannot be read, is larger than 1 MB, is no TOML, or is nested deeper than kMaxNesting: a
// configuration that is no good is wrong use, like a flag.
toml::table ReadToml(const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_TOML_FILE_H_
