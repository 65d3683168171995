// SPDX-License-Identifier: Apache-2.0
#include "recommend/pace.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/thread_pool.h"
#include "base/timer.h"
#include "data/batch_plan.h"
#include "data/corpus_builder.h"
#include "data/update_stream.h"
#include "text/tokenizer.h"
#include "train/learner.h"

namespace dragoman {
namespace {

constexpr int kWarmUpSteps = 2;  // which take memory and fill caches

// Of the size asked for, or the next that this text can make, which *size then is.
Tokenizer TrainVocabulary(VocabOptions options, const CorpusFacts& facts, bool with_src, bool with_tgt, int* size) {
  options.size = *size;
  for (int attempt = 0;; ++attempt) {
    VocabTrainer trainer(options);
    for (const auto& [source, target] : facts.sample) {
      if (with_src) trainer.Add(source);
      if (with_tgt) trainer.Add(target);
    }
    try {
      Tokenizer vocab = Tokenizer::FromBytes(trainer.Train(), "the sample's vocabulary");
      *size = options.size;
      return vocab;
    } catch (const VocabSizeError& error) {
      if (attempt == 3) throw;
      options.size = error.possible;
    }
  }
}

// The sample as pairs of ids in their templates, by the options' limits.
struct EncodedSample {
  std::vector<std::vector<int32_t>> src, tgt;
  std::vector<PairLengths> lengths;
};

EncodedSample Encode(const CorpusFacts& facts, const TransformerConfig& config, Overlong overlong,
                     const CorpusVocabularies& vocabs) {
  const CorpusOptions limits{
      .max_src_len = config.max_src_len, .max_tgt_len = config.max_tgt_len, .overlong = overlong};
  CorpusReport report;
  EncodedSample sample;
  int64_t line = 0;
  for (const auto& [source, target] : facts.sample) {
    std::vector<int32_t> src = vocabs.src.Encode(source), tgt = vocabs.tgt.Encode(target);
    if (!TakePair(limits, vocabs, ++line, &src, &tgt, &report)) continue;
    vocabs.src.sentence().Wrap(&src);
    vocabs.tgt.sentence().Wrap(&tgt);
    sample.lengths.push_back({static_cast<uint16_t>(src.size()), static_cast<uint16_t>(tgt.size())});
    sample.src.push_back(std::move(src));
    sample.tgt.push_back(std::move(tgt));
  }
  if (sample.lengths.empty()) throw OptionError("no pair of the training data is within the model's limits on length");
  return sample;
}

UpdateBatches UpdateOf(const EncodedSample& sample, const BatchPlan& plan, int64_t number, int32_t start) {
  UpdateBatches update;
  Batch& batch = update.batches.emplace_back();
  for (const uint32_t pair : plan.Pairs(number % plan.batches())) {
    batch.src.ids.insert(batch.src.ids.end(), sample.src[pair].begin(), sample.src[pair].end());
    batch.tgt_out.ids.insert(batch.tgt_out.ids.end(), sample.tgt[pair].begin(), sample.tgt[pair].end());
    batch.FinishSentence(pair, start);
  }
  update.tgt_tokens = batch.tgt_tokens();
  return update;
}

}  // namespace

Pace MeasurePace(const Recommendation& recommendation, const CorpusFacts& facts, double seconds,
                 const std::function<void()>& check) {
  Pace pace;
  pace.vocab_size = recommendation.vocab.size;
  std::vector<Tokenizer> trained;  // one for both sides, or the source's and the target's
  const auto train_vocab = [&](bool src, bool tgt) {
    check();
    trained.push_back(TrainVocabulary(recommendation.vocab, facts, src, tgt, &pace.vocab_size));
  };
  train_vocab(true, recommendation.joint);
  if (!recommendation.joint) train_vocab(false, true);
  const CorpusVocabularies vocabs{trained.front(), trained.back()};

  TrainOptions options = recommendation.options;
  options.model.src_vocab = vocabs.src.rows();
  options.model.tgt_vocab = vocabs.tgt.rows();
  options.model.decoder_start = vocabs.tgt.bos_id();
  const TrainOptions resolved = options.ResolvedFor(options.model, options.precision);
  const EncodedSample sample = Encode(facts, options.model, options.overlong, vocabs);
  BatchPlan plan;
  PlanEpoch(sample.lengths, {.max_tokens = options.batch_tokens, .seed = options.seed}, /*epoch=*/0, &plan);
  pace.updates_per_epoch =
      static_cast<double>(plan.batches()) * static_cast<double>(facts.pairs) / static_cast<double>(facts.sample.size());

  Transformer model(options.model);
  model.Initialize(options.seed);
  pace.parameters = model.parameters().flat_size();
  WorkerPool pool(resolved.threads);
  Learner learner(resolved, options.precision, model, pool, Alone());
  Timer timer;
  int64_t counted = 0;
  for (int64_t step = 0; counted == 0 || timer.Seconds() < seconds; ++step) {
    check();
    UpdateBatches update = UpdateOf(sample, plan, step, options.model.decoder_start);
    const UpdateFindings found = learner.ComputeGradients(update, static_cast<uint64_t>(step));
    learner.Update(update.batches, step + 1, /*rate=*/1e-4, std::sqrt(found.squares));
    // A step that takes the time of all is counted, first or not.
    if (step < kWarmUpSteps && timer.Seconds() < seconds) {
      timer.Restart();
    } else {
      ++counted;
    }
  }
  pace.seconds_per_update = timer.Seconds() / static_cast<double>(counted);
  return pace;
}

}  // namespace dragoman
