// SPDX-License-Identifier: Apache-2.0
// Keys and values of target positions, a row each for every layer, at the places that History gives them.
#ifndef DRAGOMAN_INFER_KEY_VALUE_STORE_H_
#define DRAGOMAN_INFER_KEY_VALUE_STORE_H_

#include <cstdint>
#include <vector>

#include "kernels/cached_attention.h"
#include "tensor/pooled_matrix.h"

namespace dragoman {

// Grows and shrinks by chunks, so that no row ever moves.
class KeyValueStore {
 public:
  // `width` of a key, as of a value. The pool must outlive this.
  KeyValueStore(BufferPool& pool, int64_t layers, int64_t width);

  void Reserve(int64_t places);  // what is kept at places from this one on may be gone

  kernels::RowStore keys(int64_t layer) const { return Rows(2 * layer); }
  kernels::RowStore values(int64_t layer) const { return Rows(2 * layer + 1); }

 private:
  kernels::RowStore Rows(int64_t table) const;

  BufferPool& pool_;
  int64_t layers_, width_;
  std::vector<PooledMatrix>
      chunks_;                     // [2 * layers * kChunkPlaces, width]: a layer's keys, its values, the next one's ...
  std::vector<float*> addresses_;  // of the chunks
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_KEY_VALUE_STORE_H_
