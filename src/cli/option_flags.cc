// SPDX-License-Identifier: Apache-2.0
#include "cli/option_flags.h"

namespace dragoman {

CLI::Option* FlagRegistrar::AddBool(const std::string& flag, bool* field, const std::string& help) const {
  const std::string name = flag.substr(2);
  return app->add_flag(fmt::format("--{0},!--no-{0}", name), *field, help)
      ->default_str(*field ? "true" : "false")
      ->group(group);
}

std::string QuoteToml(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      quoted += fmt::format("\\u{:04X}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

}  // namespace dragoman
