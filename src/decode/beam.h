// SPDX-License-Identifier: Apache-2.0
// Beam search for one sentence, as a pure state machine: it is given log-probabilities and says which hypotheses to go
// on with. It knows nothing of models, batches or caches, so it can be tested with numbers written by hand.
#ifndef DRAGOMAN_DECODE_BEAM_H_
#define DRAGOMAN_DECODE_BEAM_H_

#include <cstdint>
#include <vector>

#include "decode/hypothesis.h"
#include "decode/options.h"
#include "tensor/matrix.h"

namespace dragoman {

class Beam {
 public:
  // max_length: target tokens at most, </s> included, >= 1.
  Beam(const DecodeOptions& options, int32_t eos, int64_t max_length);

  // One position: log_probs [open().size(), vocab], row i for open hypothesis i. Afterwards open() are the hypotheses
  // to go on with, and parents()[i] is the row that open hypothesis i came from.
  // Throws NumericError when no finite log-probability is left.
  void Advance(const ConstMatrix& log_probs);

  const std::vector<Hypothesis>& open() const { return open_; }
  const std::vector<int32_t>& parents() const { return parents_; }
  bool done() const { return done_; }

  // The n_best hypotheses, best first: a list of fewer is the beginning of a list of more. Only when done().
  std::vector<Hypothesis> Finish();

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
  int32_t eos_;
  int64_t max_length_;
  int64_t length_ = 0;  // tokens decoded
  bool done_ = false;
  std::vector<Hypothesis> open_;
  std::vector<int32_t> parents_;
  std::vector<Hypothesis> finished_;
  size_t settled_ = 0;  // the first of finished_, best first, have their place in the n-best list
  std::vector<Candidate> candidates_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_BEAM_H_
