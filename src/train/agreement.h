// SPDX-License-Identifier: Apache-2.0
// What the ranks of a run have to agree on: all that they tell each other but gradients and weights
// (gradient_exchange.h) and the corpus (share_corpus.h). Every call is collective, and a single rank agrees with
// itself.
#ifndef DRAGOMAN_TRAIN_AGREEMENT_H_
#define DRAGOMAN_TRAIN_AGREEMENT_H_

#include <limits>

#include "comm/communicator.h"
#include "model/transformer.h"
#include "train/gradient_workers.h"
#include "train/optimizer.h"
#include "train/options.h"
#include "train/train_state.h"

namespace dragoman {

// Each rank has its own command line and `config`, which may be another file of that name. Other options would train
// something that nobody asked for, or have ranks wait for each other for ever: throws OptionError on a rank whose
// options (TrainOptions::SharedTexts) are not rank 0's.
void RequireEqualOptions(const TrainOptions& options, Communicator& comm);

// Of the ranks' workers, each as many; another combination gives other sums.
bool HaveEqualThreads(int threads, Communicator& comm);

// bf16 where all ranks can.
Precision UsablePrecision(Precision asked, Communicator& comm);

// Where rank 0 begins, all begin: state, weights, average and, once there was a step, moments.
void ShareStart(Communicator& comm, RunStanding* standing, Transformer* model, Optimizer* optimizer);

// What a rank, or all together, found in an update.
struct UpdateFindings {
  static constexpr int kNoBatch = std::numeric_limits<int>::max();

  BatchSums sums;
  double squares = 0;            // of the gradient
  int first_suspect = kNoBatch;  // number in the update of the first batch without a finite loss
  int stop = 0;                  // 1 + the signal's number, 0 while there was none
  double seconds = 0;            // of training so far
};

// Sums are added up in the order of ranks; the clock is rank 0's.
UpdateFindings Agree(const UpdateFindings& own, Communicator& comm);

// As UpdateFindings::stop.
int StopAskedHere();
int AgreeOnStop(Communicator& comm);

// Rank 0's.
double AgreeOnSeconds(double own, Communicator& comm);

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_AGREEMENT_H_
