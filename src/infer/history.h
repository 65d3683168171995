// SPDX-License-Identifier: Apache-2.0
// Which positions every hypothesis consists of, and where their keys and values are kept.
#ifndef DRAGOMAN_INFER_HISTORY_H_
#define DRAGOMAN_INFER_HISTORY_H_

#include <cstdint>
#include <span>
#include <vector>

#include "tensor/packed.h"

namespace dragoman {

// Positions are numbered places. They make a tree, for hypotheses share their common past: those that descend from one
// copy nothing of it. A place that no hypothesis leads to any more is free for another position.
class History {
 public:
  // A step: hypothesis i goes on from hypothesis parents[i] of the step before, or begins, with -1. Those that nobody
  // goes on from are gone. Each gets a place for its newest position.
  void Advance(std::span<const int32_t> parents);

  int64_t hypotheses() const { return static_cast<int64_t>(newest_.size()); }
  std::span<const int32_t> newest() const { return newest_; }       // place of each hypothesis' newest position
  std::span<const int32_t> positions() const { return position_; }  // number of it, from 0
  // The places of each hypothesis' positions, in order, one sentence a hypothesis.
  PackedTokens places() const { return {ids_, {offsets_}}; }

  int64_t capacity() const { return static_cast<int64_t>(parent_.size()); }  // all places are below it
  int64_t in_use() const { return in_use_; }

 private:
  int32_t TakePlace(int32_t parent);
  void Release(int32_t place);

  std::vector<int32_t> parent_;      // [places]: of the position before, or -1
  std::vector<int32_t> references_;  // [places]: positions that follow, and 1 for a hypothesis whose newest it is
  std::vector<int32_t> free_;        // places, a heap with the least on top; those from capacity() on are no more
  int64_t in_use_ = 0;
  std::vector<int32_t> newest_, position_;
  std::vector<int32_t> ids_, offsets_ = {0};
  std::vector<int32_t> old_newest_, old_ids_, old_offsets_;  // of the step before: memory that is used again
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_HISTORY_H_
