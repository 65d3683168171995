// SPDX-License-Identifier: Apache-2.0
#include "cli/wrong_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/nearest_name.h"
#include "cli/config_file.h"
#include "cli/other_names.h"

namespace dragoman {
namespace {

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// The help's word for an option: --model, or SENTENCE's own name.
std::string NameOf(const CLI::Option& option) {
  return option.get_positional() ? option.get_name(true) : "--" + option.get_lnames().front();
}

// The one flag, without dashes, that begins with `beginning` (beam); empty when none or several do.
std::string FlagBeginningWith(const std::string& beginning, const std::vector<std::string>& flags) {
  std::string found;
  for (const std::string& flag : flags) {
    if (beginning.empty() || flag.rfind(beginning, 0) != 0) continue;
    if (!found.empty()) return "";
    found = flag;
  }
  return found;
}

std::vector<std::string> WordsOf(const std::string& name) {
  std::vector<std::string> words;
  std::istringstream stream(name);
  for (std::string word; std::getline(stream, word, '-');) words.push_back(word);
  return words;
}

// The flags with all words of `name` among theirs, with dashes: "rate" is in --learning-rate.
std::vector<std::string> FlagsWithWordsOf(const std::string& name, const std::vector<std::string>& flags) {
  const std::vector<std::string> words = WordsOf(name);
  std::vector<std::string> found;
  for (const std::string& flag : flags) {
    const std::vector<std::string> has = WordsOf(flag);
    const bool has_all = std::all_of(words.begin(), words.end(), [&](const std::string& word) {
      return std::find(has.begin(), has.end(), word) != has.end();
    });
    if (has_all && !words.empty()) found.push_back("--" + flag);
  }
  return found;
}

// What follows "unknown option --lr": ", did you mean --learning-rate?", or ";" when nothing is near.
std::string HintFor(const std::string& unknown, const std::vector<std::string>& flags) {
  const auto is_ours = [&](const std::string& name) {
    return std::find(flags.begin(), flags.end(), name) != flags.end();
  };
  std::string name = CanonicalName(unknown);
  const bool is_off = name.rfind("no-", 0) == 0;
  if (is_ours(name) || (is_off && is_ours(name.substr(3)))) return ", did you mean --" + name + "?";
  if (const std::string hint = HintForOtherName(name, flags); !hint.empty()) return hint;
  if (is_off) name.erase(0, 3);
  if (const std::string whole = FlagBeginningWith(name, flags); !whole.empty())
    return ", did you mean --" + whole + "?";
  constexpr size_t kFew = 3;
  const std::vector<std::string> alike = FlagsWithWordsOf(name, flags);
  if (!alike.empty() && alike.size() <= kFew) return fmt::format(", did you mean {}?", fmt::join(alike, " or "));
  return DidYouMean(name, flags, "--");
}

}  // namespace

std::string ExplainCommand(const CLI::App& app, const std::vector<std::string>& args) {
  const std::vector<std::string> names = CommandNames(app);
  if (args.empty()) {
    return fmt::format("no command is given, expected one of {}; `dragoman --help` explains them",
                       fmt::join(names, ", "));
  }
  if (args[0].rfind('-', 0) == 0) {
    return fmt::format("{} stands before any command, expected `dragoman COMMAND OPTIONS`; see `dragoman --help`",
                       args[0]);
  }
  return fmt::format("{} is not a command{} `dragoman --help` lists them", args[0], DidYouMean(args[0], names));
}

std::string ExplainFlags(const CLI::App& command, const CLI::ParseError& error) {
  const std::string help = fmt::format("`dragoman {} --help`", command.get_name());
  for (const std::string& extra : command.remaining()) {
    if (extra == "true" || extra == "false") {
      return fmt::format("unexpected argument \"{0}\", a switch takes no value; expected --NAME or --no-NAME, see {1}",
                         extra, help);
    }
    if (extra.rfind('-', 0) != 0) {
      return fmt::format("unexpected argument \"{}\", expected options; put text with spaces in quotes, see {}", extra,
                         help);
    }
    const std::string flag = extra.substr(0, extra.find('='));
    return fmt::format("unknown option {}{} {} lists all", flag, HintFor(flag, FlagNames(command)), help);
  }
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return fmt::format("{} is missing, expected {}; see {}", NameOf(*option), option->get_description(), help);
  }
  return fmt::format("{}; see {}", error.what(), help);
}

}  // namespace dragoman
