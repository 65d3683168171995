// SPDX-License-Identifier: Apache-2.0
// The files a run reads, looked at before it makes anything.
#ifndef DRAGOMAN_TRAIN_INPUT_FILES_H_
#define DRAGOMAN_TRAIN_INPUT_FILES_H_

#include "train/options.h"

namespace dragoman {

// Throws FileError for a data or vocabulary file that cannot be read, or data that are no text by their first bytes;
// OptionError for a file, or the model of `init_from`, that the run would write over, such as OUTPUT/train.jsonl. What
// can be opened only once, such as a pipe, is not opened.
void CheckInputFiles(const TrainOptions& options);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_INPUT_FILES_H_
