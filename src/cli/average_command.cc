// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/flag_text.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "format/model_directory.h"
#include "train/average.h"
#include "train/checkpoint_store.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  dragoman average --output AVG --best 5 RUN\n"
    "  dragoman average --output AVG RUN/step-00004000 RUN/step-00005000\n"
    "  dragoman translate --model AVG < valid.en | dragoman eval --metric chrf --ref valid.de\n"
    "      an average need not be better than the models it is of: compare it with RUN's best, --model RUN";

// The model itself, or a run's best checkpoint; with --best, that many of the run's best.
std::vector<std::string> DirectoriesOf(FileSystem& files, const std::string& model, int best) {
  if (best == 0) return {ResolveModelDirectory(files, model)};
  std::vector<std::string> directories = BestCheckpoints(files, model, best);
  if (static_cast<int>(directories.size()) < best) {
    throw OptionError(
        fmt::format("{} holds {} checkpoints with a validation score, expected the {} of --best; give a "
                    "run's directory and at most that many, or train with a larger --keep-best",
                    model, directories.size(), best));
  }
  return directories;
}

void Average(const std::vector<std::string>& models, int best, const std::string& output) {
  if (best < 0)
    throw OptionError(fmt::format("--best is {}, expected 1 or more checkpoints, or 0 for each run's best", best));
  if (output == kStdoutPath) throw OptionError("--output is -, expected a directory for the averaged model");
  FileSystem& files = RealFileSystem();
  std::vector<std::string> directories;
  for (const std::string& model : models) {
    for (std::string& directory : DirectoriesOf(files, model, best)) directories.push_back(std::move(directory));
  }
  std::vector<InputPath> inputs;
  for (const std::string& directory : directories) inputs.push_back({"model", directory});
  RefuseOverwriting("--output", output, inputs);
  AverageModels(files, directories, output,
                [](const std::string& line) { std::cerr << "warning: " << WithFlags(line) << std::endl; });
  std::cerr << fmt::format("{}: the mean of {}\n", output, Counted(static_cast<int64_t>(directories.size()), "model"));
}

}  // namespace

void AddAverageCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("average", "Average the weights of several checkpoints into one model");
  command->footer(kExamples);
  auto models = std::make_shared<std::vector<std::string>>();
  auto best = std::make_shared<int>(0);
  auto output = std::make_shared<std::string>();
  command->add_option("models", *models, "model directories, or runs' (their best checkpoints)")
      ->required()
      ->type_name("DIR");
  command->add_option("--output", *output, "directory for the averaged model: a new one, or an older such model's")
      ->required()
      ->type_name("DIR");
  FlagRegistrar{command}("best", *best, "average this many checkpoints of the best scores of each run; 0: its best");
  command->callback([models, best, output] { Average(*models, *best, *output); });
}

}  // namespace dragoman
