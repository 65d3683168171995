// SPDX-License-Identifier: Apache-2.0
#include "cli/run_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>
#include <type_traits>

#include "base/error.h"
#include "cli/flag_text.h"
#include "cli/option_flags.h"
#include "cli/toml_file.h"
#include "train/checkpoint_store.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

constexpr char kFirstLine[] =
    "# What this run was asked for: train --output THIS_DIRECTORY --resume goes on with it.\n";

// Each one of these stands in for the others.
const std::vector<std::vector<std::string>> kAlternatives = {{"train_src", "train_tgt", "train_tsv", "train_jsonl"},
                                                             {"vocab", "src_vocab", "tgt_vocab"},
                                                             {"max_steps", "max_epochs", "max_minutes"},
                                                             {"learning_rate", "learning_rate_factor"}};

bool IsGivenInAnyForm(const CLI::App& command, const std::string& key) {
  const auto is_given = [&](const std::string& name) { return !FlagGiven(command, name).empty(); };
  const auto alternatives =
      std::ranges::find_if(kAlternatives, [&](const auto& keys) { return std::ranges::find(keys, key) != keys.end(); });
  return alternatives == kAlternatives.end() ? is_given(key) : std::ranges::any_of(*alternatives, is_given);
}

// Sets each field visited to its text, unless the command line has decided it.
struct FieldSetter {
  const CLI::App& command;
  const std::map<std::string, std::string>& texts;  // by flag, without dashes

  template <class Value>
  void operator()(const char* key, Value& field, const char*) const {
    const std::string flag = FlagName(key);
    const auto text = texts.find(flag.substr(2));
    if (text == texts.end() || IsGivenInAnyForm(command, key)) return;
    if constexpr (std::is_same_v<Value, bool>) {
      field = text->second == "true";
    } else {
      ParseValue(flag, text->second, &field);
    }
  }
};

}  // namespace

std::vector<FlagGroup> TrainFlagGroups() {
  return {{"preset", {"encoder-layers", "decoder-layers", "d-model", "heads", "d-ff"}},
          {"dropout", {"embedding-dropout", "residual-dropout"}},
          {"subword-dropout", {"src-subword-dropout", "tgt-subword-dropout"}}};
}

std::string FlagGiven(const CLI::App& command, const std::string& key) {
  std::string flag = FlagName(key);
  if (command.count(flag) > 0) return flag;
  for (const FlagGroup& group : TrainFlagGroups()) {
    const bool is_member = std::ranges::find(group.members, flag.substr(2)) != group.members.end();
    if (is_member && command.count("--" + group.flag) > 0) return "--" + group.flag;
  }
  return "";
}

bool IsDerived(const std::string& key) { return key == "src_vocab" || key == "tgt_vocab"; }

// The preset is left out: the sizes it stands for are all there. So is tying where no vocabulary is named, as it
// depends on there being one or two.
std::string DumpOptions(const TrainOptions& options) {
  std::string toml;
  ForEachTrainOption(options, TomlWriter{&toml, {"preset"}});
  std::vector<std::string> left_out = {"src_vocab", "tgt_vocab"};
  const bool no_vocabulary = options.vocab.empty() && options.src_vocab.empty() && options.init_from.empty();
  if (no_vocabulary && options.model.tying == Tying::kAll) left_out.push_back("tying");
  ForEachModelOption(options.model, TomlWriter{&toml, left_out});
  return toml;
}

void TakeRunConfig(const CLI::App& command, FileSystem& files, Communicator& comm, TrainOptions* options) {
  const std::string path = JoinPath(options->output, kRunConfigFile);
  std::string toml;
  if (comm.rank() == 0 && options->resume && !options->output.empty() && files.Exists(path)) {
    toml = ReadFile(files, path, kMaxTomlBytes);
  }
  if (comm.size() > 1) toml = comm.Broadcast(toml);  // by all, or ranks that were told otherwise could not say so
  // Sizes stand there, not the flags for several of them.
  const auto texts =
      ConfigTexts(command, toml, path, {"config", "dump-config", "help", "preset", "dropout", "subword-dropout"});
  const FieldSetter set{command, texts};
  ForEachTrainOption(*options, set);
  ForEachField(options->model, [&](const char* key, auto& field, const char* help) {
    if (!IsDerived(key)) set(key, field, help);
  });
}

void RequireSomethingToResume(const TrainOptions& options, FileSystem& files) {
  const bool has_data = !options.train_src.empty() || !options.train_tsv.empty() || !options.train_jsonl.empty();
  if (has_data || options.output.empty() || files.Exists(JoinPath(options.output, kRunConfigFile))) return;
  if (CheckpointsNewestFirst(files, options.output).empty()) {
    throw OptionError(fmt::format(
        "--output {} holds no run to resume; check the name, or give --train-src and all else that a new run takes",
        options.output));
  }
  throw OptionError(fmt::format(
      "--output {} holds no {}, expected the run's options in it (a run of an older version has none); give "
      "them all once more, as it was started; from then on --output and --resume are enough",
      options.output, kRunConfigFile));
}

void RequireOwnRunConfig(const TrainOptions& options, FileSystem& files) {
  const std::string path = JoinPath(options.output, kRunConfigFile);
  if (!files.Exists(path) || ReadFile(files, path, kMaxTomlBytes).starts_with(kFirstLine)) return;
  throw OptionError(
      fmt::format("{} is not the file that training keeps its options in and would write anew; move it out of "
                  "--output, then name it with --config",
                  path));
}

void WriteRunConfig(const TrainOptions& options, FileSystem& files) {
  TrainOptions kept = options;
  kept.quiet = false;  // is of a start, not of the run
  WriteFileAtomically(files, JoinPath(options.output, kRunConfigFile), kFirstLine + DumpOptions(kept));
}

}  // namespace dragoman
