// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "base/signals.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/option_flags.h"
#include "train/trainer.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  dragoman train --train-src train.en --train-tgt train.de --valid-src val.en --valid-tgt val.de \\\n"
    "    --vocab V.model --output RUN --preset tiny --dropout 0.3 --learning-rate 0.005 --warmup 2000 --max-steps 4000\n"
    "  dragoman train --config run.toml --resume        go on after a crash, or start\n"
    "  dragoman train --config run.toml --dump-config   print every resolved value\n"
    "  dragoman train --init-from RUN/best ...          fine-tune";

// Fields that follow from the vocabularies, so are no flags.
bool IsDerived(const std::string& key) { return key == "src_vocab" || key == "tgt_vocab"; }

std::string Dump(const TrainOptions& options) {
  std::string toml = "# dragoman train --config THIS\n";
  ForEachTrainOption(options, TomlWriter{&toml});
  toml += "\n# The model.\n";
  ForEachField(options.model, [&](const char* key, const auto& field, const char* help) {
    if (!IsDerived(key)) TomlWriter{&toml}(key, field, help);
  });
  return toml;
}

double ParseRate(const std::string& text) {
  try {
    return std::stod(text);
  } catch (const std::exception&) {
    throw OptionError("--dropout is \"" + text + "\", expected a number of at least 0 and below 1");
  }
}

}  // namespace

void AddTrainCommand(CLI::App& app, const std::vector<std::string>& args) {
  CLI::App* command = app.add_subcommand("train", "Train a model on sentence pairs");
  command->footer(kExamples);
  auto options = std::make_shared<TrainOptions>();
  options->preset = LastValueOf(args, "--preset", options->preset);
  options->model = TransformerConfig::Preset(options->preset);
  if (const std::string dropout = LastValueOf(args, "--dropout", ""); !dropout.empty()) {
    options->model.embedding_dropout = options->model.residual_dropout = static_cast<float>(ParseRate(dropout));
  }

  ForEachTrainOption(*options, FlagRegistrar{command});
  command->add_option("--dropout", "dropout on embeddings and sub-layers: both flags below at once")->type_name("FLOAT");
  ForEachField(options->model, [&](const char* key, auto& field, const char* help) {
    if (!IsDerived(key)) FlagRegistrar{command}(key, field, help);
  });
  command->add_option("--config", "TOML file of these same options; flags on the command line win")->type_name("FILE");
  auto dump = std::make_shared<bool>(false);
  command->add_flag("--dump-config", *dump, "print every resolved value as TOML and stop");

  command->callback([options, dump] {
    if (*dump) {
      std::cout << Dump(*options);
      return;
    }
    options->Validate();
    const StopSignal stop_signal;
    Trainer trainer(*options, RealFileSystem());
    trainer.Run();
  });
}

}  // namespace dragoman
