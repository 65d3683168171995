// SPDX-License-Identifier: Apache-2.0
// What cached decoding remembers: keys and values of everything decoded so far, and which hypothesis descends from
// which. Hypotheses share the rows of their common past: when beam search reorders them, only the table of ancestors
// is rewritten, never a key or a value.
#ifndef DRAGOMAN_MODEL_DECODER_STATE_H_
#define DRAGOMAN_MODEL_DECODER_STATE_H_

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/workspace.h"
#include "tensor/packed.h"

namespace dragoman {

// What the output of a model that copies looks at: keys [src_tokens, d_model], none of another model, and the source.
struct CopyMemory {
  Variable keys;
  PackedTokens source;
};

// Belongs to one workspace (which must outlive it) and one batch of source sentences.
class DecoderState {
 public:
  // One decoder layer's keys and values, [rows, heads * d_head].
  struct LayerCache {
    Variable src_keys, src_values;                 // of the encoder's output, [src_tokens, width]
    std::vector<Variable> step_keys, step_values;  // [t]: of target position t, a row for each hypothesis it had then
  };

  // One hypothesis per sentence, nothing decoded yet. src: the rows that the decoder attends to; its offsets are
  // copied.
  DecoderState(const Packing& src, int layers);

  int64_t hypotheses() const { return static_cast<int64_t>(sentence_.size()); }
  int64_t step() const { return step_; }  // target positions decoded so far

  // After a step: the hypotheses to go on with. parents[i] is the hypothesis that i descends from; fewer, more, or
  // none at all may remain. Every parent is in [0, hypotheses()).
  void Reorder(std::span<const int32_t> parents);

  // For DecoderLayer::Step.
  std::span<const int32_t> sentences() const { return sentence_; }  // of each hypothesis
  int64_t sentence(int64_t hypothesis) const { return sentence_[static_cast<size_t>(hypothesis)]; }
  const Packing& src() const { return src_; }
  int64_t longest_src() const { return longest_src_; }
  // Row of hypothesis h's history at position t < step(), in step_keys[t].
  int64_t AncestorRow(int64_t hypothesis, int64_t t) const {
    return ancestors_[static_cast<size_t>(hypothesis)][static_cast<size_t>(t)];
  }
  LayerCache& layer(int64_t l) { return layers_[static_cast<size_t>(l)]; }

  // What a model that copies may copy.
  void SetCopies(Variable keys, std::span<const int32_t> ids);
  CopyMemory copies() const { return {copy_keys_, {copy_ids_, src_}}; }

  // Every hypothesis' newest position is its own row.
  void Advance();

 private:
  std::vector<int32_t> src_offsets_;
  Packing src_;
  int64_t longest_src_;
  std::vector<int32_t> sentence_;                // [hypotheses]
  std::vector<std::vector<int32_t>> ancestors_;  // [hypotheses][step]
  std::vector<LayerCache> layers_;
  Variable copy_keys_;             // [src_tokens, d_model]
  std::vector<int32_t> copy_ids_;  // [src_tokens]
  int64_t step_ = 0;
};

}  // namespace dragoman

#endif  // DRAGOMAN_MODEL_DECODER_STATE_H_
