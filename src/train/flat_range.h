// SPDX-License-Identifier: Apache-2.0
#ifndef DRAGOMAN_TRAIN_FLAT_RANGE_H_
#define DRAGOMAN_TRAIN_FLAT_RANGE_H_

#include <algorithm>
#include <cstdint>

#include "tensor/cache_line.h"

namespace dragoman {

// Floats of the flat buffers: parameters, gradients, moments.
struct FlatRange {
  int64_t begin;
  int64_t end;

  int64_t size() const { return end - begin; }
};

// Part `part` of `parts` of a range: as even as whole cache lines can be. The last line may be a part of one.
inline FlatRange PartOf(const FlatRange& range, int part, int parts) {
  const int64_t lines = WholeLines(range.size()) / kLineFloats;
  const auto begin_of = [&](int64_t p) { return std::min(range.end, range.begin + lines * p / parts * kLineFloats); };
  return {begin_of(part), begin_of(part + 1)};
}

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_FLAT_RANGE_H_
