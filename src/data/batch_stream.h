// SPDX-License-Identifier: Apache-2.0
// BatchStream: the batches of a corpus, epoch after epoch, from any position.
#ifndef DRAGOMAN_DATA_BATCH_STREAM_H_
#define DRAGOMAN_DATA_BATCH_STREAM_H_

#include <cstdint>
#include <memory>

#include "data/batch.h"
#include "data/batch_plan.h"
#include "data/subword_dropout.h"
#include "data/token_corpus.h"

namespace dragoman {

// Where a stream stands: the next batch to come. What a checkpoint stores; batch may be the number of batches of the
// epoch, which is the same place as batch 0 of the next.
struct DataPosition {
  int64_t epoch = 0;
  int64_t batch = 0;
  bool operator==(const DataPosition&) const = default;
};

// Endless, deterministic: position and options decide the batch. Refers to the corpus, which must outlive it. Used by
// one thread at a time.
class BatchStream {
 public:
  // subword_dropout: null for sentences as the corpus has them. Batches are planned, and NextTgtTokens counts, by the
  // lengths that sentences have in the corpus. Throws OptionError for options out of range.
  BatchStream(const TokenCorpus& corpus, const BatchOptions& options, DataPosition position = {},
              std::shared_ptr<const SubwordDropout> subword_dropout = nullptr);

  // Goes to a position; costs the planning of one epoch, reads no token. Throws OptionError for a position that the
  // epoch does not have (a checkpoint of other data or options).
  void Seek(DataPosition position);

  // Fills *batch, reusing its memory, and moves on. Throws FileError when the corpus cannot be read.
  void Next(Batch* batch);
  void Skip();  // the same without reading anything

  DataPosition position() const { return position_; }  // of the batch that Next will give
  int64_t NextTgtTokens() const;                       // target tokens of that batch, before any are split

 private:
  const TokenCorpus* corpus_;
  BatchOptions options_;
  std::shared_ptr<const SubwordDropout> subword_dropout_;
  DataPosition position_;
  BatchPlan plan_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_BATCH_STREAM_H_
