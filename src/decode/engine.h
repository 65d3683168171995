// SPDX-License-Identifier: Apache-2.0
// The search for many sentences' translations at once. Sentences join whenever there is room, however far the others
// are, and leave when they are done, so that a step always has about as many rows as the machine likes.
#ifndef DRAGOMAN_DECODE_ENGINE_H_
#define DRAGOMAN_DECODE_ENGINE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "decode/generation_rules.h"
#include "decode/hypothesis.h"
#include "decode/options.h"
#include "decode/sentence_search.h"
#include "infer/decoder.h"
#include "infer/inference_model.h"

namespace dragoman {

struct SearchJob {
  int64_t id = 0;                          // the caller's
  std::span<const int32_t> source;         // with </s>; must outlive the search
  const DecodeOptions* options = nullptr;  // valid ones; likewise
  int64_t sentence = 0;                    // its number in the whole input: what samples are drawn with
};

struct SearchResult {
  int64_t id = 0;
  std::vector<Hypothesis> hypotheses;  // up to n_best, best first
  std::string error;                   // why there are none: the model gives no finite probabilities
};

// Of one thread. A sentence's result depends on the sentence, its options and the model alone, not on the others or on
// when they come.
class Engine {
 public:
  // The model must outlive this.
  Engine(const InferenceModel& model, GenerationRules rules);

  // Whether one more sentence would join soon. More may be added all the same: they wait.
  bool HasRoom() const;
  void Add(const SearchJob& job);
  // Forgets a job, wherever it is; of one that is not there nothing happens.
  void Cancel(int64_t id);
  void CancelAll();
  bool idle() const { return waiting_.empty() && running_.empty(); }

  // One token for every hypothesis of the running sentences, after those that wait have joined. Returns who is done.
  std::vector<SearchResult> Step();

  const BufferPool& memory() const { return pool_; }

 private:
  struct Running {
    SearchJob job;
    std::unique_ptr<SentenceSearch> search;
    int32_t source;         // the decoder's number
    int64_t first_row = 0;  // of the last step
    size_t position = 0;    // of the token that its rows are to choose
  };

  bool WaitingShouldJoin() const;
  void Join();
  void Leave(const Running& running);
  std::unique_ptr<SentenceSearch> Open(const SearchJob& job) const;
  int64_t MaxLength(const SearchJob& job) const;
  void GatherRows();
  void PrepareChoices();
  void Choose();
  std::vector<SearchResult> Advance();

  const InferenceModel& model_;
  GenerationRules rules_;
  BufferPool pool_;
  Decoder decoder_;
  std::deque<SearchJob> waiting_;
  int64_t waiting_rows_ = 0, waiting_tokens_ = 0;
  int waited_steps_ = 0;  // by the first that waits
  std::vector<Running> running_;
  int64_t open_rows_ = 0, open_tokens_ = 0;  // of the running sentences: most rows, and tokens of their sources
  // Of the step at hand, a row each.
  std::vector<DecoderRow> rows_;
  std::vector<kernels::TokenChoice> choices_;
  std::vector<kernels::TokenLogProb> best_;  // what choices_ are of
  std::vector<int32_t> banned_;              // likewise
  std::vector<size_t> best_begin_, banned_begin_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_ENGINE_H_
