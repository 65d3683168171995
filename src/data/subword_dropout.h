// SPDX-License-Identifier: Apache-2.0
// SubwordDropout: another segmentation of each sentence in each epoch, made of the ids that the corpus holds.
#ifndef DRAGOMAN_DATA_SUBWORD_DROPOUT_H_
#define DRAGOMAN_DATA_SUBWORD_DROPOUT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "text/piece_splits.h"
#include "text/sentence_template.h"
#include "text/tokenizer.h"

namespace dragoman {

struct SubwordDropoutOptions {
  double src_rate = 0;  // 0 to 1: how likely a piece that has splits is split; 0: never
  double tgt_rate = 0;
  int max_src_len = 512;  // tokens of a sentence with its template: at these splitting stops
  int max_tgt_len = 512;
  uint64_t seed = 1;
};

// With the rate's probability a piece is replaced by one of its splits (text/piece_splits.h), all of which are equally
// likely, and so are the pieces of the split in turn. In the spirit of BPE-dropout (Provilkov 2020, §3), but that
// leaves merges out while it segments and so also finds pieces across those of the usual segmentation; here these are
// only cut finer. Nor is it, for a unigram vocabulary, the sampling of Kudo 2018a, §3.3, where segmentations have
// probabilities.
//
// What becomes of a sentence is decided by seed, epoch, pair and side alone. Immutable, so any number of threads may
// call it at once.
class SubwordDropout {
 public:
  // Throws OptionError when a rate is above 0 and nothing of its vocabulary can be split, as of a list of words.
  SubwordDropout(const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, const SubwordDropoutOptions& options);

  // Splits pieces of one sentence, which *ids ends with from `begin` on, in its template; that stays as it is.
  void ApplyToSource(int64_t epoch, int64_t pair, size_t begin, std::vector<int32_t>* ids) const {
    Apply(src_, epoch, pair, begin, ids);
  }
  void ApplyToTarget(int64_t epoch, int64_t pair, size_t begin, std::vector<int32_t>* ids) const {
    Apply(tgt_, epoch, pair, begin, ids);
  }

 private:
  struct Side {
    double rate;
    size_t most;  // tokens of a sentence, its template's too
    size_t before, after;
    std::optional<PieceSplits> splits;  // none at rate 0: they take a while to find
    uint64_t key;
  };
  static void Apply(const Side& side, int64_t epoch, int64_t pair, size_t begin, std::vector<int32_t>* ids);

  Side src_, tgt_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_SUBWORD_DROPOUT_H_
