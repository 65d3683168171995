// SPDX-License-Identifier: Apache-2.0
// Reading TOML that anybody may have written.
#ifndef DRAGOMAN_CLI_TOML_FILE_H_
#define DRAGOMAN_CLI_TOML_FILE_H_

#include <toml++/toml.h>

#include <cstdint>
#include <string>

namespace dragoman {

inline constexpr int64_t kMaxTomlBytes = 1 << 20;

// The text in `path`, from front to back, so that a pipe will do: --config <(...); "-" is stdin. Throws OptionError for
// a file that cannot be read or is larger than kMaxTomlBytes: a configuration that is no good is wrong use, like a
// flag.
std::string ReadToml(const std::string& path);

// The table that a text is. Throws OptionError, naming `path` and line, for what is no TOML, and for what is nested
// deeper than kMaxNesting (base/json_scanner.h).
toml::table ParseToml(const std::string& text, const std::string& path);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_TOML_FILE_H_
