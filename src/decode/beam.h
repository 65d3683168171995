// SPDX-License-Identifier: Apache-2.0
// Beam search for one sentence.
#ifndef DRAGOMAN_DECODE_BEAM_H_
#define DRAGOMAN_DECODE_BEAM_H_

#include <cstdint>
#include <vector>

#include "decode/hypothesis.h"
#include "decode/options.h"
#include "decode/sentence_search.h"
#include "tensor/matrix.h"

namespace dragoman {

class Beam : public SentenceSearch {
 public:
  Beam(const DecodeOptions& options, const SearchBounds& bounds);

  std::span<const int32_t> Said(int64_t row) const override { return open_[static_cast<size_t>(row)].tokens; }
  void Advance(const ConstMatrix& log_probs) override;

  // Until done(), hypothesis i is that of rows()[i].
  const std::vector<Hypothesis>& open() const { return open_; }

  // The n_best hypotheses, best first: a list of fewer is the beginning of a list of more.
  std::vector<Hypothesis> Finish() override;

 private:
  struct Candidate {
    double log_prob;
    int32_t parent;
    int32_t token;
  };

  void Expand(const ConstMatrix& log_probs);  // fills candidates_ with the best continuations of all open hypotheses
  void Select();                              // finishes those with </s>, keeps the others open
  void CutAtLimit();                          // at max_length, open hypotheses end as they are
  void Settle();  // gives places in the n-best list, best first, to the finished ones that are due
  double ScoreOf(double log_prob, int64_t length) const;

  DecodeOptions options_;
  SearchBounds bounds_;
  int64_t length_ = 0;  // tokens decoded
  std::vector<Hypothesis> open_;
  std::vector<Hypothesis> finished_;
  size_t settled_ = 0;  // the first of finished_, best first, have their place in the n-best list
  std::vector<Candidate> candidates_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_BEAM_H_
