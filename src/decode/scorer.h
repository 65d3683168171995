// SPDX-License-Identifier: Apache-2.0
// Log-probabilities of given translations.
#ifndef DRAGOMAN_DECODE_SCORER_H_
#define DRAGOMAN_DECODE_SCORER_H_

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "decode/tokenized_line.h"
#include "infer/inference_model.h"
#include "text/tokenizer.h"

namespace dragoman {

struct PairScore {
  double log_prob = 0;                  // natural logarithm, of all target tokens and </s>, given the source
  std::vector<double> token_log_probs;  // one a token, </s> last
  bool truncated = false;               // source or target was longer than the model's limit
  int64_t unknown = 0;                  // characters of both that the vocabulary has no piece for: scored as <unk>
  std::string error;                    // why there is no score, although there is a source
};

// Scores pairs in batches shared out between workers, a token at a time, as search finds them: what it says of a
// translation is bit for bit what search said of it. A pair's score depends on the pair alone. Of a pair with an empty
// source the model has nothing to say: its log_prob is NaN (0 would be the best there is), and it has no tokens; so has
// one for which the model gives no finite number, but that has an error.
// Threads: as with Translator (translator.h), one call at a time.
class Scorer {
 public:
  // All must outlive the scorer.
  Scorer(const InferenceModel& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, WorkerPool& pool);

  // sources and targets have the same length.
  std::vector<PairScore> Score(std::span<const std::string> sources, std::span<const std::string> targets);

 private:
  struct Pair {
    TokenizedLine src;
    std::vector<int32_t> tgt;  // in the template
    bool truncated = false;
    int64_t unknown = 0;
  };

  Pair Tokenize(const std::string& source, const std::string& target) const;
  void ScoreBatch(BufferPool& memory, std::span<const Pair> pairs, std::span<const size_t> indices,
                  std::span<PairScore> scores) const;

  const InferenceModel& model_;
  const Tokenizer& src_vocab_;
  const Tokenizer& tgt_vocab_;
  WorkerPool& pool_;
  std::vector<std::unique_ptr<BufferPool>> memory_;  // one a worker
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_SCORER_H_
