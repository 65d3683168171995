// SPDX-License-Identifier: Apache-2.0
#include "train/average.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "format/about.h"
#include "format/manifest.h"
#include "format/model_file.h"
#include "kernels/elementwise.h"
#include "train/run_files.h"

namespace dragoman {
namespace {

using Warn = std::function<void(const std::string&)>;

// both: "A and B have different". Of dropout rates the first model's are kept.
void RequireSameShape(const TransformerConfig& first, const TransformerConfig& second, const std::string& both,
                      const Warn& warn) {
  std::vector<std::string> shape, rates;
  for (const FieldDifference& field : Differences(first, second)) {
    (IsDropout(field.key) ? rates : shape).push_back(fmt::format("{} {} and {}", field.key, field.first, field.second));
  }
  if (!shape.empty()) {
    throw OptionError(
        fmt::format("{} configs ({}); only models of one shape can be averaged", both, fmt::join(shape, ", ")));
  }
  if (rates.empty()) return;
  warn(fmt::format("{} rates of dropout ({}), which matter to training only; the average has the first model's", both,
                   fmt::join(rates, ", ")));
}

// What all of them say, or else of which models it is the mean.
std::optional<ModelAbout> AboutMean(FileSystem& files, std::span<const std::string> directories) {
  ModelAbout mean;
  for (const std::string& directory : directories) {
    ModelAbout about = ReadAbout(files, directory).value_or(ModelAbout{.name = FileName(directory)});
    if (std::ranges::find(mean.made_from, about) == mean.made_from.end()) mean.made_from.push_back(std::move(about));
  }
  if (mean.made_from.size() == 1) return ReadAbout(files, directories[0]);
  return mean;
}

}  // namespace

std::string AverageDirectory(const std::string& output) { return JoinPath(output, kAveragedDirectory); }

// `output` will be replaced as a whole, so it may hold a model, but nothing of anybody's besides: no run, no checkpoint
// (which has a training's state, too), no notes.
void RequireReplaceable(FileSystem& files, const std::string& output) {
  const auto refuse = [&](const std::string& found) {
    throw OptionError(output + " " + found +
                      ", expected the name of a new directory, or one that holds nothing but an averaged model, which "
                      "is then replaced; choose another");
  };
  const std::string name = FileName(output);
  const FileType type = files.Type(JoinPath(ParentDirectory(output), name));  // of "link/" too: the link's
  if (name.empty() || name == "." || name == "..") refuse("is not a name");
  if (type != FileType::kNone && type != FileType::kDirectory) refuse("is a file or link");
  if (type == FileType::kNone) return;
  for (const std::string& inside : files.List(output)) {
    if (std::ranges::find(ModelFileNames(), inside) == ModelFileNames().end()) refuse("holds " + inside);
  }
}

TranslationModel MeanOfModels(FileSystem& files, std::span<const std::string> directories, const Warn& warn) {
  if (directories.empty()) throw OptionError("no model to average; name at least one model directory");
  VocabularyPair vocabs = LoadVocabularies(files, directories[0]);
  std::unique_ptr<Transformer> mean = LoadTransformer(files, directories[0]);
  RequireFit(vocabs, mean->config(), directories[0]);
  const std::span<float> sum = mean->parameters().values();
  for (const std::string& directory : directories.subspan(1)) {
    const std::unique_ptr<Transformer> other = LoadTransformer(files, directory);
    const std::string both = fmt::format("{} and {} have different", directories[0], directory);
    if (const std::string what = VocabularyDifference(vocabs, LoadVocabularies(files, directory)); !what.empty()) {
      throw OptionError(fmt::format(
          "{} vocabularies ({}); only models that mean the same by each token can be averaged", both, what));
    }
    RequireSameShape(mean->config(), other->config(), both, warn);
    kernels::AddTo(other->parameters().values(), sum);
  }
  kernels::Scale(sum, 1.0f / static_cast<float>(directories.size()));
  return {std::move(mean), std::move(vocabs)};
}

void WriteAverage(FileSystem& files, const TranslationModel& average, const std::optional<ModelAbout>& about,
                  std::optional<double> score, const std::string& output) {
  RequireReplaceable(files, output);
  CheckpointContents contents;
  contents.score = score;
  contents.files =
      ModelFiles(*average.model, average.model->parameters().values(), average.vocabs, about ? &*about : nullptr);
  const std::string parent = ParentDirectory(output);
  const std::string temporary = JoinPath(parent, ".tmp-" + FileName(output));
  CreateDirectories(files, parent);
  try {
    WriteCheckpoint(files, temporary, contents);
    ReplaceDirectory(files, temporary, JoinPath(parent, FileName(output)), temporary + "-old");
  } catch (...) {
    try {
      RemoveAll(files, temporary);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
}

void AverageModels(FileSystem& files, std::span<const std::string> directories, const std::string& output,
                   const Warn& warn) {
  RequireReplaceable(files, output);
  const TranslationModel mean = MeanOfModels(files, directories, warn);
  WriteAverage(files, mean, AboutMean(files, directories), std::nullopt, output);
}

}  // namespace dragoman
