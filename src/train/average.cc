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
  CheckpointContents contents;
  contents.score = score;
  contents.files =
      ModelFiles(*average.model, average.model->parameters().values(), average.vocabs, about ? &*about : nullptr);
  WriteModel(files, contents, output);
}

void AverageModels(FileSystem& files, std::span<const std::string> directories, const std::string& output,
                   const Warn& warn) {
  RequireReplaceable(files, output);
  const TranslationModel mean = MeanOfModels(files, directories, warn);
  WriteAverage(files, mean, AboutMean(files, directories), std::nullopt, output);
}

}  // namespace dragoman
