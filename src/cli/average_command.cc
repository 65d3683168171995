// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <vector>

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

}  // namespace

void AddAverageCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("average", "Average the weights of several checkpoints into one model");
  command->footer(kExamples);
  auto models = std::make_shared<std::vector<std::string>>();
  auto output = std::make_shared<std::string>();
  command->add_option("models", *models, "model directories")->required()->type_name("DIR");
  command->add_option("--output", *output, "directory of the averaged model")->required()->type_name("DIR");
  command->callback([models, output] {
    FileSystem& files = RealFileSystem();
    std::vector<std::string> directories;
    for (const std::string& model : *models) directories.push_back(ResolveModelDirectory(files, model));
    AverageModels(files, directories, *output);
  });
}

}  // namespace dragoman
