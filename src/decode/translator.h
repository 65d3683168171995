// SPDX-License-Identifier: Apache-2.0
// Text in, text out: the one door to translation, for the command line and for validation during training.
#ifndef DRAGOMAN_DECODE_TRANSLATOR_H_
#define DRAGOMAN_DECODE_TRANSLATOR_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/thread_pool.h"
#include "decode/engine.h"
#include "decode/options.h"
#include "decode/tokenized_line.h"
#include "infer/inference_model.h"
#include "text/tokenizer.h"

namespace dragoman {

struct Translation {
  std::string text;
  double score = 0;      // log_prob / length penalty
  double log_prob = 0;   // natural logarithm
  bool complete = true;  // false: cut at the length limit
};

struct TranslatedLine {
  std::vector<Translation> n_best;  // best first; one empty translation for an empty line
  bool truncated = false;           // the source was longer than the model's limit: its left part was translated
  std::string error;                // why there is no translation, if there is none: then n_best is an empty one of NaN
  bool repaired = false;            // the source held invalid UTF-8 or NUL, translated as U+FFFD or a space
  bool empty = false;               // the source: there was nothing to translate
  int64_t unknown = 0;  // characters of the source that the vocabulary has no piece for: translated as <unk>
};

// Translates lines, each worker with an engine of its own (engine.h), and returns them in order. The result of a line
// depends on the line, the model and the options alone: not on its neighbours or the threads.
//
// Threads: one call at a time, for a translator owns an engine for each worker of its pool, and a pool has one job at
// a time. Translators that have a pool each may work at the same time with the same model and vocabularies, which they
// only read.
class Translator {
 public:
  // Model, vocabularies and pool must outlive the translator.
  Translator(const InferenceModel& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
             const DecodeOptions& options, WorkerPool& pool);

  // first_line numbers the lines of the whole input (samples are drawn by it). Before each step of its engine a worker
  // calls check(), so several do at once; what it throws is thrown from here, as soon as the other workers have done
  // their step. Throws NumericError, likewise, when the model gives no finite probabilities.
  std::vector<TranslatedLine> Translate(
      std::span<const std::string> lines, int64_t first_line = 0, const std::function<void()>& check = [] {});
  // The same, but a line for which the model gives no finite probabilities is no exception: it has an error.
  std::vector<TranslatedLine> TranslateAllPossible(std::span<const std::string> lines, int64_t first_line = 0);

 private:
  struct Job {
    std::span<const std::string> lines;
    int64_t first_line;
    const std::function<void()>& check;
    bool all_possible;
  };
  std::vector<TranslatedLine> Run(const Job& job);
  TranslatedLine ToText(const TokenizedLine& source, const SearchResult& found) const;

  const Tokenizer& src_vocab_;
  const Tokenizer& tgt_vocab_;
  int64_t max_src_len_;
  DecodeOptions options_;
  WorkerPool& pool_;
  std::vector<std::unique_ptr<Engine>> engines_;  // one a worker
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TRANSLATOR_H_
