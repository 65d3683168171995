// SPDX-License-Identifier: Apache-2.0
// Averaging of models: the mean of several checkpoints' weights often translates better than each of them
// (Vaswani 2017, §6.1).
#ifndef DRAGOMAN_TRAIN_AVERAGE_H_
#define DRAGOMAN_TRAIN_AVERAGE_H_

#include <span>
#include <string>

#include "base/file_system.h"

namespace dragoman {

// Writes to `output` (made if it is not there; replaced file by file) the model whose weights are the mean of those in
// `directories`, with the first one's config and vocabularies. Throws FileError, FormatError, and OptionError for
// models of different configs or vocabularies, or for none at all.
void AverageModels(FileSystem& files, std::span<const std::string> directories, const std::string& output);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_AVERAGE_H_
