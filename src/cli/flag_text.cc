// SPDX-License-Identifier: Apache-2.0
#include "cli/flag_text.h"

#include <algorithm>

namespace dragoman {

std::string FlagName(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

std::string WithFlags(std::string_view text, const OptionNames& options) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text[at] == '`' ? text.find('`', at + 1) : std::string_view::npos;
    const std::string_view word =
        end == std::string_view::npos ? std::string_view() : text.substr(at + 1, end - at - 1);
    if (options.contains(word)) {
      out += FlagName(std::string(word));
      at = end + 1;
    } else {
      out += text[at++];
    }
  }
  return out;
}

}  // namespace dragoman
