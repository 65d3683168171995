// SPDX-License-Identifier: Apache-2.0
// Beam search for one sentence.
#ifndef DRAGOMAN_DECODE_BEAM_H_
#define DRAGOMAN_DECODE_BEAM_H_

#include <cstdint>
#include <vector>

#include "decode/hypothesis.h"
#include "decode/options.h"
#include "decode/sentence_search.h"

namespace dragoman {

class Beam : public SentenceSearch {
 public:
  // drop_hopeless: false only to see that it makes no difference.
  Beam(const DecodeOptions& options, const SearchBounds& bounds, bool drop_hopeless = true);

  std::span<const int32_t> Said(int64_t row) const override { return open_[static_cast<size_t>(row)].tokens; }
  // The 2 * beam_size best continuations of all hypotheses are looked at, so no more of any one.
  int64_t Wanted() const override { return WantsLogProbs() ? 2 * int64_t{options_.beam_size} : 1; }
  // With a beam of 1 the likeliest token is taken whatever its probability, and where that is </s> nothing that goes on
  // is ahead of it; but it might yet overtake, which Stopping::kBound waits for.
  bool WantsLogProbs() const override {
    return !options_.skip_scores || options_.beam_size > 1 || options_.stopping == Stopping::kBound;
  }
  void Advance(std::span<const kernels::TokenChoice> choices) override;
  std::span<const int32_t> Settled() override;

  // Until done(), hypothesis i is that of rows()[i].
  const std::vector<Hypothesis>& open() const { return open_; }

  // The n_best hypotheses, best first: a list of fewer is the beginning of a list of more.
  std::vector<Hypothesis> Finish() override;

 private:
  struct Candidate {
    double log_prob;
    int32_t parent;
    int32_t rank;  // among its parent's choices
    int32_t token;
  };

  void Expand(std::span<const kernels::TokenChoice> choices);  // fills candidates_ with all hypotheses' best
  void Select();                                               // finishes those with </s>, keeps the others open
  void CutAtLimit();                                           // at max_length, open hypotheses end as they are
  void DropHopeless();  // open ones that cannot reach a place in the n-best list any more
  void Settle();        // gives places in the n-best list, best first, to the finished ones that are due
  bool HasEnded();
  double ScoreOf(double log_prob, int64_t length) const;
  // Whether all finished hypotheses are ranked at the end alone.
  bool RanksAtEnd() const { return options_.stopping != Stopping::kFirst && options_.stopping != Stopping::kBound; }

  DecodeOptions options_;
  SearchBounds bounds_;
  bool drop_hopeless_;
  size_t width_;        // places in the beam
  int64_t length_ = 0;  // tokens decoded
  std::vector<Hypothesis> open_;
  std::vector<Hypothesis> next_;  // what open_ becomes; in between, those of the step before: memory that is used again
  std::vector<Hypothesis> finished_;
  size_t common_ = 0;   // tokens that all begin with, when that was last asked
  size_t settled_ = 0;  // the first of finished_, best first, have their place in the n-best list
  std::vector<Candidate> candidates_;
  std::vector<double> scores_;  // of complete ones
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_BEAM_H_
