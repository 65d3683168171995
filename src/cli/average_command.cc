// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "cli/commands.h"
#include "decode/translation_model.h"
#include "train/average.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  dragoman average --output AVG RUN/step-00004000 RUN/step-00005000\n"
    "  dragoman translate --model AVG < test.en";

// What averaging must not overwrite: a checkpoint (its checksums would no longer hold) or a run.
void CheckOutput(FileSystem& files, const std::string& output) {
  for (const char* name : {"MANIFEST.json", "best", "last"}) {
    if (!files.Exists(JoinPath(output, name))) continue;
    throw OptionError(fmt::format("--output {} holds a {} (it has {}), expected a new directory; choose another",
                                  output, name[0] == 'M' ? "checkpoint" : "training run", name));
  }
}

void Average(const std::vector<std::string>& models, const std::string& output) {
  FileSystem& files = RealFileSystem();
  CheckOutput(files, output);
  std::vector<std::string> directories;
  for (const std::string& model : models) directories.push_back(ResolveModelDirectory(files, model));
  AverageModels(files, directories, output);
  std::cerr << fmt::format("{}: the mean of {} models\n", output, directories.size());
}

}  // namespace

void AddAverageCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("average", "Average the weights of several checkpoints into one model");
  command->footer(kExamples);
  auto models = std::make_shared<std::vector<std::string>>();
  auto output = std::make_shared<std::string>();
  command->add_option("models", *models, "model directories, or runs' (their best checkpoints)")
      ->required()
      ->type_name("DIR");
  command->add_option("--output", *output, "new directory for the averaged model")->required()->type_name("DIR");
  command->callback([models, output] { Average(*models, *output); });
}

}  // namespace dragoman
