// SPDX-License-Identifier: Apache-2.0
// The decoder, one target position at a time, of any number of sentences side by side, each at a position of its own.
// Source: Vaswani 2017, §3.1, right half of figure 1.
#ifndef DRAGOMAN_INFER_DECODER_H_
#define DRAGOMAN_INFER_DECODER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "infer/history.h"
#include "infer/inference_model.h"
#include "infer/key_value_store.h"
#include "infer/projection_subset.h"
#include "kernels/cached_attention.h"
#include "kernels/copy_logits.h"
#include "tensor/packed.h"
#include "tensor/pooled_matrix.h"

namespace dragoman {

// A row of a step: one hypothesis' newest token.
struct DecoderRow {
  int32_t source;  // what Open() called its source
  int32_t token;   // -1: a zero vector
  int32_t parent;  // the row of the step before that it goes on from; -1: it begins
};

// Of one thread. A row's result depends on its source and what was said before alone, whatever rows stand beside it.
class Decoder {
 public:
  // Both must outlive this.
  Decoder(const InferenceModel& model, BufferPool& pool);

  // Encodes sources together; they are called by the numbers that are appended to `numbers`, until they are closed.
  void Open(const PackedTokens& sources, std::vector<int32_t>* numbers);
  void Close(int32_t source);
  // Of this source's rows only these tokens' logits will be asked for. Not of a model that copies.
  void Shortlist(int32_t source, std::span<const int32_t> tokens);

  // Rows of a source stand side by side.
  void Step(std::span<const DecoderRow> rows);
  // Of rows of the last step: [count, tgt_vocab].
  PooledMatrix Logits(int64_t first, int64_t count) const;
  // Likewise, of a source with a shortlist: [count, tokens].
  PooledMatrix ShortlistLogits(int32_t source, int64_t first, int64_t count) const;

  const History& history() const { return history_; }

  // What it keeps of a token of a source, and of a position of a hypothesis that shares none with others.
  static int64_t SourceTokenBytes(const TransformerConfig& config);
  static int64_t PositionBytes(const TransformerConfig& config);

 private:
  // What the decoder sees of a source.
  struct Source {
    PooledMatrix keys;         // [layers * width, tokens]
    PooledMatrix values;       // [layers * tokens, width]
    PooledMatrix copy_keys;    // [tokens, d_model], of a model that copies
    std::vector<int32_t> ids;  // [tokens], likewise
    ProjectionSubset output;   // with a shortlist
    bool is_open = false;
  };

  int32_t FreeNumber();
  void KeepSource(int64_t layer, const ConstMatrix& keys_and_values, Source& source, int32_t number);
  void AttendToHistory(const SelfAttentionWeights& weights, int64_t cache, const Matrix& x);
  void Recur(const RecurrentWeights& weights, int64_t cache, const Matrix& x);
  void AttendToSources(const DecoderLayerWeights& weights, size_t layer, const Matrix& x);

  const InferenceModel& model_;
  BufferPool& pool_;
  KeyValueStore store_;
  History history_;
  std::vector<PooledMatrix>
      cells_;                    // of recurrent decoders: [layers, in each pass] of [rows of the last step, d_model]
  std::vector<Source> sources_;  // [numbers]
  std::vector<std::vector<kernels::KeysAndValues>> memories_;  // [layers][numbers]: views of them
  std::vector<kernels::CopyMemory> copies_;                    // [numbers], of a model that copies
  std::vector<int32_t> tokens_, parents_, source_of_;          // of the last step's rows
  int64_t longest_source_ = 0;                                 // rows
  PooledMatrix hidden_;                                        // [rows, d_model] of the last step
};

}  // namespace dragoman

#endif  // DRAGOMAN_INFER_DECODER_H_
