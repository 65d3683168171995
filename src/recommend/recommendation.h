// SPDX-License-Identifier: Apache-2.0
// How to train on a corpus: what `dragoman train --advise` prints, but for the length, which needs the machine's pace.
#ifndef DRAGOMAN_RECOMMEND_RECOMMENDATION_H_
#define DRAGOMAN_RECOMMEND_RECOMMENDATION_H_

#include <string>
#include <vector>

#include "recommend/corpus_facts.h"
#include "text/vocab_trainer.h"
#include "train/options.h"

namespace dragoman {

enum class TaskKind { kTranslation, kSummaries, kAnswers };

struct Recommendation {
  TaskKind kind = TaskKind::kTranslation;
  bool joint = true;                 // one vocabulary for both sides
  VocabOptions vocab;                // of each vocabulary
  TrainOptions options;              // names no files; without its length and warm-up
  double epochs = 0;                 // passes over the corpus
  double warmup = 0;                 // as a share of the run
  double pretraining = 0;            // updates on the sources alone (Noise::kGap) before it, as a share; 0: none
  std::vector<std::string> reasons;  // a line for each thing that the corpus decided
};

// A pure function: the rules stand in its source, with where they are from.
Recommendation Recommend(const CorpusFacts& facts, bool has_fast_bf16);

}  // namespace dragoman

#endif  // DRAGOMAN_RECOMMEND_RECOMMENDATION_H_
