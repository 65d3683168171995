// SPDX-License-Identifier: Apache-2.0
// Averaging of models: the mean of several checkpoints' weights often translates better than each of them
// (Vaswani 2017, §6.1).
#ifndef DRAGOMAN_TRAIN_AVERAGE_H_
#define DRAGOMAN_TRAIN_AVERAGE_H_

#include <span>
#include <string>

#include "base/file_system.h"

namespace dragoman {

// Writes to `output` the model whose weights are the mean of those in `directories`, with the first one's config and
// vocabularies, and a manifest. What is there must be such a model, too, or an empty directory; it is replaced once the
// new one is whole, written as .tmp-NAME beside it. Throws FileError, FormatError (also for a model that differs from
// its manifest), and OptionError for models of different configs or vocabularies, for none at all, or for an `output`
// that holds anything else.
void AverageModels(FileSystem& files, std::span<const std::string> directories, const std::string& output);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_AVERAGE_H_
