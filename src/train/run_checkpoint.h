// SPDX-License-Identifier: Apache-2.0
// What a run puts into a checkpoint, and how it goes on from one. Files and fields: docs/formats.md.
#ifndef DRAGOMAN_TRAIN_RUN_CHECKPOINT_H_
#define DRAGOMAN_TRAIN_RUN_CHECKPOINT_H_

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "format/about.h"
#include "format/manifest.h"
#include "format/model_directory.h"
#include "model/transformer.h"
#include "train/optimizer.h"
#include "train/options.h"
#include "train/run_files.h"
#include "train/train_state.h"

namespace dragoman {

// What a run says about its models: what the checkpoint in `resumed` ("" for none) says, or else that they are made
// from `init_from`; then what the options say, and the data of so many pairs. Throws FileError, FormatError.
ModelAbout AboutRun(const TrainOptions& options, FileSystem& files, const std::string& resumed, int64_t pairs);

// The weights to translate with: the moving average if there is one.
std::span<const float> OutputWeights(const Transformer& model, Optimizer& optimizer);

// The files of a checkpoint. They are written from what the arguments hold then, not from copies.
std::vector<CheckpointFile> CheckpointFiles(const TrainState& state, const ModelAbout& about,
                                            const VocabularyPair& vocabs, const Transformer& model,
                                            Optimizer& optimizer);

TrainState ReadTrainState(FileSystem& files, const std::string& directory);

// Throws OptionError, naming each option with both values, unless a model of `now` can go on with the weights in the
// checkpoint. Dropout may change: `warn` is told what it does.
void RequireSameModel(FileSystem& files, const std::string& directory, const TransformerConfig& now,
                      const std::function<void(const std::string&)>& warn);

// Fills weights, moments and moving average. `model` is of the checkpoint's shape (RequireSameModel). Throws
// OptionError for a moving average where the optimizer has none, or the other way round; FileError and FormatError for
// files that are no good.
void ReadWeights(FileSystem& files, const std::string& directory, Transformer* model, Optimizer* optimizer);

// The state to go on with when `saved` is what the checkpoint holds and `now` (seed, threads, options) what this start
// was given. Throws OptionError for another seed, metric or filter of the training data (`overlong`,
// `max_length_ratio`), or a moving average that only one of them has: that would be another run. All else may change,
// and `warn` is told what it does; where the batches of an epoch are other ones, the epoch begins again.
TrainState GoOnFrom(const TrainState& saved, const TrainState& now,
                    const std::function<void(const std::string&)>& warn);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_RUN_CHECKPOINT_H_
