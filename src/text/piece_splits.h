// SPDX-License-Identifier: Apache-2.0
// PieceSplits: the ways to say a piece of a vocabulary as smaller ones. What subword regularisation draws from
// (data/subword_dropout.h).
#ifndef DRAGOMAN_TEXT_PIECE_SPLITS_H_
#define DRAGOMAN_TEXT_PIECE_SPLITS_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "text/tokenizer.h"

namespace dragoman {

// Immutable, so any number of threads may read at once.
//
// Of a BPE vocabulary a piece has one split at most, into the two that its last merge joins when the piece's own text
// is merged by rank (Sennrich 2016, §3.2). So of a byte-level BPE, whose parts may be parts of a character.
//
// A unigram vocabulary knows no merges, and has lost most of the pieces in between: of half of its pieces no two make
// them. There each cut of the text gives a split, whose parts are as few pieces as can be, the likeliest of equals; of
// these splits a piece has those with the fewest pieces, mostly two or three.
//
// Pieces that are not text as they stand (Tokenizer::Score) are neither split nor come of a split; nor are those of
// more than 128 bytes split. No split leads to a character that has no piece. A list of
// words has no splits.
class PieceSplits {
 public:
  explicit PieceSplits(const Tokenizer& vocab);

  // How many splits a piece has. id: 0 to vocab.size() - 1.
  size_t Count(int32_t id) const { return End(id) - Begin(id); }

  bool empty() const { return ids_.empty(); }  // no piece has one

  // One of them: two ids or more, whose texts make the piece's when they stand side by side.
  std::span<const int32_t> Split(int32_t id, size_t number) const {
    const size_t split = Begin(id) + number, begin = split_starts_[split];
    return std::span<const int32_t>(ids_).subspan(begin, split_starts_[split + 1] - begin);
  }

 private:
  size_t Begin(int32_t id) const { return piece_starts_[static_cast<size_t>(id)]; }
  size_t End(int32_t id) const { return piece_starts_[static_cast<size_t>(id) + 1]; }

  std::vector<uint32_t> piece_starts_;  // [pieces + 1], in split_starts_
  std::vector<uint32_t> split_starts_;  // [splits + 1], in ids_
  std::vector<int32_t> ids_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TEXT_PIECE_SPLITS_H_
