// SPDX-License-Identifier: Apache-2.0
// Validation during training: the loss on held-out pairs, and BLEU and chrF of real beam-search translations.
#ifndef DRAGOMAN_TRAIN_VALIDATOR_H_
#define DRAGOMAN_TRAIN_VALIDATOR_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "comm/communicator.h"
#include "data/batch.h"
#include "data/corpus_report.h"
#include "metrics/bleu.h"
#include "model/transformer.h"
#include "text/vocabulary.h"
#include "train/gradient_workers.h"
#include "train/options.h"

namespace dragoman {

struct ValidationScores {
  double loss = 0;  // label-smoothed, mean per target token, natural logarithm
  double nll = 0;   // mean per target token; exp of it is the perplexity
  double bleu = 0;  // 0…100
  double chrf = 0;  // 0…100

  // The chosen one, signed so that more is better.
  double Quality(StopMetric metric) const;
};

class Validator {
 public:
  // Rank 0 reads the files; all tokenise them. Throws FileError for text that cannot be read, OptionError for an
  // unknown BLEU tokenizer. Model, vocabularies, workers and pool must outlive this.
  Validator(const TrainOptions& options, Transformer& model, const Vocabulary& src_vocab, const Vocabulary& tgt_vocab,
            GradientWorkers& workers, WorkerPool& pool, Communicator& comm = Alone());

  // What was met in the files, one human line a fact.
  std::vector<std::string> Describe() const { return DescribeReport(report_, input_); }

  // Collective: each rank takes its share, all get the scores. Calls check() many times; Interrupted, thrown from it on
  // any rank, is thrown on all in the end, and nothing of the validation stays then.
  ValidationScores Run(const std::function<void()>& check = [] {});

  // The first few translations of the last Run, for a person to look at: source, reference, translation.
  struct Sample {
    std::string source, reference, translation;
  };
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  void ReadText();
  void MakeBatches();
  struct Share {  // of this rank
    BatchSums sums;
    std::vector<std::string> translations;  // of every size()-th source
  };
  Share ComputeShare(const std::function<void()>& check);
  std::vector<std::string> AllTranslations(const Share& own);  // on rank 0

  Transformer& model_;
  const Vocabulary& src_vocab_;
  const Vocabulary& tgt_vocab_;
  GradientWorkers& workers_;
  WorkerPool& pool_;
  Communicator& comm_;
  int beam_size_;
  BleuOptions bleu_;
  ParallelInput input_;
  CorpusReport report_;
  std::vector<std::string> sources_, references_;
  std::vector<Batch> batches_;
  std::vector<Sample> samples_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_VALIDATOR_H_
