// SPDX-License-Identifier: Apache-2.0
// Where a training run stands, apart from weights and moments: everything else that a resumed run needs to end with
// the very bits of an uninterrupted one. Written to a checkpoint as train_state.json.
#ifndef DRAGOMAN_TRAIN_TRAIN_STATE_H_
#define DRAGOMAN_TRAIN_TRAIN_STATE_H_

#include <cstdint>
#include <map>
#include <string>

namespace dragoman {

// What the next record of the log will cover: the updates since the last one, without those that were skipped.
struct Unlogged {
  double loss = 0;  // sums, as in BatchSums
  double nll = 0;
  int64_t tgt_tokens = 0;
  int64_t skipped_updates = 0;

  bool operator==(const Unlogged&) const = default;
};

struct TrainState {
  int64_t step = 0;            // updates done
  int64_t epoch = 0;           // position in the data: this pass ...
  int64_t batch_in_epoch = 0;  // ... and this many of its batches are done
  int64_t sentences = 0;       // seen so far, over all passes
  int64_t tgt_tokens = 0;
  int64_t skipped_updates = 0;  // for a gradient that was not finite
  double seconds = 0;           // of training, without what a crash lost
  uint64_t seed = 0;
  uint64_t corpus_fingerprint = 0;  // TokenCorpus::fingerprint()
  int threads = 0;                  // another number gives other sums, so other bits
  int ranks = 1;                    // processes that train together; likewise
  int64_t validations = 0;
  int64_t validations_since_best = 0;
  bool has_best = false;
  double best_quality = 0;      // ValidationScores::Quality
  double patience_quality = 0;  // the last that `patience` counted as better, so by `min_delta` at least
  bool smoothed_loss = false;   // with `metric` loss the quality is the smoothed loss: so in runs of older versions
  Unlogged unlogged;
  int64_t timed_steps = 0;  // where `max_minutes` will end it, by the pace so far (StepsInTime); 0: not known yet
  std::map<std::string, std::string> options;  // TrainOptions::DecisiveTexts()

  // Counts a validation; whether it is the best so far. A quality that is not finite never is.
  bool CountValidation(double quality, double min_delta);

  std::string ToJson() const;
  // Throws FormatError naming `path` and the key. What older states had not yet may be missing.
  static TrainState FromJson(const std::string& json, const std::string& path);

  bool operator==(const TrainState&) const = default;
};

// The same with what its directory holds.
struct RunStanding {
  TrainState state;
  int64_t saved_step = -1;      // of the newest checkpoint; -1: there is none
  int64_t validated_step = -1;  // of the newest that has a score
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_TRAIN_STATE_H_
