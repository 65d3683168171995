// SPDX-License-Identifier: Apache-2.0
// What a training calls the files that it writes into its `output`, beside checkpoints and the links to them
// (format/model_directory.h). What is in them: docs/formats.md.
#ifndef DRAGOMAN_TRAIN_RUN_FILES_H_
#define DRAGOMAN_TRAIN_RUN_FILES_H_

namespace dragoman {

inline constexpr char kRunConfigFile[] = "config.toml";  // options
inline constexpr char kRunLogFile[] = "train.jsonl";
inline constexpr char kCorpusFile[] = "corpus.tokens";
inline constexpr char kTensorBoardDirectory[] = "tensorboard";
inline constexpr char kAveragedDirectory[] = "averaged";  // the model that is the mean of the best
inline constexpr char kLockFile[] = ".lock";

// In a checkpoint, beside the model.
inline constexpr char kStateFile[] = "train_state.json";
inline constexpr char kMomentsFile[] = "train_state.safetensors";

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_RUN_FILES_H_
