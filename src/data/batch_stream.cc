// SPDX-License-Identifier: Apache-2.0
#include "data/batch_stream.h"

#include <fmt/format.h>

#include <utility>

#include "base/error.h"
#include "base/hash.h"

namespace dragoman {

BatchStream::BatchStream(const TokenCorpus& corpus, const BatchOptions& options, DataPosition position,
                         std::shared_ptr<const SubwordDropout> subword_dropout)
    : corpus_(&corpus), options_(options), subword_dropout_(std::move(subword_dropout)) {
  options_.Validate();
  Seek(position);
}

void BatchStream::Seek(DataPosition position) {
  const bool planned = !plan_.starts.empty() && position.epoch == position_.epoch;
  if (position.epoch >= 0 && !planned) PlanEpoch(corpus_->lengths(), options_, position.epoch, &plan_);
  if (position.epoch < 0 || position.batch < 0 || position.batch > plan_.batches()) {
    throw OptionError(fmt::format(
        "position in the data: batch {} of epoch {}; expected 0 to {}; resume with the data and batch options of the "
        "checkpoint, or start a new run",
        position.batch, position.epoch, plan_.batches()));
  }
  position_ = position;
  if (position.batch < plan_.batches()) return;
  position_ = {position.epoch + 1, 0};
  PlanEpoch(corpus_->lengths(), options_, position_.epoch, &plan_);
}

void BatchStream::Next(Batch* batch) {
  batch->Clear();
  batch->epoch = position_.epoch;
  batch->index = position_.batch;
  uint64_t place = plan_.starts[static_cast<size_t>(position_.batch)];  // in the epoch
  for (const uint32_t pair : plan_.Pairs(position_.batch)) {
    const size_t src_begin = batch->src.ids.size(), tgt_begin = batch->tgt_out.ids.size();
    corpus_->AppendPair(pair, &batch->src.ids, &batch->tgt_out.ids);
    if (subword_dropout_) {
      // A pair that comes several times an epoch is split another way each time.
      const auto key = static_cast<int64_t>(options_.RepeatsPairs() ? HashCombine(pair, place) : pair);
      subword_dropout_->ApplyToSource(position_.epoch, key, src_begin, &batch->src.ids);
      subword_dropout_->ApplyToTarget(position_.epoch, key, tgt_begin, &batch->tgt_out.ids);
    }
    ++place;
    batch->FinishSentence(pair, options_.decoder_start);
  }
  Skip();
}

void BatchStream::Skip() { Seek({position_.epoch, position_.batch + 1}); }

int64_t BatchStream::NextTgtTokens() const {
  int64_t tokens = 0;
  for (const uint32_t pair : plan_.Pairs(position_.batch)) tokens += corpus_->lengths()[pair].tgt;
  return tokens;
}

}  // namespace dragoman
