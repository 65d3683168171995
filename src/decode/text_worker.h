// SPDX-License-Identifier: Apache-2.0
// What each thread that translates does: from the queue into its engine, and from there to the jobs.
#ifndef DRAGOMAN_DECODE_TEXT_WORKER_H_
#define DRAGOMAN_DECODE_TEXT_WORKER_H_

#include <cstdint>
#include <exception>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "decode/engine.h"
#include "decode/text_queue.h"
#include "decode/tokenized_line.h"
#include "dragoman/translation.h"
#include "format/shortlist.h"
#include "infer/inference_model.h"
#include "text/tokenizer.h"

namespace dragoman {

// What stands between text and model, and what there is for it. Owns nothing.
struct TextTables {
  const Tokenizer& src_vocab;
  const Tokenizer& tgt_vocab;
  const Shortlist* shortlist = nullptr;
  int64_t most_bytes = 0;  // of each engine (engine.h); 0: no such limit
};

// Of one thread.
class TextWorker {
 public:
  // All, and what the tables are of, must outlive this.
  TextWorker(const InferenceModel& model, const TextTables& tables, TextQueue& queue);

  // Until the queue is closed. What goes wrong ends the jobs that it concerns, and never this.
  void Run();

 private:
  // A line on its way.
  struct Task {
    TextQueue::Task line;
    TokenizedLine source, target;    // the target: to be scored, else empty
    std::vector<int32_t> shortlist;  // or empty
    size_t settled = 0;              // tokens that were told of
  };

  void TakeLines();
  void Begin(TextQueue::Task line);
  void DropWhatIsOver();
  void Tell();
  void Deliver(const SearchResult& found);
  void FailAll(const std::exception_ptr& error);
  std::vector<int32_t> ShortlistFor(const Task& task) const;
  std::string SaidOf(std::span<const int32_t> tokens, LineForm form) const;
  TranslatedLine TranslationOf(const Task& task, const SearchResult& found) const;

  const InferenceModel& model_;
  const TextTables tables_;
  const GenerationRules rules_;
  TextQueue& queue_;
  std::unique_ptr<Engine> engine_;
  std::unordered_map<int64_t, Task> tasks_;  // by the engine's ids
  int64_t next_id_ = 0;
  bool is_watched_ = false;  // one of them
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TEXT_WORKER_H_
