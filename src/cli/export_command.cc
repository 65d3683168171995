// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/overwrite_check.h"
#include "cli/commands.h"
#include "cli/decode_flags.h"
#include "cli/option_flags.h"
#include "cli/stdout.h"
#include "interop/export.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    R"(Makes of a model the files that another program opens: the same numbers, the same vocabulary. What that program
cannot compute is an error that names it, before anything is written. docs/interop.md says what goes where.
Examples:
  dragoman export --model RUN --to huggingface --output ende
  dragoman export --model RUN --to ctranslate2 --output ende-ct2
  dragoman export --model RUN --to marian --output ende-marian
  dragoman import ende --output again    and back)";

struct ExportFlags {
  std::string model, output;
  ExportTarget to = ExportTarget::kHuggingFace;
};

void Export(const ExportFlags& flags) {
  if (flags.output == kStdoutPath) throw OptionError("--output is -, expected a directory for the model");
  FileSystem& files = RealFileSystem();
  RefuseOverwriting("--output", flags.output, ModelInputs("--model", flags.model));
  RequireNew(files, flags.output);
  const std::string directory = ResolveModelDirectory(files, flags.model);
  const TranslationModel loaded = LoadTranslationModel(files, directory);
  const ModelAbout about = ReadAbout(files, directory).value_or(ModelAbout{});
  const ExportedModel exported = PrepareExport({*loaded.model, loaded.vocabs, about}, flags.to);
  WriteExport(files, exported, flags.output);
  std::cout << fmt::format("{}: {}, {} parameters\n", flags.output, exported.family,
                           Grouped(loaded.model->parameters().count()));
  for (const std::string& note : exported.notes) std::cout << note << '\n';
  FlushStdout();
}

}  // namespace

void AddExportCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("export", "Make files for another program of a model");
  command->footer(kExamples);
  auto flags = std::make_shared<ExportFlags>();
  command->add_option("--model", flags->model, "model directory, or a training's (its best checkpoint)")
      ->required()
      ->type_name("DIR");
  command
      ->add_option_function<std::string>(
          "--to", [flags](const std::string& text) { ParseValue("--to", text, &flags->to); },
          "whose model it is to be: " + EnumChoices<ExportTarget>())
      ->required()
      ->type_name(TypeName<ExportTarget>());
  command->add_option("--output", flags->output, "directory for it: a new or an empty one")
      ->required()
      ->type_name("DIR");
  command->callback([flags] { Export(*flags); });
}

}  // namespace dragoman
