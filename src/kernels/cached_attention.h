// SPDX-License-Identifier: Apache-2.0
// One decoding step of attention for all rows of a batch: each row is one query, of whatever sentence and position, and
// what it attends to was computed before. Source: Vaswani 2017, §3.2.1, Eq. 1; kernels/attention.h.
// A row's result depends on its query and what it attends to alone, and is the same on every instruction set with fused
// multiply-adds.
#ifndef DRAGOMAN_KERNELS_CACHED_ATTENTION_H_
#define DRAGOMAN_KERNELS_CACHED_ATTENTION_H_

#include <cstdint>
#include <span>

#include "kernels/attention.h"
#include "tensor/matrix.h"
#include "tensor/packed.h"

namespace dragoman::kernels {

// Numbered rows in chunks of memory: row r begins at chunks[r / chunk_rows] + offset + r % chunk_rows * stride.
struct RowStore {
  float* const* chunks = nullptr;
  int64_t chunk_rows = 1;
  int64_t offset = 0;
  int64_t stride = 0;

  float* Row(int64_t r) const { return chunks[r / chunk_rows] + offset + r % chunk_rows * stride; }
};

// Row i of `rows` [n, width] becomes row numbers[i] of the store.
void KeepRows(const ConstMatrix& rows, std::span<const int32_t> numbers, const RowStore& store);

// Floats of scratch that the calls below need for lists and memories up to this length.
int64_t CachedAttentionScratchFloats(const AttentionShape& shape, int64_t longest);

// Each query attends to the rows of the store that its list names, the last of which is its own: `lists` has a sentence
// of row numbers for each query. A bias is by the distance in the list from the last one.
//   q, out [queries, heads * d_head]; scratch as above. out may not be q.
void AttendToRows(const AttentionShape& shape, const ConstMatrix& q, const PackedTokens& lists, const RowStore& keys,
                  const RowStore& values, const Matrix& out, float* scratch);

// A sentence's keys [heads * d_head, length], a column each, and values [length, heads * d_head].
struct KeysAndValues {
  ConstMatrix keys, values;
};

// Query i attends to all of memories[memory_of[i]]; an empty one gives zeros. No bias. Queries of a memory should stand
// side by side: they are faster so.
void AttendToMemories(const AttentionShape& shape, const ConstMatrix& q, std::span<const int32_t> memory_of,
                      std::span<const KeysAndValues> memories, const Matrix& out, float* scratch);

}  // namespace dragoman::kernels

#endif  // DRAGOMAN_KERNELS_CACHED_ATTENTION_H_
