// SPDX-License-Identifier: Apache-2.0
#include "dragoman/translator.h"

#include <fmt/format.h>

#include <utility>

#include "base/cores.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/process_memory.h"
#include "decode/translation_service.h"
#include "format/packed_model.h"
#include "library/make_translator.h"

namespace dragoman {

class TranslationJob::Impl : public TextJob {
 public:
  using TextJob::TextJob;
};

TranslationJob::TranslationJob(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
size_t TranslationJob::lines() const { return impl_->lines(); }
size_t TranslationJob::lines_done() const { return impl_->lines_done(); }
void TranslationJob::Wait() const { impl_->Wait(); }
bool TranslationJob::WaitFor(std::chrono::milliseconds timeout) const { return impl_->WaitFor(timeout); }
std::vector<TranslatedLine> TranslationJob::Get() { return impl_->TakeTranslations(); }
void TranslationJob::Cancel() { impl_->Cancel(); }

namespace {

constexpr int64_t kMegabyte = int64_t{1} << 20;

int ThreadsOf(const TranslatorOptions& options) {
  if (options.threads < 0 || options.threads > 1024) {
    throw OptionError(fmt::format("`threads` is {}, expected 1 to 1024, or 0 for one per core", options.threads));
  }
  return options.threads > 0 ? options.threads : UsableCores();
}

// What is left for each engine's sentences; 0: no limit.
int64_t EngineBytes(const TranslatorOptions& options, int threads, const InferenceBundle& model) {
  if (options.max_memory_mb < 0) {
    throw OptionError(
        fmt::format("`max_memory_mb` is {}, expected 1 or more, or 0 for no limit", options.max_memory_mb));
  }
  if (options.max_memory_mb == 0) return 0;
  const int64_t mapped = model.file != nullptr ? static_cast<int64_t>(model.file->Bytes().size()) : 0;
  const int64_t held = ResidentMemory() + mapped, least = Engine::LeastBytes(model.model->config());
  const int64_t each = (options.max_memory_mb * kMegabyte - held) / threads;
  if (each < least) {
    throw OptionError(
        fmt::format("`max_memory_mb` is {}, but this model with {} takes {} before the first sentence; raise it, or "
                    "take fewer threads",
                    options.max_memory_mb, Counted(threads, "thread"), (held + threads * least) / kMegabyte + 1));
  }
  return each;
}

TextTables TablesOf(const InferenceBundle& model, int64_t most_bytes) {
  return {*model.vocabs.src, *model.vocabs.tgt, model.shortlist.get(), most_bytes};
}

DecodeOptions DefaultsOf(const DecodeDefaults& defaults) {
  return defaults.json.empty() ? DecodeOptions() : DecodeOptions::FromJson(defaults.json, defaults.path);
}

}  // namespace

class Translator::Impl {
 public:
  Impl(InferenceBundle model, const TranslatorOptions& options)
      : model_(std::move(model)),
        threads_(ThreadsOf(options)),
        service_(*model_.model, TablesOf(model_, EngineBytes(options, threads_, model_)), threads_),
        info_{model_.model->config().max_src_len,
              model_.model->config().max_tgt_len,
              model_.vocabs.src->size(),
              model_.vocabs.tgt->size(),
              model_.model->format(),
              DefaultsOf(model_.decode_defaults)} {}

  TranslationService& service() { return service_; }
  const ModelInfo& info() const { return info_; }

 private:
  InferenceBundle model_;
  int threads_;
  TranslationService service_;
  ModelInfo info_;
};

struct TranslatorMaker {
  static Translator Make(InferenceBundle model, const TranslatorOptions& options) {
    return Translator(std::make_unique<Translator::Impl>(std::move(model), options));
  }
};

Translator MakeTranslator(InferenceBundle model, const TranslatorOptions& options) {
  return TranslatorMaker::Make(std::move(model), options);
}

Translator::Translator(const std::string& model, const TranslatorOptions& options) {
  ThreadsOf(options);  // before much is read
  FileSystem& files = RealFileSystem();
  InferenceBundle opened =
      LoadInference(files, model, options.precision, options.verify ? Checks::kAll : Checks::kAllButNumbers,
                    {options.src_lang, options.tgt_lang});
  if (!options.shortlist.empty()) OpenShortlist(files, options.shortlist, &opened);
  impl_ = std::make_unique<Impl>(std::move(opened), options);
}

Translator::Translator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Translator::~Translator() = default;
Translator::Translator(Translator&&) noexcept = default;
Translator& Translator::operator=(Translator&&) noexcept = default;

const ModelInfo& Translator::model() const { return impl_->info(); }
int Translator::threads() const { return impl_->service().threads(); }

TranslatedLine Translator::Translate(const std::string& line) const { return Translate(line, model().decode_options); }

TranslatedLine Translator::Translate(const std::string& line, const DecodeOptions& options) const {
  return std::move(TranslateAll({line}, options).front());
}

std::vector<TranslatedLine> Translator::TranslateAll(std::vector<std::string> lines) const {
  return TranslateAll(std::move(lines), model().decode_options);
}

std::vector<TranslatedLine> Translator::TranslateAll(std::vector<std::string> lines, const DecodeOptions& options,
                                                     int64_t first_line) const {
  return impl_->service().Translate(std::move(lines), options, first_line);
}

TranslationJob Translator::Submit(std::vector<std::string> lines) const {
  return Submit(std::move(lines), model().decode_options);
}

TranslationJob Translator::Submit(std::vector<std::string> lines, const DecodeOptions& options, JobCallbacks callbacks,
                                  int64_t first_line) const {
  auto job =
      std::make_shared<TranslationJob::Impl>(TextWork{std::move(lines), options, first_line, {}}, std::move(callbacks));
  impl_->service().Submit(job);
  return TranslationJob(std::move(job));
}

std::vector<PairScore> Translator::Score(std::vector<std::string> sources, std::vector<std::string> targets,
                                         LineForm form, int64_t first_line) const {
  if (sources.size() != targets.size()) {
    throw OptionError(
        fmt::format("there are {} sources and {} targets, expected as many", sources.size(), targets.size()));
  }
  return impl_->service().Score(std::move(sources), std::move(targets), form, first_line);
}

}  // namespace dragoman
