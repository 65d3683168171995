// SPDX-License-Identifier: Apache-2.0
// A model that rank 0 has read, for all ranks of a run: the others need no file of it.
#ifndef DRAGOMAN_TRAIN_SHARE_MODEL_H_
#define DRAGOMAN_TRAIN_SHARE_MODEL_H_

#include <optional>

#include "comm/communicator.h"
#include "format/model_directory.h"
#include "format/packed_model.h"

namespace dragoman {

// Collective. Gives each rank rank 0's vocabularies and a Transformer of rank 0's configuration; its parameters are
// zero elsewhere.
void ShareArchitecture(Communicator& comm, VocabularyPair* vocabs, std::unique_ptr<Transformer>* model);

// Collective. Gives each rank what rank 0 has.
void ShareModel(Communicator& comm, TranslationModel* model);

// Likewise; format: what rank 0 was asked for, where weights are not packed for good.
void ShareInference(Communicator& comm, std::optional<WeightFormat> format, InferenceBundle* bundle);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_SHARE_MODEL_H_
