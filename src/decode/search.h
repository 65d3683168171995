// SPDX-License-Identifier: Apache-2.0
// Decoding of one batch of source sentences: drives the model's cached steps and each sentence's search
// (sentence_search.h).
#ifndef DRAGOMAN_DECODE_SEARCH_H_
#define DRAGOMAN_DECODE_SEARCH_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "autograd/workspace.h"
#include "decode/generation_rules.h"
#include "decode/hypothesis.h"
#include "decode/options.h"
#include "decode/sentence_search.h"
#include "model/transformer.h"
#include "tensor/packed.h"

namespace dragoman {

struct RunningSentence;

// Translates token ids into token ids. Const and shared by all workers; each brings its own workspace.
class Searcher {
 public:
  // The model must have had PrepareForDecoding().
  Searcher(const Transformer& model, const DecodeOptions& options, GenerationRules rules);

  // src: sentences with their </s>. sentence_ids [sentences] number the sentences of the whole input: what a sample
  // is drawn with. Returns, per sentence, up to n_best hypotheses, best first. A sentence's result depends on itself
  // alone, not on the others of the batch. Before each step it calls check(); what that throws ends the search.
  std::vector<std::vector<Hypothesis>> Search(
      Workspace& workspace, const PackedTokens& src, std::span<const int64_t> sentence_ids,
      const std::function<void()>& check = [] {}) const;

 private:
  std::unique_ptr<SentenceSearch> Open(int64_t src_len, int64_t sentence_id) const;
  // Log-probabilities of each row's next token. Of what is banned they are -inf, the rest stay what the model
  // says.
  Variable Step(Workspace& workspace, DecoderState& state, std::span<const int32_t> tokens) const;
  // Each running sentence takes its rows of log_probs.
  void Advance(std::span<RunningSentence> sentences, const Matrix& log_probs) const;
  int64_t MaxLength(int64_t src_len) const;

  const Transformer& model_;
  DecodeOptions options_;
  int32_t eos_;
  std::vector<int32_t> banned_, forced_first_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SEARCH_H_
