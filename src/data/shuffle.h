// SPDX-License-Identifier: Apache-2.0
// A permutation that is the same with every compiler and standard library, which std::shuffle does not promise.
#ifndef DRAGOMAN_DATA_SHUFFLE_H_
#define DRAGOMAN_DATA_SHUFFLE_H_

#include <cstddef>
#include <utility>
#include <vector>

#include "base/rng.h"

namespace dragoman {

// Puts `items` in an order drawn uniformly from all orders. Source: Knuth 1969, §3.4.2, algorithm P.
template <typename T>
void Shuffle(std::vector<T>* items, Rng* rng) {
  for (size_t left = items->size(); left > 1; --left) {
    std::swap((*items)[left - 1], (*items)[rng->Below(left)]);
  }
}

}  // namespace dragoman

#endif  // DRAGOMAN_DATA_SHUFFLE_H_
