// SPDX-License-Identifier: Apache-2.0
// Validation during training: the loss on held-out pairs, and scores of real beam-search translations.
#ifndef DRAGOMAN_TRAIN_VALIDATOR_H_
#define DRAGOMAN_TRAIN_VALIDATOR_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "comm/communicator.h"
#include "data/batch.h"
#include "data/corpus_report.h"
#include "metrics/bleu.h"
#include "metrics/rouge.h"
#include "metrics/tokenizer_fit.h"
#include "model/transformer.h"
#include "text/tokenizer.h"
#include "train/gradient_workers.h"
#include "train/options.h"

namespace dragoman {

struct ValidationScores {
  double loss = 0;     // label-smoothed, mean per target token, natural logarithm
  double nll = 0;      // mean per target token; exp of it is the perplexity
  double bleu = 0;     // 0…100
  double chrf = 0;     // 0…100
  double rouge_l = 0;  // 0…100: F1 without stemming, mean over the pairs
  double exact = 0;    // 0…100: how many of the pairs match to the letter

  // The chosen one, signed so that more is better; the loss is nll unless it is asked for smoothed.
  double Quality(StopMetric metric, bool smoothed_loss = false) const;
};

class Validator {
 public:
  // Rank 0 reads the files; all tokenise them. Pairs with an empty source are left out, as `score` leaves them out: the
  // model has nothing to say of them. Throws FileError for text that cannot be read or has no pair with text on both
  // sides, OptionError for an unknown BLEU tokenizer. With `denoise` pairs are made of the sources alone. Model,
  // vocabularies, workers and pool must outlive this.
  Validator(const TrainOptions& options, Transformer& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
            GradientWorkers& workers, WorkerPool& pool, Communicator& comm = Alone());

  int64_t pairs() const { return static_cast<int64_t>(sources_.size()); }
  std::span<const Batch> batches() const { return batches_; }  // of all pairs

  // What was met in the files, one human line a fact.
  std::vector<std::string> Describe() const;

  // The BLEU tokenizer to take instead of the one given, whose words are not those of the references; none when all is
  // well. And what to do about ROUGE, where it sees few of their words.
  std::optional<BleuTokenizer> BetterTokenizer() const;
  RougeRemedy RemedyOfRouge() const;

  // Collective: each rank takes its share, all get the scores. Calls check() many times; Interrupted, thrown from it on
  // any rank, is thrown on all in the end, and nothing of the validation stays then.
  ValidationScores Run(const std::function<void()>& check = [] {});

  // The first few translations of the last Run, for a person to look at: source, reference, translation.
  struct Sample {
    std::string source, reference, translation;
  };
  const std::vector<Sample>& samples() const { return samples_; }

 private:
  void ReadText(std::vector<std::string>* sources, std::vector<std::string>* references);
  void TakePairs(std::vector<std::string> sources, std::vector<std::string> references);
  void MakePairs(Noise noise, const std::vector<std::string>& lines);
  void AddToBatches(std::vector<int32_t> src, std::vector<int32_t> tgt);
  struct Share {  // of this rank
    BatchSums sums;
    std::vector<std::string> translations;  // of every size()-th source
  };
  Share ComputeShare(const std::function<void()>& check);
  std::vector<std::string> AllTranslations(const Share& own);  // on rank 0

  Transformer& model_;
  const Tokenizer& src_vocab_;
  const Tokenizer& tgt_vocab_;
  GradientWorkers& workers_;
  WorkerPool& pool_;
  Communicator& comm_;
  int beam_size_;
  BleuOptions bleu_;
  RougeOptions rouge_;
  ParallelInput input_;
  CorpusReport report_;
  Finding without_source_, without_target_;        // lines of the files
  std::vector<std::string> sources_, references_;  // of the pairs that count
  std::vector<Batch> batches_;
  std::vector<Sample> samples_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_VALIDATOR_H_
