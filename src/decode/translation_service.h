// SPDX-License-Identifier: Apache-2.0
// Threads that translate and score whatever text comes: the one door from text to text, for the library, and so for the
// command line, and for validation during training.
#ifndef DRAGOMAN_DECODE_TRANSLATION_SERVICE_H_
#define DRAGOMAN_DECODE_TRANSLATION_SERVICE_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "decode/text_job.h"
#include "decode/text_queue.h"
#include "decode/text_worker.h"
#include "dragoman/translation.h"
#include "infer/inference_model.h"

namespace dragoman {

// Any number of threads may use it at once. The result of a line depends on the line, the model and the options alone:
// not on its neighbours, on when it comes or on the threads.
class TranslationService {
 public:
  // The model, and what the tables are of, must outlive this. Throws ResourceError when the system gives no more
  // threads.
  TranslationService(const InferenceModel& model, const TextTables& tables, int threads);
  ~TranslationService();  // what is not done is cancelled
  TranslationService(const TranslationService&) = delete;
  TranslationService& operator=(const TranslationService&) = delete;

  int threads() const { return static_cast<int>(threads_.size()); }

  // Returns at once. Throws FileError naming the first line that is no tokens, where the job's lines are pieces or ids.
  void Submit(std::shared_ptr<TextJob> job);

  // In order. A line for which the model gives no finite probabilities has an error.
  std::vector<TranslatedLine> Translate(std::vector<std::string> lines, const DecodeOptions& options = {},
                                        int64_t first_line = 0);
  // As many targets as sources. See Translator::Score (dragoman/translator.h).
  std::vector<PairScore> Score(std::vector<std::string> sources, std::vector<std::string> targets,
                               LineForm form = LineForm::kText, int64_t first_line = 0);

 private:
  void Stop();

  const TextTables tables_;
  TextQueue queue_;
  std::vector<std::unique_ptr<TextWorker>> workers_;
  std::vector<std::thread> threads_;
};

}  // namespace dragoman

#endif  // DRAGOMAN_DECODE_TRANSLATION_SERVICE_H_
