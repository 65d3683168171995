// SPDX-License-Identifier: Apache-2.0
// What is known of a run at its start, for a person to read and for advice.h.
#ifndef DRAGOMAN_TRAIN_RUN_FACTS_H_
#define DRAGOMAN_TRAIN_RUN_FACTS_H_

#include <string>
#include <vector>

#include "train/advice.h"
#include "train/opening.h"
#include "train/options.h"

namespace dragoman {

// An estimate, from above, of what a process will take. options: resolved, of the model to be made.
MemoryFacts MemoryOf(const TrainOptions& options, Precision precision, int ranks);

// What turned out otherwise than asked for; what the run is. A line each.
std::vector<std::string> WarningsAtStart(const OpenedRun& run);
std::vector<std::string> NotesAtStart(const OpenedRun& run);

// Looks for the validation pairs in the corpus, for as long as that takes: throws Interrupted if StopRequested()
// meanwhile.
RunFacts FactsOf(const OpenedRun& run);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_RUN_FACTS_H_
