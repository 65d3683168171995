// SPDX-License-Identifier: Apache-2.0
// Option structs as flags and as TOML: visitors for their lists of fields (ForEachTrainOption, ForEachField, ...).
#ifndef DRAGOMAN_CLI_OPTION_FLAGS_H_
#define DRAGOMAN_CLI_OPTION_FLAGS_H_

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <type_traits>
#include <vector>

#include "base/enum_names.h"
#include "base/error.h"
#include "base/option_text.h"
#include "cli/flag_text.h"
#include "cli/parse_value.h"

namespace dragoman {

// Registers each field visited as a flag of `app`. The field's value at that time is the default that --help shows;
// backquoted names in the help become flags once all commands are there (command_line.cc). A value that cannot be read
// throws OptionError.
struct FlagRegistrar {
  CLI::App* app;
  std::string group = "Options";  // the heading of --help

  void Heading(const char* text) { group = text; }

  template <class Value>
  CLI::Option* operator()(const char* key, Value& field, const std::string& help) const {
    const std::string flag = FlagName(key);
    if constexpr (std::is_same_v<Value, bool>) {
      return AddBool(flag, &field, help);
    } else {
      const auto assign = [&field, flag](const std::string& text) { ParseValue(flag, text, &field); };
      CLI::Option* option = app->add_option_function<std::string>(flag, assign, help + ChoicesOf<Value>());
      return option->type_name(TypeName<Value>())->default_str(ValueText(field))->group(group);
    }
  }

 private:
  CLI::Option* AddBool(const std::string& flag, bool* field, const std::string& help) const;
};

// `text` as a TOML basic string, quotes included.
std::string QuoteToml(const std::string& text);

// Writes each field visited as a line of TOML, in the form that --config reads; but none of those left out.
struct TomlWriter {
  std::string* out;
  std::vector<std::string> left_out = {};  // keys

  void Heading(const char* text) const { *out += fmt::format("\n# {}\n", text); }

  template <class Value>
  void operator()(const char* key, const Value& field, const char* help) const {
    if (std::find(left_out.begin(), left_out.end(), key) != left_out.end()) return;
    std::string value = ValueText(field);
    if constexpr (std::is_same_v<Value, std::string> || std::is_enum_v<Value>) value = QuoteToml(value);
    *out += fmt::format("{} = {}  # {}{}\n", FlagName(key).substr(2), value, WithFlags(help), ChoicesOf<Value>());
  }
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_OPTION_FLAGS_H_
