// SPDX-License-Identifier: Apache-2.0
// Decoding of one batch of source sentences: drives the model's cached steps and each sentence's search.
#ifndef DRAGOMAN_DECODE_SEARCH_H_
#define DRAGOMAN_DECODE_SEARCH_H_

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "autograd/tape.h"
#include "decode/generation_rules.h"
#include "decode/hypothesis.h"
#include "decode/options.h"
#include "model/transformer.h"
#include "tensor/packed.h"

namespace dragoman {

// Translates token ids into token ids. Const and shared by all workers; each brings its own tape.
class Searcher {
 public:
  // The model must have had PrepareForDecoding().
  Searcher(const Transformer& model, const DecodeOptions& options, GenerationRules rules);

  // src: sentences with their </s>. sentence_ids [sentences] number the sentences of the whole input: what a sample
  // is drawn with. Returns, per sentence, up to n_best hypotheses, best first. A sentence's result depends on itself
  // alone, not on the others of the batch. Before each step it calls check(); what that throws ends the search.
  std::vector<std::vector<Hypothesis>> Search(
      Tape& tape, const PackedTokens& src, std::span<const int64_t> sentence_ids,
      const std::function<void()>& check = [] {}) const;

 private:
  struct Draw;  // a sample that is being drawn

  std::vector<std::vector<Hypothesis>> SearchBeams(Tape& tape, const PackedTokens& src,
                                                   const std::function<void()>& check) const;
  std::vector<std::vector<Hypothesis>> DrawSamples(Tape& tape, const PackedTokens& src,
                                                   std::span<const int64_t> sentence_ids,
                                                   const std::function<void()>& check) const;
  std::vector<Draw> OpenDraws(const PackedTokens& src, std::span<const int64_t> sentence_ids) const;
  // Draws the next token; false when it was the last.
  bool Extend(Draw* draw, std::span<const float> log_probs) const;

  // Log-probabilities of each hypothesis' next token. Of what is banned they are -inf, of a forced token 0 and of all
  // others then -inf; the rest stay what the model says.
  Variable Step(Tape& tape, DecoderState& state, std::span<const int32_t> tokens) const;
  int64_t MaxLength(int64_t src_len) const;

  const Transformer& model_;
  DecodeOptions options_;
  int32_t eos_;
  std::vector<int32_t> banned_, forced_first_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SEARCH_H_
