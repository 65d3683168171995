// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <new>

#include "base/error.h"
#include "base/nearest_name.h"
#include "base/signals.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/help_format.h"
#include "cli/run_config.h"
#include "cli/stdout.h"
#include "kernels/target.h"

namespace dragoman {
namespace {

constexpr int kFailure = 1;
constexpr int kWrongUse = 2;
constexpr int kSignalBase = 128;  // a shell's way to say "ended by signal N"

constexpr char kExamples[] = R"(Example, from raw text to a translation:
  dragoman vocab --input train.en train.de --size 8000 --output V.model
  dragoman train --train-src train.en --train-tgt train.de --vocab V.model --output RUN --preset tiny \
    --schedule linear --learning-rate 0.004 --warmup 200 --max-epochs 20
  dragoman translate --model RUN < test.en > test.out
  dragoman eval --metric bleu --ref test.de < test.out
`dragoman COMMAND --help` explains a command. Exit codes: 0 success, 1 failure, 2 wrong use.)";

// train_args: the arguments of `dragoman train`; none for another command.
std::unique_ptr<CLI::App> MakeApp(const std::vector<std::string>& train_args) {
  auto app = std::make_unique<CLI::App>(
      "Dragoman trains, evaluates and runs encoder-decoder Transformers, from raw text to translations.", "dragoman");
  app->set_version_flag("--version", ProgramVersion(), "Print the version and exit");
  app->set_help_flag("-h,--help", "Print this help and exit");
  app->formatter(std::make_shared<HelpFormat>());
  app->option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app->require_subcommand(1);
  app->footer(kExamples);
  AddVocabCommand(*app);
  AddTrainCommand(*app, train_args);
  AddTranslateCommand(*app);
  AddScoreCommand(*app);
  AddEvalCommand(*app);
  AddAttentionCommand(*app);
  AddAverageCommand(*app);
  AddEncodeCommand(*app);
  AddDecodeCommand(*app);
  AddInfoCommand(*app);
  return app;
}

// The command that args begin with, or null.
const CLI::App* CommandOf(const CLI::App& app, const std::vector<std::string>& args) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!args.empty() && command->get_name() == args[0]) return command;
  }
  return nullptr;
}

std::vector<std::string> CommandNames(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

// Why args begin with no command of ours.
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

// The help's word for an option: --model, or SENTENCE's own name.
std::string NameOf(const CLI::Option& option) {
  return option.get_positional() ? option.get_name(true) : "--" + option.get_lnames().front();
}

// The one flag of the command, without dashes, that begins with `beginning` (--beam); empty when none or several do.
std::string FlagBeginningWith(const std::string& beginning, const CLI::App& command) {
  std::string found;
  for (const std::string& name : FlagNames(command)) {
    if (beginning.size() <= 2 || ("--" + name).rfind(beginning, 0) != 0) continue;
    if (!found.empty()) return "";
    found = name;
  }
  return found;
}

// One line for wrong flags of a command, with the nearest right one.
std::string ExplainFlags(const CLI::App& command, const CLI::ParseError& error) {
  const std::string help = fmt::format("`dragoman {} --help`", command.get_name());
  for (const std::string& extra : command.remaining()) {
    const std::string flag = extra.substr(0, extra.find('='));
    if (const std::string whole = FlagBeginningWith(flag, command); !whole.empty()) {
      return fmt::format("unknown option {}, did you mean --{}? {} lists all", flag, whole, help);
    }
    if (extra == "true" || extra == "false") {
      return fmt::format("unexpected argument \"{0}\", a switch takes no value; expected --NAME or --no-NAME, see {1}",
                         extra, help);
    }
    if (extra.rfind('-', 0) != 0) {
      return fmt::format("unexpected argument \"{}\", expected options; put text with spaces in quotes, see {}", extra,
                         help);
    }
    const std::string name =
        extra.substr(extra.find_first_not_of('-') == std::string::npos ? 0 : extra.find_first_not_of('-'));
    const std::string bare = name.rfind("no-", 0) == 0 ? name.substr(3) : name;
    return fmt::format("unknown option {}{} {} lists all", extra.substr(0, extra.find('=')),
                       DidYouMean(bare.substr(0, bare.find('=')), FlagNames(command), "--"), help);
  }
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_required() || option->count() > 0) continue;
    return fmt::format("{} is missing, expected {}; see {}", NameOf(*option), option->get_description(), help);
  }
  return fmt::format("{}; see {}", error.what(), help);
}

// Prints `dragoman: message` as one line, whatever names of files hold.
int Fail(const std::string& message, int code) {
  std::string line;
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  std::cerr << "dragoman: " << line << std::endl;
  return code;
}

// `dragoman help`, `dragoman help COMMAND`
std::vector<std::string> HelpAsFlag(std::vector<std::string> args) {
  if (args.empty() || args[0] != "help") return args;
  args.erase(args.begin());
  args.insert(args.begin() + (args.empty() ? 0 : 1), "--help");
  return args;
}

int Parse(CLI::App& app, const std::vector<std::string>& args) {
  const CLI::App* command = CommandOf(app, args);
  try {
    app.parse(std::vector<std::string>(args.rbegin(), args.rend()));  // last argument first, as CLI11 wants them
  } catch (const CLI::Success& success) {                             // --help, --version
    return app.exit(success);
  } catch (const CLI::ParseError& error) {
    return Fail(command == nullptr ? ExplainCommand(app, args) : ExplainFlags(*command, error), kWrongUse);
  }
  return 0;
}

// Commands that compute for long.
void WarnOfOldProcessor(const std::string& command) {
  const std::string missing = kernels::WhatIsMissing();
  const bool computes = command == "train" || command == "translate" || command == "score";
  if (computes && !missing.empty()) std::cerr << "warning: " << missing << std::endl;
}

int Run(std::vector<std::string> args) {
  args = HelpAsFlag(std::move(args));
  auto app = MakeApp({});
  const CLI::App* command = CommandOf(*app, args);
  if (command == nullptr) {
    if (!args.empty() && args[0].rfind('-', 0) != 0) return Fail(ExplainCommand(*app, args), kWrongUse);
    return Parse(*app, args);
  }
  WarnOfOldProcessor(command->get_name());
  std::vector<std::string> command_args = SplitValues(*command, {args.begin() + 1, args.end()});
  if (command->get_name() == "train") {
    command_args = ExpandConfig(*command, command_args, TrainFlagGroups());
    app = MakeApp(command_args);
  }
  command_args.insert(command_args.begin(), args[0]);
  return Parse(*app, command_args);
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& args) {
  try {
    kernels::UseTargetFromEnvironment();
    const int code = Run(args);
    FlushStdout();  // or a full disk would go unnoticed
    return code;
  } catch (const OptionError& error) {
    return Fail(error.what(), kWrongUse);
  } catch (const Interrupted& interrupted) {
    return kSignalBase + interrupted.signal;
  } catch (const std::bad_alloc&) {
    return Fail("the system has no more memory; try a smaller --batch-tokens, --beam-size or model", kFailure);
  } catch (const std::exception& error) {
    return Fail(error.what(), kFailure);
  }
}

}  // namespace dragoman
