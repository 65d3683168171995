// SPDX-License-Identifier: Apache-2.0
// Text in, text out: a trained model that translates and scores. docs/library.md shows it at work.
#ifndef DRAGOMAN_TRANSLATOR_H_
#define DRAGOMAN_TRANSLATOR_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dragoman/error.h"
#include "dragoman/export.h"
#include "dragoman/options.h"
#include "dragoman/translation.h"

namespace dragoman {

struct ModelInfo {
  int64_t max_source_tokens = 0, max_target_tokens = 0;  // its limits, </s> included
  int64_t source_vocabulary = 0, target_vocabulary = 0;  // tokens
  WeightFormat precision = WeightFormat::kF32;           // of its products
  DecodeOptions decode_options;  // how its makers search with it (docs/formats.md), else as DecodeOptions are made
};

// Lines on their way: a future that can be cancelled. Copies are of the same job. Safe to share between threads.
class DRAGOMAN_API TranslationJob {
 public:
  size_t lines() const;
  size_t lines_done() const;
  void Wait() const;                                      // until all are done, or none will be any more
  bool WaitFor(std::chrono::milliseconds timeout) const;  // whether it is so by then

  // Waits, then takes the translations out, in the order of the lines: once. Throws Error (kCancelled) when the job was
  // cancelled or its translator is gone, and what a callback has thrown.
  std::vector<TranslatedLine> Get();

  // Those that are not done are given up at once, and whoever waits is told. A callback that has begun ends.
  void Cancel();

 private:
  friend class Translator;
  class Impl;
  explicit TranslationJob(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// Safe to share between threads: whatever comes, from whomever, is translated side by side. The result of a line
// depends on the line, the model and the options alone: not on what stands beside it, on when it comes or on threads.
class DRAGOMAN_API Translator {
 public:
  // Opens a model's directory, or a run's (its best checkpoint, or else its last). Throws Error (kFile, kFormat,
  // kOption, kResource).
  explicit Translator(const std::string& model, const TranslatorOptions& options = {});
  ~Translator();  // cancels what is not done
  Translator(Translator&&) noexcept;
  Translator& operator=(Translator&&) noexcept;

  const ModelInfo& model() const;
  int threads() const;

  // Each throws Error: kOption for options that are none; kFile, naming the line, for one that is no tokens, where it
  // should be pieces or ids (DecodeOptions::line_form).
  // Without options: with the model's own, model().decode_options.
  TranslatedLine Translate(const std::string& line) const;
  TranslatedLine Translate(const std::string& line, const DecodeOptions& options) const;
  // In order. first_line: the first one's number in the whole input, for samples are drawn by it.
  std::vector<TranslatedLine> TranslateAll(std::vector<std::string> lines) const;
  std::vector<TranslatedLine> TranslateAll(std::vector<std::string> lines, const DecodeOptions& options,
                                           int64_t first_line = 0) const;
  // Returns at once.
  TranslationJob Submit(std::vector<std::string> lines) const;
  TranslationJob Submit(std::vector<std::string> lines, const DecodeOptions& options, JobCallbacks callbacks = {},
                        int64_t first_line = 0) const;

  // Log-probabilities of given translations: what search says of one that it finds, bit for bit. As many targets as
  // sources. Of a pair with an empty source the model has nothing to say: its log_prob is NaN (0 would be the best
  // there is), and it has no tokens; so has one for which the model gives no finite number, but that has an error.
  // form: of both sides. first_line: the first pair's number in the whole input, for errors.
  std::vector<PairScore> Score(std::vector<std::string> sources, std::vector<std::string> targets,
                               LineForm form = LineForm::kText, int64_t first_line = 0) const;

 private:
  friend struct TranslatorMaker;
  class Impl;
  explicit Translator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_TRANSLATOR_H_
