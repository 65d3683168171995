// SPDX-License-Identifier: Apache-2.0
// Option structs as flags and as TOML: visitors for the field lists of TrainOptions and TransformerConfig.
#ifndef DRAGOMAN_CLI_OPTION_FLAGS_H_
#define DRAGOMAN_CLI_OPTION_FLAGS_H_

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>

#include "base/enum_names.h"
#include "base/error.h"

namespace dragoman {

// "d_model" -> "--d-model"
inline std::string FlagName(std::string key) {
  std::replace(key.begin(), key.end(), '_', '-');
  return "--" + key;
}

// Registers each field visited as a flag of `app`. The field's value at that time is the default that --help shows.
struct FlagRegistrar {
  CLI::App* app;

  template <class Value>
  void operator()(const char* key, Value& field, const std::string& help) const {
    if constexpr (std::is_same_v<Value, bool>) {
      const std::string flag = FlagName(key);
      app->add_flag(flag + ",!--no-" + flag.substr(2), field, help)->default_str(field ? "true" : "false");
    } else if constexpr (std::is_enum_v<Value>) {
      const std::string flag = FlagName(key);
      app->add_option_function<std::string>(
             flag,
             [&field, flag](const std::string& text) {
               const auto value = ParseEnum<Value>(text);
               if (!value) throw OptionError(fmt::format("{} is \"{}\", expected {}", flag, text, EnumChoices<Value>()));
               field = *value;
             },
             help + ": " + EnumChoices<Value>())
          ->default_str(std::string(EnumName(field)))
          ->type_name("WORD")
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    } else {
      app->add_option(FlagName(key), field, help)
          ->capture_default_str()
          ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
  }
};

// Writes each field visited as a line of TOML, in the form that --config reads.
struct TomlWriter {
  std::string* out;

  template <class Value>
  void operator()(const char* key, const Value& field, const char* help) const {
    const std::string name = FlagName(key).substr(2);
    if constexpr (std::is_same_v<Value, std::string>) {
      *out += fmt::format("{} = {}  # {}\n", name, Quote(field), help);
    } else if constexpr (std::is_enum_v<Value>) {
      *out += fmt::format("{} = \"{}\"  # {}: {}\n", name, EnumName(field), help, EnumChoices<Value>());
    } else {
      *out += fmt::format("{} = {}  # {}\n", name, field, help);
    }
  }

  static std::string Quote(const std::string& text) {
    std::string quoted = "\"";
    for (const char c : text) {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
    return quoted + "\"";
  }
};

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_OPTION_FLAGS_H_
