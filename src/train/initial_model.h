// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_TRAIN_INITIAL_MODEL_H_
#define DRAGOMAN_TRAIN_INITIAL_MODEL_H_

#include <functional>
#include <string>

#include "base/file_system.h"
#include "format/model_directory.h"
#include "train/options.h"

namespace dragoman {

// The model and the vocabularies that a start of training begins with: a new model, initialised from the seed; that of
// `init_from`; or, to go on, one shaped like that of the checkpoint in the directory `resumed` ("" for none), whose
// weights are then to be read. Where the model of `init_from` waits for languages, they are those of `src_lang` and
// `tgt_lang`, and stand in the templates from then on. announce is called before the model takes memory. Throws
// OptionError when options and files do not fit together, FileError, FormatError.
TranslationModel InitialModel(const TrainOptions& options, FileSystem& files, const std::string& resumed,
                              const std::function<void(const TransformerConfig&)>& announce);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_INITIAL_MODEL_H_
