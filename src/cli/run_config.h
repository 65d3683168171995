// SPDX-License-Identifier: Apache-2.0
// A training's options as TOML: what --dump-config prints, and what RUN/config.toml keeps for --resume.
#ifndef DRAGOMAN_CLI_RUN_CONFIG_H_
#define DRAGOMAN_CLI_RUN_CONFIG_H_

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "cli/config_file.h"
#include "comm/communicator.h"
#include "train/options.h"

namespace dragoman {

// Flags of train that stand for several others.
std::vector<FlagGroup> TrainFlagGroups();

// The flag that decides the option `key`, if the command line (or --config) gave it: its own, or that of its group;
// "" for none.
std::string FlagGiven(const CLI::App& command, const std::string& key);

// Fields of the model that follow from the vocabularies, so are no flags.
bool IsDerived(const std::string& key);

// Every option as it was asked for, in the form that --config reads.
std::string DumpOptions(const TrainOptions& options);

// With --resume, fills in from OUTPUT/config.toml, if it is there, what the command line did not give. Of options that
// stand for one another (one way to name the training data, the length of the run, ...) the command line's count as
// soon as it gives one. Rank 0 reads; all take it. Throws OptionError, naming file and line, for what does not belong
// there.
void TakeRunConfig(const CLI::App& command, FileSystem& files, Communicator& comm, TrainOptions* options);

// Throws OptionError when neither the command line nor OUTPUT says what to resume: there is no run, or an older one.
void RequireSomethingToResume(const TrainOptions& options, FileSystem& files);

// Throws OptionError when OUTPUT/config.toml is a file that WriteRunConfig did not write: somebody's own.
void RequireOwnRunConfig(const TrainOptions& options, FileSystem& files);
void WriteRunConfig(const TrainOptions& options, FileSystem& files);

}  // namespace dragoman

#endif  // DRAGOMAN_CLI_RUN_CONFIG_H_
