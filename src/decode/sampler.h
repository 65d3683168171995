// SPDX-License-Identifier: Apache-2.0
// Translations drawn from the model's distribution.
#ifndef DRAGOMAN_DECODE_SAMPLER_H_
#define DRAGOMAN_DECODE_SAMPLER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "base/rng.h"
#include "decode/hypothesis.h"
#include "decode/options.h"
#include "decode/sentence_search.h"

namespace dragoman {

// n_best translations of one sentence, drawn side by side, each a row until it ends.
class Samples : public SentenceSearch {
 public:
  // Sample i draws from (options.seed, sentence_id, i) alone; sentence_id numbers the sentence in the whole input.
  Samples(const DecodeOptions& options, const SearchBounds& bounds, int64_t sentence_id);

  std::span<const int32_t> Said(int64_t row) const override {
    return open_[static_cast<size_t>(row)].hypothesis.tokens;
  }
  int64_t Wanted() const override { return 1; }
  std::optional<kernels::TokenDraw> DrawFor(int64_t row) override;
  void Advance(std::span<const kernels::TokenChoice> choices) override;
  std::span<const int32_t> Settled() override;

  // All of them, even equal ones.
  std::vector<Hypothesis> Finish() override;

 private:
  struct Draw {
    Rng rng;
    Hypothesis hypothesis;
  };

  bool Extend(Draw* draw, kernels::TokenLogProb next) const;  // false when that was the last token

  DecodeOptions options_;
  SearchBounds bounds_;
  int64_t length_ = 0;      // tokens drawn for each open one
  std::vector<Draw> open_;  // that of row i
  std::vector<Hypothesis> finished_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SAMPLER_H_
