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
#include "tensor/matrix.h"

namespace dragoman {

// Draws from softmax(log_probs / temperature), restricted to the top_k likeliest tokens and then to the smallest set
// of likeliest tokens whose probability reaches top_p. Throws NumericError when nothing has a finite log-probability.
int32_t SampleToken(const DecodeOptions& options, std::span<const float> log_probs, Rng& rng);

// n_best translations of one sentence, drawn side by side, each a row until it ends.
class Samples : public SentenceSearch {
 public:
  // Sample i draws from (options.seed, sentence_id, i) alone; sentence_id numbers the sentence in the whole input.
  Samples(const DecodeOptions& options, const SearchBounds& bounds, int64_t sentence_id);

  std::span<const int32_t> Said(int64_t row) const override {
    return open_[static_cast<size_t>(row)].hypothesis.tokens;
  }
  void Advance(const ConstMatrix& log_probs) override;

  // All of them, even equal ones.
  std::vector<Hypothesis> Finish() override;

 private:
  struct Draw {
    Rng rng;
    Hypothesis hypothesis;
  };

  bool Extend(Draw* draw, std::span<const float> log_probs) const;  // by a token; false when it was the last

  DecodeOptions options_;
  SearchBounds bounds_;
  int64_t length_ = 0;      // tokens drawn for each open one
  std::vector<Draw> open_;  // that of row i
  std::vector<Hypothesis> finished_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SAMPLER_H_
