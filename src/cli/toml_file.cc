// SPDX-License-Identifier: Apache-2.0
#include "cli/toml_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/json_scanner.h"

namespace dragoman {
namespace {

// The last byte of the string that begins at `at`, or of what there is of it.
size_t EndOfString(std::string_view text, size_t at) {
  const char quote = text[at];
  const std::string threefold(3, quote);
  const bool is_long = text.substr(at, 3) == threefold;
  for (at += is_long ? 3 : 1; at < text.size(); ++at) {
    if (text[at] == '\\' && quote == '"') {
      ++at;
    } else if (is_long ? text.substr(at, 3) == threefold : text[at] == quote || text[at] == '\n') {
      return at + (is_long ? 2 : 0);
    }
  }
  return text.size() - 1;
}

// Where the nesting of tables and lists exceeds kMaxNesting, or npos. A dotted key nests as often as it has dots, which
// toml++ does not bound: it would run out of stack. Every dot outside of strings is taken for one of a key's; those of
// numbers are few between two commas or lines.
size_t FindTooDeep(std::string_view text) {
  std::vector<int> dots = {0};  // since the last comma, in each bracket that is open; first since the last line
  int depth = 0;                // their sum, and the brackets
  const auto forget_dots = [&] { depth -= std::exchange(dots.back(), 0); };
  for (size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '#':
        at = std::min(text.find('\n', at), text.size()) - 1;
        break;
      case '"':
      case '\'':
        at = EndOfString(text, at);
        break;
      case '[':
      case '{':
        dots.push_back(0);
        ++depth;
        break;
      case ']':
      case '}':
        if (dots.size() == 1) break;
        forget_dots();
        dots.pop_back();
        --depth;
        break;
      case '.':
        ++dots.back();
        ++depth;
        break;
      case ',':
        forget_dots();
        break;
      case '\n':
        if (dots.size() == 1) forget_dots();
        break;
      default:
        break;
    }
    if (depth > kMaxNesting) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::string ReadToml(const std::string& path) {
  if (path == kStdinPath) return ReadStdin(kMaxTomlBytes);
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxTomlBytes + 1, '\0');
  if (file.is_open()) file.read(text.data(), kMaxTomlBytes + 1);
  if (!file.is_open() || file.bad()) {
    throw OptionError(fmt::format("--config {}: cannot be read: {}; expected a TOML file; check the path", path,
                                  std::strerror(errno)));
  }
  if (file.gcount() > kMaxTomlBytes) {
    throw OptionError(fmt::format("--config {}: more than {} bytes; expected a TOML file of options; check the path",
                                  path, kMaxTomlBytes));
  }
  text.resize(static_cast<size_t>(file.gcount()));
  return text;
}

toml::table ParseToml(const std::string& text, const std::string& path) {
  if (const size_t deep = FindTooDeep(text); deep != std::string::npos) {
    const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(deep), '\n');
    throw OptionError(
        fmt::format("{}:{}: nested more than {} deep; lines look like max-steps = 1000 (dragoman train "
                    "--dump-config writes them all)",
                    path, line, kMaxNesting));
  }
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw OptionError(
        fmt::format("{}:{}: not TOML: {}; lines look like max-steps = 1000 (dragoman train --dump-config "
                    "writes them all)",
                    path, error.source().begin.line, error.description()));
  }
}

}  // namespace dragoman
