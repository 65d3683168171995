// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/signals.h"
#include "base/stderr.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/flag_text.h"
#include "cli/given_once.h"
#include "cli/help_format.h"
#include "cli/ranks.h"
#include "cli/run_config.h"
#include "cli/stdout.h"
#include "cli/wrong_use.h"
#include "comm/launch.h"
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

// Commands that compute for long.
void WarnOfOldProcessor(const std::string& command) {
  const std::string missing = kernels::WhatIsMissing();
  const bool computes = command == "train" || command == "translate" || command == "score";
  if (computes && !missing.empty()) std::cerr << "warning: " << missing << std::endl;
}

// Under mpirun the commands that share their work run on all ranks, all else on rank 0 alone.
bool IsForAllRanks(const std::vector<std::string>& args) {
  return !args.empty() && (args[0] == "train" || args[0] == "translate");
}

// Says what becomes of the other ranks of a command that does not share its work.
void NoteLoneRank(const std::string& command) {
  if (!LaunchedAsRank() || IsForAllRanks({command})) return;
  std::cerr << fmt::format("dragoman: {} runs as one process: rank 0, the other ranks have nothing to do\n", command);
}

// --quiet, and what is said before a command begins.
void AddWhatAllHave(CLI::App& command) {
  if (command.get_option_no_throw("--quiet") == nullptr) {
    const std::string help = "nothing on stderr but errors";
    command.add_flag("--quiet,!--no-quiet", help)->default_str("false");
  }
  command.parse_complete_callback([&command] {
    if (command.get_option("--quiet")->as<bool>()) SilenceNotes();
    WarnOfOldProcessor(command.get_name());
    NoteLoneRank(command.get_name());
  });
}

std::vector<CLI::App*> CommandsOf(CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

OptionNames OptionsOf(CLI::App& app) {
  OptionNames names;
  for (const CLI::App* command : CommandsOf(app)) {
    for (std::string name : FlagNames(*command)) {
      std::ranges::replace(name, '-', '_');
      names.insert(std::move(name));
    }
  }
  return names;
}

// Help texts of field lists name options as fields, since a library has them, too.
void RenderHelp(CLI::App& app) {
  const OptionNames names = OptionsOf(app);
  for (CLI::App* command : CommandsOf(app)) {
    for (CLI::Option* option : command->get_options()) {
      option->description(WithFlags(option->get_description(), names));
    }
  }
}

// train_args: the arguments of `dragoman train`; none for another command.
std::unique_ptr<CLI::App> MakeApp(const std::vector<std::string>& train_args) {
  auto app = std::make_unique<CLI::App>(
      "Dragoman trains, evaluates and runs encoder-decoder Transformers, from raw text to translations.", "dragoman");
  app->set_version_flag("--version", ProgramVersion(), "Print the version and exit");
  app->set_help_flag("-h,--help", "Print this help and exit");
  app->formatter(std::make_shared<HelpFormat>());
  app->require_subcommand(1);
  app->footer(kExamples);
  AddVocabCommand(*app);
  AddTrainCommand(*app, train_args);
  AddTranslateCommand(*app);
  AddScoreCommand(*app);
  AddEvalCommand(*app);
  AddAttentionCommand(*app);
  AddAverageCommand(*app);
  AddImportCommand(*app);
  AddExportCommand(*app);
  AddQuantizeCommand(*app);
  AddShortlistCommand(*app);
  AddEncodeCommand(*app);
  AddDecodeCommand(*app);
  AddInfoCommand(*app);
  AddCurvesCommand(*app);
  for (CLI::App* command : CommandsOf(*app)) AddWhatAllHave(*command);
  RenderHelp(*app);
  return app;
}

// The command that args begin with, or null.
const CLI::App* CommandOf(const CLI::App& app, const std::vector<std::string>& args) {
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!args.empty() && command->get_name() == args[0]) return command;
  }
  return nullptr;
}

// Prints `dragoman: message` as one line, options as flags, whatever names of files hold.
int Fail(const std::string& text, int code) {
  const std::string message = WithFlags(text);
  constexpr size_t kMostBytes = 4000;  // what files hold may be quoted in it; the end says what to do
  const std::string shown = message.size() <= kMostBytes ? message
                                                         : message.substr(0, kMostBytes / 2) + " ... " +
                                                               message.substr(message.size() - kMostBytes / 2);
  std::string line;
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    line += byte < 0x20 || byte == 0x7F ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  LetRankZeroSpeak(fmt::format("rank {}", LaunchedRank()));
  Errors() << "dragoman: " + line + "\n" << std::flush;
  return code;
}

constexpr std::string_view kNoMemory =
    "dragoman: the system has no more memory; try a smaller --batch-tokens, --beam-size or model, for a vocabulary "
    "--max-sentences or fewer --threads; is there a limit (ulimit -v)?\n";

// Without memory of its own; said by one thread, when all of them find none.
int FailForMemory() {
  static std::atomic_flag is_said;
  if (is_said.test_and_set()) pause();  // the process ends
  static_cast<void>(!write(STDERR_FILENO, kNoMemory.data(), kNoMemory.size()));
  return kFailure;
}

// An exception that nothing catches: on a thread of a library, or thrown while another one was reported.
[[noreturn]] void FailAnywhere() {
  try {
    if (const std::exception_ptr error = std::current_exception()) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    _exit(FailForMemory());
  } catch (const std::exception& error) {
    _exit(Fail(error.what(), kFailure));
  } catch (...) {
  }
  abort();
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

int Run(std::vector<std::string> args) {
  args = HelpAsFlag(std::move(args));
  if (LaunchedRank() > 0 && !IsForAllRanks(args)) return 0;
  auto app = MakeApp({});
  const CLI::App* command = CommandOf(*app, args);
  if (command == nullptr) {
    if (!args.empty() && args[0].rfind('-', 0) != 0) return Fail(ExplainCommand(*app, args), kWrongUse);
    return Parse(*app, args);
  }
  std::vector<std::string> command_args = SplitValues(*command, {args.begin() + 1, args.end()});
  CheckGivenOnce(*command, command_args);
  if (command->get_name() == "train") {
    command_args = ExpandConfig(*command, command_args, TrainFlagGroups());
    app = MakeApp(command_args);
  }
  command_args.insert(command_args.begin(), args[0]);
  return Parse(*app, command_args);
}

}  // namespace

std::string WithFlags(std::string_view text) {
  static const OptionNames names = OptionsOf(*MakeApp({}));
  return WithFlags(text, names);
}

int RunCommandLine(const std::vector<std::string>& args) {
  std::set_terminate(FailAnywhere);
  try {
    if (LaunchedRank() > 0) PointStdoutNowhere();
    kernels::UseTargetFromEnvironment();
    const int code = Run(args);
    FlushStdout();  // or a full disk would go unnoticed
    return code;
  } catch (const OptionError& error) {
    return Fail(error.what(), kWrongUse);
  } catch (const Interrupted& interrupted) {
    return kSignalBase + interrupted.signal;
  } catch (const std::bad_alloc&) {
    return FailForMemory();
  } catch (const std::system_error& error) {
    return Fail(
        fmt::format("the system refuses a thread or lock ({}); try fewer --threads, or raise the limits (ulimit "
                    "-u, ulimit -v)",
                    error.what()),
        kFailure);
  } catch (const std::exception& error) {
    return Fail(error.what(), kFailure);
  }
}

}  // namespace dragoman
