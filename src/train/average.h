// SPDX-License-Identifier: Apache-2.0
// Averaging of models: the mean of several checkpoints' weights often translates better than each of them
// (Vaswani 2017, §6.1).
#ifndef DRAGOMAN_TRAIN_AVERAGE_H_
#define DRAGOMAN_TRAIN_AVERAGE_H_

#include <functional>
#include <optional>
#include <span>
#include <string>

#include "base/file_system.h"
#include "format/about.h"
#include "format/model_directory.h"

namespace dragoman {

// The model whose weights are the mean of those in `directories`, with the first one's config and vocabularies. Throws
// FileError, FormatError (also for a model that differs from its manifest), and OptionError for models of different
// vocabularies or configs, or for none at all. Dropout may differ, for it matters to training only: `warn` is told.
TranslationModel MeanOfModels(
    FileSystem& files, std::span<const std::string> directories,
    const std::function<void(const std::string&)>& warn = [](const std::string&) {});

// Where a run in `output` puts the mean of its own best checkpoints.
std::string AverageDirectory(const std::string& output);

// Writes a model that is of no single step to `output` (WriteModel), what it says about itself and a manifest with its
// score, where these are known.
void WriteAverage(FileSystem& files, const TranslationModel& average, const std::optional<ModelAbout>& about,
                  std::optional<double> score, const std::string& output);

// Both, for models of any origin: no score.
void AverageModels(
    FileSystem& files, std::span<const std::string> directories, const std::string& output,
    const std::function<void(const std::string&)>& warn = [](const std::string&) {});

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_AVERAGE_H_
