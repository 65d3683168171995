// SPDX-License-Identifier: Apache-2.0
#include "decode/translation_service.h"

#include <utility>

#include "base/check.h"
#include "base/thread_pool.h"

namespace dragoman {
namespace {

void RequireAllTokens(const Tokenizer& vocab, const std::vector<std::string>& lines, const TextWork& work,
                      const char* side) {
  int64_t number = work.first_line;
  for (const std::string& line : lines) RequireTokens(vocab, line, work.options.line_form, side, ++number);
}

}  // namespace

TranslationService::TranslationService(const InferenceModel& model, const TextTables& tables, int threads)
    : tables_(tables), queue_(threads) {
  DRAGOMAN_CHECK(threads >= 1);
  RequireLanguagesChosen(tables.src_vocab.settings(), tables.tgt_vocab.settings());
  for (int i = 0; i < threads; ++i) workers_.push_back(std::make_unique<TextWorker>(model, tables, queue_));
  try {
    StartThreads(&threads_, threads, [this](int thread) { workers_[static_cast<size_t>(thread)]->Run(); });
  } catch (...) {
    Stop();
    throw;
  }
}

TranslationService::~TranslationService() { Stop(); }

void TranslationService::Stop() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
}

void TranslationService::Submit(std::shared_ptr<TextJob> job) {
  const TextWork& work = job->work();
  RequireAllTokens(tables_.src_vocab, work.sources, work, "source");
  if (work.targets) RequireAllTokens(tables_.tgt_vocab, *work.targets, work, "target");
  queue_.Add(std::move(job));
}

std::vector<TranslatedLine> TranslationService::Translate(std::vector<std::string> lines, const DecodeOptions& options,
                                                          int64_t first_line) {
  const auto job = std::make_shared<TextJob>(TextWork{std::move(lines), options, first_line, {}});
  Submit(job);
  return job->TakeTranslations();
}

std::vector<PairScore> TranslationService::Score(std::vector<std::string> sources, std::vector<std::string> targets,
                                                 LineForm form, int64_t first_line) {
  TextWork work;
  work.options.line_form = form;
  work.first_line = first_line;
  work.sources = std::move(sources);
  work.targets = std::move(targets);
  const auto job = std::make_shared<TextJob>(std::move(work));
  Submit(job);
  return job->TakeScores();
}

}  // namespace dragoman
