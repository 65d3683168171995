// SPDX-License-Identifier: Apache-2.0
#include "cli/config_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/nearest_name.h"

namespace dragoman {
namespace {

bool IsGiven(const std::vector<std::string>& args, const std::string& name) {
  const std::string flag = "--" + name;
  return std::any_of(args.begin(), args.end(), [&](const std::string& arg) {
    return arg == flag || arg.rfind(flag + "=", 0) == 0 || arg == "--no-" + name;
  });
}

// The line of `path` that sets `key`, from 1; 0 if it cannot be told.
int64_t LineOfKey(const std::string& path, const std::string& key) {
  std::ifstream file(path);
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    const size_t begin = line.find_first_not_of(" \t");
    if (begin != std::string::npos && line.compare(begin, key.size(), key) == 0) return number;
  }
  return 0;
}

void CheckKnown(const CLI::App& app, const std::string& path, const std::string& key) {
  const std::vector<std::string> known = FlagNames(app);
  if (std::find(known.begin(), known.end(), key) != known.end() && key != "config" && key != "help") return;
  throw OptionError(fmt::format("{}:{}: unknown key \"{}\", did you mean \"{}\"? `dragoman {} --help` lists all", path,
                                LineOfKey(path, key), key, NearestName(key, known), app.get_name()));
}

std::vector<CLI::ConfigItem> ReadToml(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw FileError(path, "cannot be opened; --config wants an existing TOML file");
  try {
    return CLI::ConfigTOML().from_config(file);
  } catch (const CLI::Error& error) {
    throw FileError(path, fmt::format("is not a TOML file that can be read ({})", error.what()));
  }
}

}  // namespace

std::vector<std::string> FlagNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      if (name.rfind("no-", 0) != 0) names.push_back(name);
    }
  }
  return names;
}

std::string LastValueOf(const std::vector<std::string>& args, const std::string& flag, const std::string& otherwise) {
  std::string value = otherwise;
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i] == flag && i + 1 < args.size()) value = args[i + 1];
    if (args[i].rfind(flag + "=", 0) == 0) value = args[i].substr(flag.size() + 1);
  }
  return value;
}

std::vector<std::string> ExpandConfig(const CLI::App& app, const std::vector<std::string>& args) {
  const std::string path = LastValueOf(args, "--config", "");
  if (path.empty()) return args;
  std::vector<std::string> expanded;
  for (const CLI::ConfigItem& item : ReadToml(path)) {
    if (item.name == "++" || item.name == "--") continue;  // CLI11's marks for the begin and end of a section
    CheckKnown(app, path, item.fullname());
    if (IsGiven(args, item.name)) continue;
    for (const std::string& input : item.inputs) expanded.push_back("--" + item.name + "=" + input);
  }
  expanded.insert(expanded.end(), args.begin(), args.end());
  return expanded;
}

}  // namespace dragoman
