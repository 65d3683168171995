// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/available_memory.h"
#include "base/counted.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/option_text.h"
#include "comm/packed_strings.h"
#include "decode/share_model.h"
#include "kernels/gemm.h"
#include "train/average.h"
#include "train/initial_model.h"
#include "train/input_files.h"
#include "train/overlap.h"
#include "train/run_checkpoint.h"
#include "train/share_corpus.h"

namespace dragoman {
namespace {

ParallelInput InputOf(const TrainOptions& o) {
  if (!o.train_tsv.empty()) return {.format = PairFormat::kTsv, .source = o.train_tsv};
  if (!o.train_jsonl.empty()) {
    return {.format = PairFormat::kJsonl,
            .source = o.train_jsonl,
            .source_key = o.jsonl_src_key,
            .target_key = o.jsonl_tgt_key};
  }
  return {.format = PairFormat::kTwoFiles, .source = o.train_src, .target = o.train_tgt};
}

// bf16 where all ranks can.
Precision UsablePrecision(Precision asked, Communicator& comm) {
  const double lacks_bf16 = kernels::HasFastBf16() ? 0 : 1;
  const bool can = std::ranges::max(comm.AllGather({&lacks_bf16, 1})) == 0;
  return asked == Precision::kBf16 && !can ? Precision::kF32 : asked;
}

constexpr char kAveraged[] = "averaged";  // in the run's directory

TrainOptions WithThreads(TrainOptions options, const Communicator& comm) {
  if (options.threads == 0) options.threads = comm.cores();
  return options;
}

// The inputs are looked at first, so that a wrong name leaves no directory behind.
std::unique_ptr<CheckpointStore> OpenStore(const TrainOptions& options, FileSystem& files, Reporter& reporter) {
  CheckInputFiles(options);
  if (options.average_best > 0) RequireReplaceable(files, JoinPath(options.output, kAveraged));
  return std::make_unique<CheckpointStore>(files, options.output, RetentionOptions{.keep_best = options.keep_best},
                                           [&reporter](const std::string& line) { reporter.Warn(line); });
}

// "batch 9 of epoch 1", "batches 9 to 12 of epoch 1"; an update never reaches into another epoch.
std::string NameOf(const DataPosition& begin, int64_t end) {
  if (end == begin.batch + 1) return fmt::format("batch {} of epoch {}", end, begin.epoch + 1);
  return fmt::format("batches {} to {} of epoch {}", begin.batch + 1, end, begin.epoch + 1);
}

int StopNumber() { return StopRequested() ? 1 + StopSignalNumber() : 0; }

}  // namespace

Trainer::Trainer(const TrainOptions& options, FileSystem& files, Communicator& comm, LineSink& lines)
    : comm_(comm),
      options_(WithThreads(options, comm)),
      files_(files),
      pool_(options_.Resolved().threads),
      precision_(UsablePrecision(options_.precision, comm)),
      reporter_(options_, files, lines, /*silent=*/comm.rank() > 0) {
  RequireEqualOptions();
  std::optional<Checkpoint> last;
  if (IsFirst()) {
    store_ = OpenStore(options_, files_, reporter_);
    last = store_->LatestGood();
  }
  if (last && !options_.resume) {
    throw OptionError(
        fmt::format("`output` {} holds a run already (step {}); give `resume` to go on with it, or another "
                    "directory",
                    options_.output, last->manifest.step));
  }
  OpenModel(last ? &*last : nullptr);
  state_.seed = options_.seed;
  state_.threads = pool_.workers();
  state_.ranks = comm_.size();
  state_.options = options_.DecisiveTexts();
  state_.options["precision"] = ValueText(precision_);
  if (last) ResumeFrom(*last);
  OpenValidation();  // quickly refused, unlike the corpus
  if (IsFirst()) {
    OpenCorpus();
    about_ = AboutRun(options_, files_, last ? last->directory : "", corpus_->report().pairs);
  }
  ShareState();
  corpus_ = ShareCorpus(comm_, files_, std::move(corpus_), state_.corpus_fingerprint, vocabs_);
  BatchOptions batches;
  batches.max_tokens = options_.batch_tokens;
  batches.order = options_.batch_order;
  batches.seed = options_.seed;
  batches.decoder_start = model_->config().decoder_start;
  prefetcher_ =
      std::make_unique<Prefetcher>(UpdateStream(BatchStream(*corpus_, batches, {state_.epoch, state_.batch_in_epoch}),
                                                UpdateShare{options_.accumulate, comm_.rank(), comm_.size()}),
                                   /*depth=*/options_.accumulate > 8 ? 1 : 2);
  first_step_ = state_.step;
  reporter_.Open(state_, corpus_->size(), /*is_resumed=*/saved_step_ >= 0);
  length_ =
      std::make_unique<RunLength>(options_, corpus_->lengths(), batches, comm_.size(), state_, ThrowIfStopRequested);
  ReportStart();
}

Trainer::~Trainer() = default;

// Each rank has its own command line and --config, which may be another file of that name. Other options would train
// something that nobody asked for, or have ranks wait for each other for ever.
void Trainer::RequireEqualOptions() {
  if (comm_.size() == 1) return;
  const std::vector<std::string> own = options_.SharedTexts(), first = UnpackStrings(comm_.Broadcast(PackStrings(own)));
  for (size_t i = 0; i < own.size() && i < first.size(); ++i) {
    if (own[i] == first[i]) continue;
    throw OptionError(fmt::format(
        "{} has the option {}, but rank 0 has {}; expected the same of all ranks; is `config` the same file on all "
        "machines, and the program the same version?",
        comm_.name(), own[i], first[i]));
  }
  const auto threads = static_cast<double>(pool_.workers());
  const std::vector<double> all = comm_.AllGather({&threads, 1});
  if (std::ranges::any_of(all, [&](double other) { return other != all[0]; })) {
    reporter_.Warn("ranks have different numbers of threads: results are those of this combination only");
  }
}

void Trainer::OpenModel(const Checkpoint* last) {
  if (IsFirst()) {
    const auto announce = [this](const TransformerConfig& config) {
      for (const std::string& line : AdviseOnMemory(MemoryOf(config))) reporter_.Advise(line);
    };
    TranslationModel initial = InitialModel(options_, files_, last != nullptr ? last->directory : "", announce);
    model_ = std::move(initial.model);
    vocabs_ = std::move(initial.vocabs);
  }
  ShareArchitecture(comm_, &vocabs_, &model_);  // the other ranks read no file
  options_.model = model_->config();
  const Precision asked = std::exchange(options_.precision, precision_);  // micro-batches are chosen by what it will be
  options_ = options_.Resolved();
  options_.precision = asked;
  const int64_t size = model_->parameters().flat_size();
  workers_ = std::make_unique<GradientWorkers>(
      *model_, pool_, GradientOptions{options_.label_smoothing, options_.micro_batch_tokens, precision_});
  std::vector<FlatRange> owned = {{0, size}};
  if (comm_.size() > 1) {
    exchange_ = std::make_unique<GradientExchange>(comm_, size, pool_.workers(),
                                                   ExchangeOptions{options_.overlap, options_.shard_optimizer});
    on_final_ = [this](int worker, int64_t offset) { exchange_->MarkFinal(worker, offset); };
    if (options_.shard_optimizer) owned = exchange_->owned();
  }
  OptimizerOptions optimizer{options_.beta1,        options_.beta2,     options_.adam_epsilon,
                             options_.weight_decay, options_.clip_norm, options_.ema_decay};
  optimizer_ = std::make_unique<Optimizer>(optimizer, size, std::move(owned));
  guard_ = std::make_unique<WeightGuard>(options_, *model_, *optimizer_, *workers_, comm_);
  std::copy_n(model_->parameters().values().data(), optimizer_->average().size(), optimizer_->average().data());
}

void Trainer::ResumeFrom(const Checkpoint& checkpoint) {
  const auto warn = [this](const std::string& line) { reporter_.Warn(line); };
  RequireSameModel(files_, checkpoint.directory, model_->config(), warn);
  state_ = GoOnFrom(ReadTrainState(files_, checkpoint.directory), state_, warn);
  ReadWeights(files_, checkpoint.directory, model_.get(), optimizer_.get());
  saved_step_ = state_.step;
  if (checkpoint.manifest.score) validated_step_ = state_.step;
  seconds_before_ = state_.seconds;
  reporter_.Note(fmt::format("resumed from {}", checkpoint.directory));
}

void Trainer::ReportStart() {
  if (precision_ != options_.precision) {
    reporter_.Warn(fmt::format("`precision` bf16 needs a processor with AVX512_BF16, which {} lacks: training in f32",
                               comm_.size() == 1 ? "this one" : "a rank's"));
  }
  const int usable = UsableCores();
  if (comm_.size() > 1 && pool_.workers() > usable) {
    reporter_.Warn(fmt::format("{} share {}: mpirun has bound this process; give mpirun --bind-to none",
                               Counted(pool_.workers(), "thread"), Counted(usable, "core")));
  }
  reporter_.Note(fmt::format("model: {} parameters, {} + {} layers, d_model {}, {}", model_->parameters().count(),
                             model_->config().encoder_layers, model_->config().decoder_layers, model_->config().d_model,
                             Counted(pool_.workers(), "thread")));
  if (comm_.size() > 1) {
    reporter_.Note(
        fmt::format("ranks: {}; one update learns from {} batches", comm_.size(), comm_.size() * options_.accumulate));
  }
  for (const std::string& line : length_->Describe(state_.timed_steps)) reporter_.Note(line);
  const RunFacts facts = Facts();
  for (const std::string& line : Advise(facts)) reporter_.Advise(line);
  told_of_warmup_ = !AdviseOnWarmup(facts.warmup, facts.updates, facts.ends_by).empty();
}

// An estimate, from above.
MemoryFacts Trainer::MemoryOf(const TransformerConfig& config) const {
  TrainOptions options = options_;
  options.model = config;
  options.precision = precision_;
  const int64_t workers = pool_.workers(), floats = config.Parameters();
  const int64_t state = (options.ema_decay > 0 ? 3 : 2) * floats;         // moments and average
  const int64_t packed = precision_ == Precision::kBf16 ? floats : 0;     // twice, of two bytes each
  const int64_t share = int64_t{5} * options.batch_tokens / workers + 1;  // target, and at most 4 times the source
  MemoryFacts facts;
  facts.weights = 4 * (floats * (1 + workers) + packed + (options.shard_optimizer ? state / comm_.size() : state));
  facts.activations =
      workers * MicroBatchBytes(config, std::min<int64_t>(options.Resolved().micro_batch_tokens, share));
  facts.least_activations = workers * MicroBatchBytes(config, 1);
  facts.limit = options.memory_mb << 20;
  facts.available = AvailableMemory();
  facts.threads = pool_.workers();
  return facts;
}

RunFacts Trainer::Facts() const {
  RunFacts facts;
  facts.updates = length_->updates();
  facts.ends_by = length_->ends_by();
  facts.warmup = options_.warmup;
  if (const ScheduleOptions schedule = length_->ScheduleAt(0); schedule.Decays()) {
    facts.decay_steps = schedule.decay_steps;
  }
  facts.has_validation = !options_.valid_src.empty();
  if (saved_step_ >= 0 || !IsFirst()) return facts;  // what follows cannot be changed any more, or is rank 0's to say
  if (options_.init_from.empty()) {
    facts.joint_vocabulary = vocabs_.joint();
    facts.src_vocab = vocabs_.src->size();
    facts.tgt_vocab = vocabs_.tgt->size();
    facts.src_tokens = corpus_->report().src_tokens;
    facts.tgt_tokens = corpus_->report().tgt_tokens;
  }
  if (validator_ && !options_.quiet) {
    facts.valid_pairs = validator_->pairs();
    facts.valid_pairs_in_training = CountPairsInCorpus(validator_->batches(), *corpus_, ThrowIfStopRequested);
  }
  return facts;
}

void Trainer::ReportTimedEnd() {
  const std::string minutes = fmt::format("`max_minutes` {}", options_.max_minutes);
  reporter_.Note(fmt::format("by the pace so far {} ends the run about step {}{}", minutes, state_.timed_steps,
                             length_->needs_clock() ? ", after which the learning rate is at 0" : ""));
  const std::string advice = AdviseOnWarmup(options_.warmup, state_.timed_steps, minutes);
  if (!advice.empty() && !told_of_warmup_) reporter_.Advise(advice);
  told_of_warmup_ = told_of_warmup_ || !advice.empty();
}

void Trainer::OpenCorpus() {
  const TransformerConfig& config = model_->config();
  const CorpusOptions corpus{config.max_src_len,        config.max_tgt_len, options_.overlong,
                             options_.max_length_ratio, pool_.workers(),    ThrowIfStopRequested};
  corpus_ = std::make_unique<TokenCorpus>(TokenCorpus::OpenOrBuild(
      InputOf(options_), *vocabs_.src, *vocabs_.tgt, corpus, JoinPath(options_.output, "corpus.tokens"), files_));
  if (saved_step_ >= 0) corpus_->RequireFingerprint(state_.corpus_fingerprint);
  state_.corpus_fingerprint = corpus_->fingerprint();
  for (const std::string& line : DescribeReport(corpus_->report(), InputOf(options_))) {
    reporter_.Note("data: " + line);
  }
  if (const std::string warning = CutWarning(corpus_->report()); !warning.empty()) reporter_.Warn("data: " + warning);
}

// Where rank 0 begins, all begin.
void Trainer::ShareState() {
  if (comm_.size() == 1) return;
  state_ = TrainState::FromJson(comm_.Broadcast(state_.ToJson()), "state from rank 0");
  const double own[] = {static_cast<double>(saved_step_), static_cast<double>(validated_step_)};
  const std::vector<double> steps = comm_.AllGather(own);
  saved_step_ = static_cast<int64_t>(steps[0]);
  validated_step_ = static_cast<int64_t>(steps[1]);
  comm_.Broadcast(model_->parameters().values());
  comm_.Broadcast(optimizer_->average());
  if (state_.step == 0) return;  // moments are zero
  comm_.Broadcast(optimizer_->first_moment());
  comm_.Broadcast(optimizer_->second_moment());
}

void Trainer::OpenValidation() {
  if (options_.valid_src.empty()) return;
  validator_ = std::make_unique<Validator>(options_, *model_, *vocabs_.src, *vocabs_.tgt, *workers_, pool_, comm_);
  for (const std::string& line : validator_->Describe()) reporter_.Note("validation: " + line);
  if (const auto better = validator_->BetterTokenizer()) {
    reporter_.Warn(
        fmt::format("{} has no blanks between words, so to `valid_tokenize` {} a sentence is one word, and BLEU says "
                    "little{}; give `valid_tokenize` {}",
                    options_.valid_tgt, options_.valid_tokenize,
                    options_.metric == StopMetric::kBleu ? " of which model is best" : "", EnumName(*better)));
  }
}

bool Trainer::ShouldStop(StopReason* reason) {
  if (StopAgreed()) {
    *reason = StopReason::kSignal;
  } else if (options_.max_steps > 0 && state_.step >= options_.max_steps) {
    *reason = StopReason::kMaxSteps;
  } else if (options_.max_minutes > 0 && state_.seconds >= options_.max_minutes * 60) {
    *reason = StopReason::kMaxMinutes;
  } else if (options_.max_epochs > 0 && update_.begin.epoch >= options_.max_epochs) {
    *reason = StopReason::kMaxEpochs;
  } else if (options_.patience > 0 && state_.validations_since_best >= options_.patience) {
    *reason = StopReason::kPatience;
  } else {
    return false;
  }
  return true;
}

StopReason Trainer::Run() {
  try {
    return Finish(Train());
  } catch (const Error&) {
    try {
      reporter_.LogRest(state_);
    } catch (const FileError&) {  // the first error says more
    }
    throw;
  }
}

StopReason Trainer::Train() {
  StopReason reason{};
  timer_.Restart();
  if (store_) store_->RemoveSurplus();
  const double stop = StopNumber();
  stop_ = static_cast<int>(std::ranges::max(comm_.AllGather({&stop, 1})));
  sent_before_ = comm_.sent_bytes();
  prefetcher_->Next(&update_);
  if (ValidationIsDue()) Validate();  // a signal ended the one before the checkpoint
  while (!ShouldStop(&reason)) {
    Step();
    prefetcher_->Next(&update_);
    if (ShouldStop(&reason)) break;  // Finish validates and saves the last one
    if (ValidationIsDue()) {
      Validate();
    } else if (state_.step % options_.save_every == 0) {
      Save(std::nullopt);
    }
  }
  return reason;
}

// Of this rank's batches, then of all.
Trainer::UpdateSums Trainer::ComputeGradients() {
  const float scale = 1.0f / static_cast<float>(update_.tgt_tokens);  // gradients of the mean loss per target token
  const uint64_t step_key = HashCombine(HashCombine(options_.seed, 2), static_cast<uint64_t>(state_.step));
  if (exchange_) exchange_->Begin(workers_->gradients());
  UpdateSums own;
  int suspect = std::numeric_limits<int>::max();
  for (size_t i = 0; i < update_.batches.size(); ++i) {
    const int number = static_cast<int>(i) * comm_.size() + comm_.rank();  // in the update, whoever computes it
    const bool is_last = i + 1 == update_.batches.size();
    own.sums.Add(workers_->Accumulate(update_.batches[i], scale, HashCombine(step_key, static_cast<uint64_t>(number)),
                                      is_last ? on_final_ : nullptr));
    if (!std::isfinite(own.sums.loss)) suspect = std::min(suspect, number);
  }
  if (exchange_) {
    const Timer timer;
    own.squares = exchange_->Finish();
    waited_seconds_ += timer.Seconds();
  } else {
    const double norm = optimizer_->SumGradients(pool_, workers_->gradients());
    own.squares = norm * norm;
  }
  return Agree(own, suspect);
}

// Sums over ranks, in their order; and what has to be the same on all: the clock, and whether to stop.
Trainer::UpdateSums Trainer::Agree(const UpdateSums& own, int suspect) {
  const BatchSums& s = own.sums;
  const double seconds = seconds_before_ + timer_.Seconds();
  const double values[] = {s.loss,
                           s.nll,
                           static_cast<double>(s.src_tokens),
                           static_cast<double>(s.tgt_tokens),
                           static_cast<double>(s.sentences),
                           own.squares,
                           static_cast<double>(suspect),
                           static_cast<double>(StopNumber()),
                           seconds};
  const std::vector<double> all = comm_.AllGather(values);
  UpdateSums total;
  double first_suspect = suspect, stop = 0;
  for (size_t at = 0; at < all.size(); at += std::size(values)) {
    const double* v = &all[at];
    total.sums.Add({v[0], v[1], static_cast<int64_t>(v[2]), static_cast<int64_t>(v[3]), static_cast<int64_t>(v[4])});
    total.squares += v[5];
    first_suspect = std::min(first_suspect, v[6]);
    stop = std::max(stop, v[7]);
  }
  stop_ = static_cast<int>(stop);
  state_.seconds = all[8];  // rank 0's
  const DataPosition& begin = update_.begin;
  total.suspects = NameOf(begin, update_.end.batch);
  if (first_suspect < std::numeric_limits<int>::max()) {
    const int64_t batch = begin.batch + static_cast<int64_t>(first_suspect);
    total.suspects = NameOf({begin.epoch, batch}, batch + 1);
  }
  return total;
}

void Trainer::Step() {
  const UpdateSums found = ComputeGradients();
  const double norm = std::abs(std::sqrt(found.squares));  // a NaN, too, has a sign, which would be printed
  if (const double limit = options_.max_minutes * 60; limit > 0) {
    const int64_t before = state_.timed_steps;
    state_.timed_steps = StepsInTime(state_.step + 1, state_.seconds, limit, before);
    if (before == 0 && state_.timed_steps > 0) ReportTimedEnd();
  }
  const ScheduleOptions schedule = length_->ScheduleAt(state_.timed_steps);
  const double rate = LearningRate(schedule, model_->config().d_model, state_.step + 1);
  const bool is_finite = std::isfinite(found.sums.loss) && std::isfinite(norm);
  if (is_finite) {
    const int64_t update = state_.step + 1 - state_.skipped_updates;
    optimizer_->Update(pool_, rate, update, norm, workers_->gradients(), model_->parameters().values());
    if (exchange_ && options_.shard_optimizer) {
      const Timer timer;
      exchange_->Share(model_->parameters().values(), /*to_all=*/true);
      waited_seconds_ += timer.Seconds();
    }
    guard_->NoteFinite(update_.batches);
  } else {
    reporter_.Warn(guard_->Skip(state_.step + 1, found.suspects, found.sums.loss, norm, saved_step_));
    optimizer_->Discard(pool_, workers_->gradients());
    ++state_.skipped_updates;
  }
  ++state_.step;
  state_.epoch = update_.end.epoch;
  state_.batch_in_epoch = update_.end.batch;
  state_.sentences += found.sums.sentences;
  state_.tgt_tokens += found.sums.tgt_tokens;
  // A NaN would be the mean of all that the log sums up.
  reporter_.Step(state_, is_finite ? found.sums : BatchSums{}, rate, norm);
}

bool Trainer::ValidationIsDue() const {
  if (!validator_ || validated_step_ == state_.step) return false;
  return state_.step == 0 ? options_.valid_first : state_.step % options_.valid_every == 0;
}

// The weights change places with the model's meanwhile; an empty span stands for the model's own.
std::optional<ValidationScores> Trainer::ScoresOf(std::span<float> weights) {
  const auto swap = [&] { std::swap_ranges(weights.begin(), weights.end(), model_->parameters().values().begin()); };
  std::optional<ValidationScores> scores;
  swap();
  try {
    scores = validator_->Run(ThrowIfStopRequested);
  } catch (const Interrupted& interrupted) {
    stop_ = 1 + interrupted.signal;
  }
  swap();
  return scores;
}

bool Trainer::Validate() {
  // Or the search would complain, which knows nothing of steps.
  guard_->RequireSound(state_.step, update_.batches, saved_step_);
  if (exchange_ && options_.shard_optimizer) exchange_->Share(optimizer_->average(), /*to_all=*/true);
  const std::optional<ValidationScores> scores = ScoresOf(optimizer_->average());  // of the weights that will be used
  if (!scores) return false;
  const bool is_best = state_.CountValidation(QualityOf(*scores), options_.min_delta);
  validated_step_ = state_.step;
  reporter_.Validation(state_, *scores, is_best, validator_->samples());
  const double seconds = seconds_before_ + timer_.Seconds();
  state_.seconds = comm_.AllGather({&seconds, 1})[0];
  if (StopReason reason; ShouldStop(&reason)) reporter_.LogRest(state_);  // before it counts as saved
  Save(QualityOf(*scores));
  return true;
}

void Trainer::Save(std::optional<double> score) {
  guard_->RequireEqual(state_.step, saved_step_);
  if (exchange_ && options_.shard_optimizer) {
    exchange_->Share(optimizer_->first_moment(), /*to_all=*/false);
    exchange_->Share(optimizer_->second_moment(), /*to_all=*/false);
    exchange_->Share(optimizer_->average(), /*to_all=*/false);
  }
  if (!IsFirst()) {
    saved_step_ = state_.step;
    return;
  }
  guard_->RequireSound(state_.step, update_.batches, saved_step_);
  CheckpointContents contents;
  contents.step = state_.step;
  contents.score = score;
  state_.unlogged = reporter_.unlogged();
  contents.files = CheckpointFiles(state_, about_, vocabs_, *model_, *optimizer_);
  reporter_.Sync();  // no record up to this step may be missing once the checkpoint is there
  store_->Save(contents);
  saved_step_ = state_.step;
}

StopReason Trainer::Finish(StopReason reason) {
  reporter_.LogRest(state_);
  if (reason != StopReason::kSignal && !told_of_warmup_ && state_.step > first_step_) {
    const std::string advice = AdviseOnWarmup(options_.warmup, state_.step, reporter_.Why(state_, reason));
    if (!advice.empty()) reporter_.Advise(advice);
  }
  const bool validates = reason != StopReason::kSignal && validator_ && validated_step_ != state_.step;
  if (validates && !Validate()) reason = StopReason::kSignal;
  if (saved_step_ != state_.step) Save(std::nullopt);
  if (reason != StopReason::kSignal && options_.average_best > 0 && !AverageBest()) reason = StopReason::kSignal;
  if (!IsFirst()) return reason;
  if (const int64_t steps = state_.step - first_step_; comm_.size() > 1 && steps > 0) {
    reporter_.Note(
        fmt::format("exchange: {:.3f} MB sent by a rank in an update, {:.2f} ms of it waited for",
                    static_cast<double>(comm_.sent_bytes() - sent_before_) / 1e6 / static_cast<double>(steps),
                    waited_seconds_ * 1e3 / static_cast<double>(steps)));
  }
  const auto best = store_->BestDirectories(1);
  reporter_.End(state_, reason, best.empty() ? "" : best.front());
  return reason;
}

bool Trainer::AverageBest() {
  std::vector<std::string> best;
  TranslationModel mean;       // rank 0's
  std::vector<float> weights;  // another rank's
  std::span<float> values;     // of either
  if (IsFirst()) {
    best = store_->BestDirectories(options_.average_best);
    mean = MeanOfModels(files_, best, [this](const std::string& line) { reporter_.Warn(line); });
    values = mean.model->parameters().values();
  } else {
    weights.resize(static_cast<size_t>(model_->parameters().flat_size()));
    values = weights;
  }
  comm_.Broadcast(values);
  const std::optional<ValidationScores> scores = ScoresOf(values);
  if (!scores || !IsFirst()) return scores.has_value();
  Reporter::Average report{.output = JoinPath(options_.output, kAveraged),
                           .checkpoints = best,
                           .score = QualityOf(*scores),
                           .best_score = ReadManifest(files_, best.front()).score.value()};
  WriteAverage(files_, mean, about_, report.score, report.output);
  reporter_.Averaged(state_, *scores, report);
  return true;
}

}  // namespace dragoman
