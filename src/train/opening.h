// SPDX-License-Identifier: Apache-2.0
// Opening a run: from options to all that the training loop (trainer.h) works with.
#ifndef DRAGOMAN_TRAIN_OPENING_H_
#define DRAGOMAN_TRAIN_OPENING_H_

#include <memory>

#include "base/file_system.h"
#include "base/thread_pool.h"
#include "comm/communicator.h"
#include "data/prefetcher.h"
#include "data/token_corpus.h"
#include "format/about.h"
#include "format/model_directory.h"
#include "model/transformer.h"
#include "train/checkpoint_store.h"
#include "train/learner.h"
#include "train/line_sink.h"
#include "train/options.h"
#include "train/reporter.h"
#include "train/run_length.h"
#include "train/train_state.h"
#include "train/validator.h"

namespace dragoman {

// One rank's part of a run that is ready to train, its members in the order in which they are opened: what is needed
// first comes first. Members refer to each other, so it stays where it is.
struct OpenedRun {
  // Reads everything, resumes if asked to, agrees with the other ranks, and reports what it found. Collective. Throws
  // what Trainer's constructor throws.
  OpenedRun(const TrainOptions& asked, FileSystem& files, Communicator& comm, LineSink& lines);
  OpenedRun(const OpenedRun&) = delete;
  OpenedRun& operator=(const OpenedRun&) = delete;

  bool IsFirst() const { return comm.rank() == 0; }

  FileSystem& files;
  Communicator& comm;
  TrainOptions options;  // resolved, of the model below
  WorkerPool pool;
  Precision precision;  // of products, on all ranks
  Reporter reporter;
  std::unique_ptr<CheckpointStore> store;  // rank 0's
  VocabularyPair vocabs;
  std::unique_ptr<Transformer> model;
  std::unique_ptr<Learner> learner;
  RunStanding standing;
  std::unique_ptr<Validator> validator;  // null without validation data
  ModelAbout about;                      // rank 0's
  std::unique_ptr<TokenCorpus> corpus;
  std::unique_ptr<RunLength> length;
  std::unique_ptr<Prefetcher> prefetcher;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_OPENING_H_
