// SPDX-License-Identifier: Apache-2.0
// The subcommands. Each Add...Command registers one on `app`; its work runs when CLI11 has parsed the flags.
#ifndef DRAGOMAN_CLI_COMMANDS_H_
#define DRAGOMAN_CLI_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/eval_command.h"
#include "cli/vocab_command.h"

namespace dragoman {

// args: the command's own arguments, of which --preset and --dropout decide other flags' defaults.
void AddTrainCommand(CLI::App& app, const std::vector<std::string>& args);
void AddTranslateCommand(CLI::App& app);
void AddScoreCommand(CLI::App& app);
void AddAttentionCommand(CLI::App& app);
void AddAverageCommand(CLI::App& app);
void AddImportCommand(CLI::App& app);
void AddExportCommand(CLI::App& app);
void AddQuantizeCommand(CLI::App& app);
void AddShortlistCommand(CLI::App& app);
void AddEncodeCommand(CLI::App& app);
void AddDecodeCommand(CLI::App& app);
void AddInfoCommand(CLI::App& app);
void AddCurvesCommand(CLI::App& app);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_COMMANDS_H_
