// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <iostream>
#include <memory>
#include <optional>

#include "base/overwrite_check.h"
#include "base/signals.h"
#include "cli/advise.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/option_flags.h"
#include "cli/ranks.h"
#include "cli/run_config.h"
#include "cli/stdout.h"
#include "cli/terminal_lines.h"
#include "format/model_file.h"
#include "train/checkpoint_store.h"
#include "train/trainer.h"

namespace dragoman {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  dragoman train --train-src train.en --train-tgt train.de --valid-src val.en --valid-tgt val.de \\\n"
    "    --vocab V.model --output RUN --preset tiny --dropout 0.3 --learning-rate 0.005 --warmup 2000 --max-steps "
    "4000\n"
    "  dragoman train --output RUN --resume             go on after a crash or a stop, with the options it had\n"
    "  dragoman train --config run.toml --resume        go on, or start\n"
    "  dragoman train --advise --train-src train.en --train-tgt train.de > run.toml     what suits data and machine\n"
    "  dragoman train --preset tiny --dump-config       print every option: a config file to edit\n"
    "  dragoman train --init-from RUN/best --train-tsv new.tsv --output RUN2 --max-epochs 2    fine-tune\n"
    "Ctrl-C, SIGTERM, SIGHUP or SIGUSR1 saves a checkpoint and ends with exit code 130, 143, 129 or 138; --resume "
    "goes\n"
    "on from there. Several machines train together under mpirun: docs/scaling.md.";

// Of the newest checkpoint in RUN that has a sound one: all of a run's checkpoints have the same.
std::optional<TransformerConfig> ConfigOfRun(FileSystem& files, const std::string& run) {
  for (const std::string& directory : CheckpointsNewestFirst(files, run)) {
    try {
      return ReadConfig(files, directory);
    } catch (const FileError&) {  // the trainer reports the damage
    }
  }
  return std::nullopt;
}

// With --init-from the architecture is that model's; a flag that asks for another one is an error, not ignored. A run
// that goes on has it in its own checkpoint: the first model may be gone.
void TakeInitialModel(const CLI::App& command, TrainOptions* options) {
  FileSystem& files = RealFileSystem();
  std::optional<TransformerConfig> resumed;
  if (options->resume) resumed = ConfigOfRun(files, options->output);
  TransformerConfig initial = resumed ? *resumed : ReadConfig(files, ResolveModelDirectory(files, options->init_from));
  std::vector<std::string> refused;
  for (const auto& [key, wanted, found] : Differences(options->model, initial)) {
    const std::string flag = FlagGiven(command, key);
    if (IsDerived(key) || IsDropout(key) || flag.empty()) continue;
    refused.push_back(fmt::format("{} asks for {} {}, but the model of --init-from {} has {}", flag, key, wanted,
                                  options->init_from, found));
  }
  if (!refused.empty()) {
    throw OptionError(
        fmt::format("{}; leave {} out", fmt::join(refused, "; "), refused.size() == 1 ? "the flag" : "the flags"));
  }
  const TransformerConfig& asked = options->model;
  const auto given = [&](const char* key) { return !FlagGiven(command, key).empty(); };
  if (given("embedding_dropout")) initial.embedding_dropout = asked.embedding_dropout;
  if (given("residual_dropout")) initial.residual_dropout = asked.residual_dropout;
  if (given("attention_dropout")) initial.attention_dropout = asked.attention_dropout;
  if (given("ffn_dropout")) initial.ffn_dropout = asked.ffn_dropout;
  options->model = initial;
}

void Train(const TrainOptions& options, Communicator& comm) {
  FileSystem& files = RealFileSystem();
  if (options.resume && comm.rank() == 0) RequireSomethingToResume(options, files);
  options.Validate();
  // Before the vocabularies are read, so that a wrong flag leaves no directory behind. Others than rank 0 do not know
  // the model of --init-from yet.
  if (comm.rank() == 0 || options.init_from.empty()) options.model.ValidateShape();
  // mpirun sends the signal when it ends a run of which one rank died.
  const StopSignal stop_signal(/*silent=*/options.quiet || comm.size() > 1);
  if (comm.rank() == 0) RequireOwnRunConfig(options, files);
  TerminalLines lines;
  Trainer trainer(options, files, comm, lines);
  if (comm.rank() == 0) WriteRunConfig(options, files);
  const StopReason reason = trainer.Run();
  comm.Leave();
  if (reason == StopReason::kSignal) throw Interrupted(trainer.stop_signal());
}

}  // namespace

void AddTrainCommand(CLI::App& app, const std::vector<std::string>& args) {
  CLI::App* command = app.add_subcommand("train", "Train a model on sentence pairs");
  command->footer(kExamples);
  auto options = std::make_shared<TrainOptions>();
  options->preset = LastValueOf(args, "--preset", options->preset);
  options->model = TransformerConfig::Preset(options->preset);
  options->model.decoder_start = kStartOfVocabulary;
  float dropout = options->model.residual_dropout;
  if (const std::string text = LastValueOf(args, "--dropout", ""); !text.empty())
    ParseValue("--dropout", text, &dropout);
  options->model.embedding_dropout = options->model.residual_dropout = dropout;
  if (const std::string text = LastValueOf(args, "--subword-dropout", ""); !text.empty()) {
    ParseValue("--subword-dropout", text, &options->src_subword_dropout);
    options->tgt_subword_dropout = options->src_subword_dropout;
  }

  command->add_option("--config", "TOML file of these same options, - is stdin; flags on the command line win")
      ->type_name("FILE");
  auto advise = std::make_shared<bool>(false);
  command->add_flag("--advise", *advise,
                    "look at the training data, try this machine's speed for some seconds, print a config file with a "
                    "vocabulary, sizes, dropout, rate and length that suit them, and stop");
  auto dump = std::make_shared<bool>(false);
  command->add_flag("--dump-config", *dump, "print every option, as asked for, as TOML and stop");
  ForEachTrainOption(*options, FlagRegistrar{command});
  command->add_option("--subword-dropout", "sets --src-subword-dropout and --tgt-subword-dropout")
      ->type_name(kFloatType)
      ->group("Data");
  command->add_option("--dropout", "sets --embedding-dropout and --residual-dropout")
      ->type_name(kFloatType)
      ->group("Model");
  ForEachModelOption(options->model, [&](const char* key, auto& field, const char* help) {
    if (!IsDerived(key)) FlagRegistrar{command, "Model"}(key, field, help);
  });

  // Other ranks need not see the run's directory or the model: rank 0 tells them.
  const auto complete = [command, options](Communicator& comm) {
    if (!options->src_vocab.empty() && command->count("--tying") == 0) options->model.tying = Tying::kDecoder;
    TakeRunConfig(*command, RealFileSystem(), comm, options.get());
    if (!options->init_from.empty() && comm.rank() == 0) TakeInitialModel(*command, options.get());
  };
  command->callback([command, options, advise, dump, complete] {
    if (*advise) return PrintAdvice(*command, *options);
    if (!*dump) {
      return RunAsRank([&](Communicator& comm) {
        complete(comm);
        Train(*options, comm);
      });
    }
    complete(Alone());
    options->ValidateValues();
    options->model.ValidateShape();
    if (command->count("--config") > 0) {
      RefuseOverwriting("stdout", kStdoutPath, {{"--config", command->get_option("--config")->as<std::string>()}});
    }
    std::cout << "# dragoman train --config THIS\n" << DumpOptions(*options);
    FlushStdout();
  });
}

}  // namespace dragoman
