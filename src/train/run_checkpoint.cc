// SPDX-License-Identifier: Apache-2.0
#include "train/run_checkpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file_system.h"
#include "base/version.h"
#include "format/model_file.h"
#include "train/training_data.h"

namespace dragoman {
namespace {

constexpr int64_t kMaxStateBytes = 1 << 20;
constexpr char kOtherWeights[] = "it will end with other weights than an uninterrupted run";

void WriteMoments(const ParameterStore& parameters, Optimizer& optimizer, WritableFile& file) {
  std::vector<TensorView> views;
  const auto add = [&](std::span<const float> flat, const char* prefix) {
    for (TensorView& view : ParameterViews(parameters, flat, prefix)) views.push_back(std::move(view));
  };
  add(optimizer.first_moment(), "adam.m.");
  add(optimizer.second_moment(), "adam.v.");
  if (optimizer.average().size() > 0) add(parameters.values(), "weights.");
  WriteSafetensors(std::move(views), {}, file);
}

std::string Change(const std::string& key, const std::string& now, const std::string& before) {
  const auto shown = [](const std::string& text) { return text.empty() ? "\"\"" : text; };
  return fmt::format("`{}` is {}, but the last start had {}", key, shown(now), shown(before));
}

// Versions that named options by their flags wrote the end of a schedule as "the end of" and flags. As it is written
// now: with the fields' names between backquotes.
std::string InFieldNames(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 2, "--") != 0) {
      out += text[at++];
      continue;
    }
    const size_t end = std::min(text.find(' ', at), text.size());
    std::string name = text.substr(at + 2, end - at - 2);
    std::ranges::replace(name, '-', '_');
    out += "`" + name + "`";
    at = end;
  }
  return out;
}

// Whether another value of the option makes other batches, so that a position among them means nothing.
bool DecidesBatches(const std::string& key) {
  return key == "batch_tokens" || key == "batch_order" || key == "train_weight";
}

bool DecidesCorpus(const std::string& key) {
  return key == "overlong" || key == "max_length_ratio" || key == "denoise" || key == "denoise_copies" ||
         key == "train_tag";
}

}  // namespace

ModelAbout AboutRun(const TrainOptions& options, FileSystem& files, const std::string& resumed, int64_t pairs) {
  ModelAbout about;
  if (!resumed.empty()) {
    about = ReadAbout(files, resumed).value_or(ModelAbout{});
  } else if (!options.init_from.empty()) {
    about.made_from = {ReadAbout(files, ResolveModelDirectory(files, options.init_from)).value_or(ModelAbout{})};
    if (about.made_from[0].name.empty()) about.made_from[0].name = FileName(options.init_from);
  }
  if (!options.name.empty()) about.name = options.name;
  if (!options.licence.empty()) about.licence = options.licence;
  if (!options.origin.empty()) about.origin = options.origin;
  about.trained_with = ProgramVersion();
  about.trained_on.clear();
  for (const InputPath& file : TrainingFiles(options)) about.trained_on.push_back(FileName(InputName(file.path)));
  about.pairs = pairs;
  return about;
}

std::span<const float> OutputWeights(const Transformer& model, Optimizer& optimizer) {
  if (optimizer.average().size() > 0) return optimizer.average();
  return model.parameters().values();
}

std::vector<CheckpointFile> CheckpointFiles(const TrainState& state, const ModelAbout& about,
                                            const VocabularyPair& vocabs, const Transformer& model,
                                            Optimizer& optimizer) {
  std::vector<CheckpointFile> files = ModelFiles(model, OutputWeights(model, optimizer), vocabs, &about);
  files.push_back(FileOfBytes(kStateFile, state.ToJson()));
  files.push_back({kMomentsFile, [&](WritableFile& file) { WriteMoments(model.parameters(), optimizer, file); }});
  return files;
}

TrainState ReadTrainState(FileSystem& files, const std::string& directory) {
  const std::string path = JoinPath(directory, kStateFile);
  return TrainState::FromJson(ReadFile(files, path, kMaxStateBytes), path);
}

void RequireSameModel(FileSystem& files, const std::string& directory, const TransformerConfig& now,
                      const std::function<void(const std::string&)>& warn) {
  std::vector<std::string> others, rates;
  for (const auto& [key, value, before] : Differences(now, ReadConfig(files, directory))) {
    (IsDropout(key) ? rates : others).push_back(Change(key, value, before));
  }
  if (!others.empty()) {
    throw OptionError(
        fmt::format("{}: that is another model; resume with what it had, or start anew in another `output`",
                    fmt::join(others, "; ")));
  }
  if (!rates.empty()) warn(fmt::format("{}: {}", fmt::join(rates, "; "), kOtherWeights));
}

void ReadWeights(FileSystem& files, const std::string& directory, Transformer* model, Optimizer* optimizer) {
  const ParameterStore& parameters = model->parameters();
  const SafetensorsReader weights(files, JoinPath(directory, kWeightsFile));
  const SafetensorsReader moments(files, JoinPath(directory, kMomentsFile));
  ReadParameters(moments, parameters, optimizer->first_moment(), "adam.m.");
  ReadParameters(moments, parameters, optimizer->second_moment(), "adam.v.");
  const bool has_average = moments.Has("weights." + parameters.parameters().front()->name);
  if (has_average != (optimizer->average().size() > 0)) {
    throw OptionError(
        fmt::format("`ema_decay` is {}, but the run in `output` was {} a moving average; resume with the "
                    "`ema_decay` it began with",
                    has_average ? "0" : "above 0", has_average ? "with" : "without"));
  }
  ReadParameters(has_average ? moments : weights, parameters, model->parameters().values(),
                 has_average ? "weights." : "");
  if (has_average) ReadParameters(weights, parameters, optimizer->average());
}

namespace {

// An option that is younger than the run was as it is by default. Nothing where nobody knows: in a state without any,
// and of one whose default depends on the machine.
std::optional<std::string> ValueBefore(const TrainState& saved, const std::string& key) {
  if (const auto found = saved.options.find(key); found != saved.options.end()) return found->second;
  if (saved.options.empty() || key == "micro_batch_tokens") return std::nullopt;
  const std::map<std::string, std::string> usual = TrainOptions().DecisiveTexts();
  const auto found = usual.find(key);
  if (found == usual.end()) return std::nullopt;
  return found->second;
}

}  // namespace

TrainState GoOnFrom(const TrainState& saved, const TrainState& now,
                    const std::function<void(const std::string&)>& warn) {
  if (saved.seed != now.seed) {
    throw OptionError(
        fmt::format("`seed` is {}, but the run in `output` began with {}; resume with that one", now.seed, saved.seed));
  }
  TrainState state = saved;
  state.threads = now.threads;
  state.ranks = now.ranks;
  state.options = now.options;
  state.smoothed_loss = saved.smoothed_loss && saved.has_best;  // else there is nothing to compare with
  if (const auto metric = now.options.find("metric");
      state.smoothed_loss && metric != now.options.end() && metric->second == "loss") {
    warn(
        "`metric` loss stays the loss with label smoothing in this run: an older version scored its checkpoints so; a "
        "new run is scored without");
  }
  if (saved.threads != now.threads) {
    warn(fmt::format("`threads` is {}, but the last start had {}: {}, if only by rounding", now.threads, saved.threads,
                     kOtherWeights));
  }
  if (saved.ranks != now.ranks) {
    warn(
        fmt::format("{} processes train together, but in the last start {}: {}; `accumulate` times processes are the "
                    "batches of an update",
                    now.ranks, saved.ranks, kOtherWeights));
  }
  bool same_batches = true;
  for (const auto& [key, value] : now.options) {
    const std::optional<std::string> before = ValueBefore(saved, key);
    if (!before || InFieldNames(*before) == value) continue;
    const std::string change = Change(key, value, *before);
    if (key == "metric") throw OptionError(change + "; scores of two metrics cannot be compared, so resume with that");
    if (key == "ema_decay" && (value == "0" || *before == "0")) {
      throw OptionError(change + "; a moving average is there from the first step or never, so resume with that");
    }
    if (DecidesCorpus(key)) {
      throw OptionError(change +
                        ": that is other training data; resume with what it had, or start a new run from these "
                        "weights with `init_from`");
    }
    same_batches = same_batches && !DecidesBatches(key);
    warn(fmt::format("{}: {}{}", change, kOtherWeights, key == "micro_batch_tokens" ? ", if only by rounding" : ""));
  }
  if (!same_batches && state.batch_in_epoch > 0) {
    state.batch_in_epoch = 0;
    warn(fmt::format("the batches are other ones now, so epoch {} begins again", state.epoch + 1));
  }
  return state;
}

}  // namespace dragoman
