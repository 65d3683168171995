// SPDX-License-Identifier: Apache-2.0
// The texts that options name as training data: one, or several with commas between their names.
#ifndef DRAGOMAN_TRAIN_TRAINING_DATA_H_
#define DRAGOMAN_TRAIN_TRAINING_DATA_H_

#include <span>
#include <vector>

#include "base/overwrite_check.h"
#include "data/batch_plan.h"
#include "data/corpus_builder.h"
#include "train/options.h"

namespace dragoman {

// Throws OptionError, naming the options, for lists of different lengths and weights out of range.
std::vector<CorpusInput> TrainingTexts(const TrainOptions& options);

// The files, each with the option that names it.
std::vector<InputPath> TrainingFiles(const TrainOptions& options);

// How often an epoch holds the pairs of each text, by `train_weight`; empty when that is once for all. reports: of
// each.
std::vector<PairShare> SharesOf(const TrainOptions& options, std::span<const CorpusReport> reports);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_TRAINING_DATA_H_
