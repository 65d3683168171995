// SPDX-License-Identifier: Apache-2.0
// The search for many sentences' translations at once, or the way through given ones. Sentences join whenever there is
// room, however far the others are, and leave when they are done, so that a step always has about as many rows as the
// machine likes.
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
  std::span<const int32_t> target;         // in its template, to be scored; likewise. Empty: to be searched for
  std::span<const int32_t> shortlist;      // all that may be said, </s> too, sorted; likewise. Empty: whatever there is
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
  // The model must outlive this. most_bytes: of memory, at least LeastBytes(); 0: no limit. With one, fewer sentences
  // run at a time, and one for which it is too little even alone has an error.
  Engine(const InferenceModel& model, GenerationRules rules, int64_t most_bytes = 0);
  static int64_t LeastBytes(const TransformerConfig& config);

  // Whether one more sentence would join soon. More may be added all the same: they wait.
  bool HasRoom() const;
  void Add(const SearchJob& job);
  // Forgets a job, wherever it is; of one that is not there nothing happens.
  void Cancel(int64_t id);
  void CancelAll();
  bool idle() const { return waiting_.empty() && running_.empty(); }

  // What is certain of a running job's results: tokens that they all begin with.
  std::span<const int32_t> Settled(int64_t id) const;

  // One token for every hypothesis of the running sentences, after those that wait have joined. Returns who is done.
  std::vector<SearchResult> Step();

  const BufferPool& memory() const { return pool_; }

 private:
  // What a job takes, or several together: rows at most; bytes of its source, and what they may be in all.
  struct Load {
    int64_t rows = 0, tokens = 0, source_bytes = 0, likely_bytes = 0;  // tokens of sources
    Load& operator+=(const Load& other);
    Load& operator-=(const Load& other);
  };

  struct Running {
    SearchJob job;
    std::unique_ptr<SentenceSearch> search;
    int32_t source;         // the decoder's number
    int64_t first_row = 0;  // of the last step
    size_t position = 0;    // of the token that its rows are to choose
  };

  Load LoadOf(const SearchJob& job) const;
  bool FitsBeside(const Load& job) const;
  bool WaitingShouldJoin() const;
  void Join(std::vector<SearchResult>* results);
  void Leave(const Running& running);
  void KeepWithinMemory(std::vector<SearchResult>* results);
  std::unique_ptr<SentenceSearch> Open(const SearchJob& job) const;
  int64_t MaxLength(const SearchJob& job) const;
  void GatherRows();
  void PrepareChoices();
  void Choose();
  void ChooseFromAll(size_t first, size_t end);
  void ChooseFromShortlist(const Running& running);
  void Advance(std::vector<SearchResult>* results);

  const InferenceModel& model_;
  GenerationRules rules_;
  BufferPool pool_;
  Decoder decoder_;
  int64_t encode_tokens_;  // at a time, which bounds memory
  int64_t most_bytes_;     // of all sources and hypotheses; 0: no limit
  std::deque<SearchJob> waiting_;
  Load waiting_load_, open_load_;  // of those that wait, and that run
  int waited_steps_ = 0;           // by the first that waits
  std::vector<Running> running_;
  // Of the step at hand, a row each.
  std::vector<DecoderRow> rows_;
  std::vector<kernels::TokenChoice> choices_;
  std::vector<kernels::TokenLogProb> best_;  // what choices_ are of
  std::vector<int32_t> banned_;              // likewise
  std::vector<size_t> best_begin_, banned_begin_;
  std::vector<int32_t> places_;  // of what is banned, in a shortlist
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_ENGINE_H_
