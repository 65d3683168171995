// SPDX-License-Identifier: Apache-2.0
#include "train/opening.h"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/option_text.h"
#include "base/signals.h"
#include "train/agreement.h"
#include "train/average.h"
#include "train/initial_model.h"
#include "train/input_files.h"
#include "train/run_checkpoint.h"
#include "train/run_facts.h"
#include "train/run_files.h"
#include "train/share_corpus.h"
#include "train/share_model.h"
#include "train/training_data.h"

namespace dragoman {
namespace {

TrainOptions WithThreads(TrainOptions options, const Communicator& comm) {
  if (options.threads == 0) options.threads = comm.cores();
  return options;
}

// The inputs are looked at first, so that a wrong name leaves no directory behind.
std::unique_ptr<CheckpointStore> OpenStore(const TrainOptions& options, FileSystem& files, Reporter& reporter) {
  CheckInputFiles(options);
  if (options.average_best > 0) RequireReplaceable(files, AverageDirectory(options.output));
  return std::make_unique<CheckpointStore>(files, options.output, RetentionOptions{.keep_best = options.keep_best},
                                           [&reporter](const std::string& line) { reporter.Warn(line); });
}

// The newest good checkpoint, if there is one; then it must have been asked for.
std::optional<Checkpoint> FindCheckpoint(CheckpointStore& store, const TrainOptions& options) {
  std::optional<Checkpoint> last = store.LatestGood();
  if (last && !options.resume) {
    throw OptionError(
        fmt::format("`output` {} holds a run already (step {}); give `resume` to go on with it, or another "
                    "directory",
                    options.output, last->manifest.step));
  }
  return last;
}

// Rank 0 reads it, the others get its vocabularies and its shape, and weights later (ShareStart). resumed: a
// checkpoint's directory, or "".
TranslationModel OpenModel(OpenedRun& run, const std::string& resumed) {
  TranslationModel opened;
  if (run.IsFirst()) {
    const auto announce = [&](const TransformerConfig& config) {
      const MemoryFacts memory =
          MemoryOf(run.options.ResolvedFor(config, run.precision), run.precision, run.comm.size());
      for (const std::string& line : AdviseOnMemory(memory)) run.reporter.Advise(line);
    };
    opened = InitialModel(run.options, run.files, resumed, announce);
  }
  ShareArchitecture(run.comm, &opened.vocabs, &opened.model);
  return opened;
}

TrainState NewState(const OpenedRun& run) {
  TrainState state;
  state.seed = run.options.seed;
  state.threads = run.pool.workers();
  state.ranks = run.comm.size();
  state.options = run.options.DecisiveTexts();
  state.options["precision"] = ValueText(run.precision);
  return state;
}

// Reads weights and moments, too.
RunStanding GoOnFromCheckpoint(const Checkpoint& checkpoint, const TrainState& now, OpenedRun& run) {
  const auto warn = [&](const std::string& line) { run.reporter.Warn(line); };
  RequireSameModel(run.files, checkpoint.directory, run.model->config(), warn);
  RunStanding standing;
  standing.state = GoOnFrom(ReadTrainState(run.files, checkpoint.directory), now, warn);
  ReadWeights(run.files, checkpoint.directory, run.model.get(), &run.learner->optimizer());
  standing.saved_step = standing.state.step;
  if (checkpoint.manifest.score) standing.validated_step = standing.state.step;
  run.reporter.Note(fmt::format("resumed from {}", checkpoint.directory));
  return standing;
}

// Of a score whose words are not those of the text; "" when all is well. To exact match any text will do.
std::string WarningOf(const Validator& validator, const TrainOptions& options) {
  const std::string& references = options.valid_tgt.empty() ? options.valid_src : options.valid_tgt;
  if (options.metric == StopMetric::kExactMatch) return "";
  if (options.metric == StopMetric::kRougeL) {
    const RougeRemedy remedy = validator.RemedyOfRouge();
    if (remedy == RougeRemedy::kNone) return "";
    return fmt::format("ROUGE sees few of the words in {}, and says little of which model is best; give {}", references,
                       remedy == RougeRemedy::kChinese ? "`valid_tokenize` zh" : "`metric` chrf");
  }
  const auto better = validator.BetterTokenizer();
  if (!better) return "";
  return fmt::format(
      "{} has no blanks between words, so to `valid_tokenize` {} a sentence is one word, and BLEU says little{}; give "
      "`valid_tokenize` {}",
      references, options.valid_tokenize, options.metric == StopMetric::kBleu ? " of which model is best" : "",
      EnumName(*better));
}

std::unique_ptr<Validator> OpenValidation(OpenedRun& run) {
  const TrainOptions& options = run.options;
  if (options.valid_src.empty()) return nullptr;
  auto validator = std::make_unique<Validator>(options, *run.model, *run.vocabs.src, *run.vocabs.tgt,
                                               run.learner->workers(), run.pool, run.comm);
  for (const std::string& line : validator->Describe()) run.reporter.Note("validation: " + line);
  if (const std::string warning = WarningOf(*validator, options); !warning.empty()) run.reporter.Warn(warning);
  return validator;
}

// On rank 0. Must be that of the checkpoint, if there is one.
std::unique_ptr<TokenCorpus> OpenCorpus(OpenedRun& run) {
  const TrainOptions& options = run.options;
  const TransformerConfig& config = run.model->config();
  const CorpusOptions limits{.max_src_len = config.max_src_len,
                             .max_tgt_len = config.max_tgt_len,
                             .overlong = options.overlong,
                             .max_length_ratio = options.max_length_ratio,
                             .denoise = {options.denoise, options.denoise_copies, options.seed},
                             .threads = run.pool.workers(),
                             .check = ThrowIfStopRequested};
  const std::vector<CorpusInput> inputs = TrainingTexts(options);
  auto corpus = std::make_unique<TokenCorpus>(TokenCorpus::OpenOrBuild(
      inputs, *run.vocabs.src, *run.vocabs.tgt, limits, JoinPath(options.output, kCorpusFile), run.files));
  if (run.standing.saved_step >= 0) corpus->RequireFingerprint(run.standing.state.corpus_fingerprint);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string which = inputs.size() == 1 ? "data: " : fmt::format("data {}: ", i + 1);
    for (const std::string& line : DescribeReport(corpus->reports()[i], inputs[i].input))
      run.reporter.Note(which + line);
  }
  if (const std::string warning = CutWarning(corpus->report()); !warning.empty()) {
    run.reporter.Warn("data: " + warning);
  }
  return corpus;
}

BatchOptions BatchesOf(const TrainOptions& options, const TokenCorpus& corpus) {
  BatchOptions batches;
  batches.max_tokens = options.batch_tokens;
  batches.order = options.batch_order;
  batches.seed = options.seed;
  batches.decoder_start = options.model.decoder_start;
  batches.shares = SharesOf(options, corpus.reports());
  return batches;
}

// Null when nothing is to be split.
std::shared_ptr<const SubwordDropout> SubwordDropoutOf(const TrainOptions& options, const VocabularyPair& vocabs) {
  const SubwordDropoutOptions dropout{.src_rate = options.src_subword_dropout,
                                      .tgt_rate = options.tgt_subword_dropout,
                                      .max_src_len = options.model.max_src_len,
                                      .max_tgt_len = options.model.max_tgt_len,
                                      .seed = options.seed};
  if (dropout.src_rate == 0 && dropout.tgt_rate == 0) return nullptr;
  return std::make_shared<const SubwordDropout>(*vocabs.src, *vocabs.tgt, dropout);
}

}  // namespace

OpenedRun::OpenedRun(const TrainOptions& asked, FileSystem& file_system, Communicator& communicator, LineSink& lines)
    : files(file_system),
      comm(communicator),
      options(WithThreads(asked, comm)),
      pool(options.threads),
      precision(UsablePrecision(options.precision, comm)),
      reporter(options, files, lines, /*silent=*/!IsFirst()) {
  RequireEqualOptions(options, comm);
  if (!HaveEqualThreads(pool.workers(), comm)) {
    reporter.Warn("ranks have different numbers of threads: results are those of this combination only");
  }
  std::optional<Checkpoint> last;
  if (IsFirst()) {
    store = OpenStore(options, files, reporter);
    last = FindCheckpoint(*store, options);
  }
  TranslationModel opened = OpenModel(*this, last ? last->directory : "");
  vocabs = std::move(opened.vocabs);
  model = std::move(opened.model);
  options = options.ResolvedFor(model->config(), precision);
  learner = std::make_unique<Learner>(options, precision, *model, pool, comm);
  standing.state = NewState(*this);
  if (last) standing = GoOnFromCheckpoint(*last, standing.state, *this);
  validator = OpenValidation(*this);  // both quickly refused, unlike the corpus
  const auto subword_dropout = SubwordDropoutOf(options, vocabs);
  if (IsFirst()) {
    corpus = OpenCorpus(*this);
    standing.state.corpus_fingerprint = corpus->fingerprint();
    about = AboutRun(options, files, last ? last->directory : "", corpus->report().pairs);
  }
  ShareStart(comm, &standing, model.get(), &learner->optimizer());
  const TrainState& state = standing.state;
  corpus = ShareCorpus(comm, files, std::move(corpus), state.corpus_fingerprint, vocabs);
  const BatchOptions batches = BatchesOf(options, *corpus);
  prefetcher = std::make_unique<Prefetcher>(
      UpdateStream(BatchStream(*corpus, batches, {state.epoch, state.batch_in_epoch}, subword_dropout),
                   UpdateShare{options.accumulate, comm.rank(), comm.size()}),
      /*depth=*/options.accumulate > 8 ? 1 : 2);
  reporter.Open(state, batches.PairsAnEpoch(corpus->size()), /*is_resumed=*/standing.saved_step >= 0);
  length = std::make_unique<RunLength>(options, corpus->lengths(), batches, comm.size(), state, ThrowIfStopRequested);
  for (const std::string& line : WarningsAtStart(*this)) reporter.Warn(line);
  for (const std::string& line : NotesAtStart(*this)) reporter.Note(line);
}

}  // namespace dragoman
