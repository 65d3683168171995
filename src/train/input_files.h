// SPDX-License-Identifier: Apache-2.0
// The files a run reads, looked at before it makes anything.
#ifndef DRAGOMAN_TRAIN_INPUT_FILES_H_
#define DRAGOMAN_TRAIN_INPUT_FILES_H_

#include "train/options.h"

namespace dragoman {

// Throws FileError for a data or vocabulary file that cannot be read, OptionError for one that the run would write
// over, such as OUTPUT/train.jsonl. Opens none of them, for a pipe can be opened only once.
void CheckInputFiles(const TrainOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_INPUT_FILES_H_
