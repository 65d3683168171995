// SPDX-License-Identifier: Apache-2.0
#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/file_system.h"
#include "base/nearest_name.h"
#include "cli/parse_value.h"
#include "cli/toml_file.h"

namespace dragoman {
namespace {

bool Contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool IsGiven(const std::vector<std::string>& args, const std::string& name) {
  const std::string flag = "--" + name;
  return std::any_of(args.begin(), args.end(), [&](const std::string& arg) {
    return arg == flag || arg.rfind(flag + "=", 0) == 0 || arg == "--no-" + name;
  });
}

// Keys that args decide, so that the file's value does not count.
std::set<std::string> KeysOverridden(const std::vector<std::string>& args, const std::vector<FlagGroup>& groups,
                                     const std::vector<std::string>& known) {
  std::set<std::string> overridden;
  for (const std::string& name : known) {
    if (IsGiven(args, name)) overridden.insert(name);
  }
  for (const FlagGroup& group : groups) {
    if (IsGiven(args, group.flag)) overridden.insert(group.members.begin(), group.members.end());
  }
  return overridden;
}

const char* Describe(const toml::node& node) {
  switch (node.type()) {
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list";
    case toml::node_type::string:
      return "a string";
    case toml::node_type::integer:
      return "a whole number";
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::boolean:
      return "true or false";
    default:
      return "a date or time";
  }
}

bool IsSwitch(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

void CheckSwitch(const std::string& flag, const std::string& value) {
  if (value == "true" || value == "false") return;
  throw OptionError(fmt::format("{} is \"{}\", expected true or false", flag, value));
}

const char* Expected(const CLI::Option& option) {
  if (IsSwitch(option)) return "true or false";
  if (option.get_type_name() == kIntType) return "a whole number";
  if (option.get_type_name() == kFloatType) return "a number";
  return "a string in quotes";
}

// The flag's text for a value in the file; nothing when the types do not fit.
std::optional<std::string> TextOf(const toml::node& node, const CLI::Option& option) {
  const std::string type = option.get_type_name();
  if (IsSwitch(option)) {
    if (const auto* value = node.as_boolean()) return value->get() ? "true" : "false";
  } else if (type == kIntType || type == kFloatType) {
    if (const auto* value = node.as_integer()) return fmt::format("{}", value->get());
    if (const auto* value = node.as_floating_point(); value != nullptr && type == kFloatType) {
      return fmt::format("{}", value->get());
    }
  } else if (const auto* value = node.as_string()) {
    return value->get();
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::string> FlagNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const bool negates = name.starts_with("no-") && option->check_lname(name.substr(3));  // not --no-repeat-ngram
      if (!negates) names.push_back(name);
    }
  }
  return names;
}

std::string LastValueOf(const std::vector<std::string>& args, const std::string& flag, const std::string& otherwise) {
  std::string value = otherwise;
  for (size_t i = 0; i + 1 < args.size(); ++i) {
    if (args[i] == flag) value = args[i + 1];
  }
  return value;
}

std::vector<std::string> SplitValues(const CLI::App& app, const std::vector<std::string>& args) {
  const auto option_of = [&](const std::string& arg) -> const CLI::Option* {
    return arg.size() > 2 && arg.rfind("--", 0) == 0 ? app.get_option_no_throw(arg) : nullptr;
  };
  std::vector<std::string> split;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--") {  // only positional arguments follow
      split.insert(split.end(), args.begin() + static_cast<std::ptrdiff_t>(i), args.end());
      break;
    }
    const size_t equals = args[i].find('=');
    const std::string flag = args[i].substr(0, equals);
    const CLI::Option* option = option_of(flag);
    split.push_back(args[i]);
    if (option == nullptr) continue;
    if (IsSwitch(*option) && equals != std::string::npos) CheckSwitch(flag, args[i].substr(equals + 1));
    if (option->get_items_expected_min() == 0) continue;
    if (equals != std::string::npos) {
      split.back() = flag;
      split.push_back(args[i].substr(equals + 1));
    } else if (i + 1 < args.size() && option_of(args[i + 1]) != nullptr) {
      throw OptionError(fmt::format("{} has no value, {} follows; expected {}; see `dragoman {} --help`", flag,
                                    args[i + 1], option->get_type_name(), app.get_name()));
    } else if (i + 1 < args.size()) {
      split.push_back(args[++i]);
    }
  }
  return split;
}

std::map<std::string, std::string> ConfigTexts(const CLI::App& app, const std::string& toml, const std::string& path,
                                               const std::vector<std::string>& left_out) {
  std::vector<std::string> known = FlagNames(app);
  std::erase_if(known, [&](const std::string& name) { return Contains(left_out, name); });
  std::map<std::string, std::string> texts;
  for (const auto& [toml_key, node] : ParseToml(toml, path)) {
    const std::string key(toml_key.str());
    const auto line = toml_key.source().begin.line;
    if (!Contains(known, key)) {
      throw OptionError(fmt::format("{}:{}: unknown key \"{}\"{} `dragoman {} --help` lists all", path, line, key,
                                    DidYouMean(key, known, "\"", "\""), app.get_name()));
    }
    const CLI::Option& option = *app.get_option("--" + key);
    const std::optional<std::string> text = TextOf(node, option);
    if (!text) {
      throw OptionError(fmt::format("{}:{}: {} is {}, expected {}", path, line, key, Describe(node), Expected(option)));
    }
    texts[key] = *text;
  }
  return texts;
}

std::vector<std::string> ExpandConfig(const CLI::App& app, const std::vector<std::string>& args,
                                      const std::vector<FlagGroup>& groups) {
  const std::string path = LastValueOf(args, "--config", "");
  if (path.empty()) return args;
  if (path == kStdinPath && std::count(args.begin(), args.end(), kStdinPath) > 1) {
    throw OptionError(
        "\"-\" (stdin) is given as --config and as another input, expected one; give a file for the other");
  }
  const std::set<std::string> overridden = KeysOverridden(args, groups, FlagNames(app));
  std::vector<std::string> expanded;
  for (const auto& [key, text] : ConfigTexts(app, ReadToml(path), InputName(path), {"config", "dump-config", "help"})) {
    if (overridden.count(key) > 0) continue;
    if (IsSwitch(*app.get_option("--" + key))) {
      expanded.push_back("--" + key + "=" + text);
    } else {
      expanded.insert(expanded.end(), {"--" + key, text});
    }
  }
  expanded.insert(expanded.end(), args.begin(), args.end());
  return expanded;
}

}  // namespace dragoman
