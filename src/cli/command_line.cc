// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <new>

#include "base/error.h"
#include "base/nearest_name.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "kernels/target.h"

namespace dragoman {
namespace {

std::unique_ptr<CLI::App> MakeApp(const std::vector<std::string>& command_args) {
  auto app = std::make_unique<CLI::App>(
      "Dragoman trains, evaluates and runs encoder-decoder Transformers, from raw text to translations.", "dragoman");
  app->set_version_flag("--version", "dragoman " DRAGOMAN_VERSION);
  app->require_subcommand(1);
  app->footer("Example, from raw text to a translation:\n"
              "  dragoman vocab --input train.en train.de --size 8000 --output V.model\n"
              "  dragoman train --train-src train.en --train-tgt train.de --vocab V.model --output RUN --max-epochs 20\n"
              "  dragoman translate --model RUN < test.en > test.out\n"
              "  dragoman eval --metric bleu --ref test.de < test.out\n"
              "`dragoman COMMAND --help` explains a command.");
  AddVocabCommand(*app);
  AddTrainCommand(*app, command_args);
  AddTranslateCommand(*app);
  AddScoreCommand(*app);
  AddEvalCommand(*app);
  AddAttentionCommand(*app);
  AddAverageCommand(*app);
  return app;
}

// The subcommand that args name, or null.
const CLI::App* CommandOf(const CLI::App& app, const std::vector<std::string>& args) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!args.empty() && command->get_name() == args[0]) return command;
  }
  return nullptr;
}

// One line for a wrong flag or command, with the nearest right one.
std::string Explain(const CLI::App& app, const std::vector<std::string>& args, const CLI::ParseError& error) {
  const CLI::App* command = CommandOf(app, args);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const CLI::App* known : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(known->get_name());
    if (args.empty()) return "no command is given; `dragoman --help` lists them";
    return fmt::format("{} is not a command, did you mean {}? `dragoman --help` lists them", args[0],
                       NearestName(args[0], names));
  }
  const std::vector<std::string> known = FlagNames(*command);
  for (const std::string& arg : args) {
    if (arg.rfind("--", 0) != 0) continue;
    std::string name = arg.substr(2, arg.find('=') - 2);
    if (name.rfind("no-", 0) == 0) name = name.substr(3);
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return fmt::format("unknown option --{}, did you mean --{}? `dragoman {} --help` lists all", name,
                       NearestName(name, known), command->get_name());
  }
  return fmt::format("{}; see `dragoman {} --help`", error.what(), command->get_name());
}

int Fail(const std::string& message, int code) {
  std::cerr << "dragoman: " << message << std::endl;
  return code;
}

constexpr int kFailure = 1;
constexpr int kWrongUse = 2;

int Run(const std::vector<std::string>& args) {
  std::vector<std::string> command_args(args.begin() + (args.empty() ? 0 : 1), args.end());
  auto app = MakeApp(command_args);
  if (const CLI::App* command = CommandOf(*app, args); command != nullptr && command->get_option_no_throw("--config")) {
    command_args = ExpandConfig(*command, command_args);
    app = MakeApp(command_args);  // the file may name a preset, which decides defaults
  }
  std::vector<std::string> reversed(command_args.rbegin(), command_args.rend());  // as CLI11 wants them
  if (!args.empty()) reversed.push_back(args[0]);
  try {
    app->parse(reversed);
  } catch (const CLI::Success& success) {  // --help, --version
    app->exit(success);
  } catch (const CLI::ParseError& error) {
    return Fail(Explain(*app, args, error), kWrongUse);
  }
  return 0;
}

}  // namespace

int RunCommandLine(const std::vector<std::string>& args) {
  try {
    kernels::UseTargetFromEnvironment();
    return Run(args);
  } catch (const OptionError& error) {
    return Fail(error.what(), kWrongUse);
  } catch (const std::bad_alloc&) {
    return Fail("the system has no more memory; try a smaller --batch-tokens, --beam-size or model", kFailure);
  } catch (const std::exception& error) {
    return Fail(error.what(), kFailure);
  }
}

}  // namespace dragoman
