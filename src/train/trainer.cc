// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/option_text.h"
#include "base/signals.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "model/model_file.h"
#include "train/average.h"
#include "train/input_files.h"
#include "train/run_checkpoint.h"

namespace dragoman {
namespace {

constexpr int kMaxSkippedInARow = 100;  // the weights are beyond repair by then

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

// model: the directory to take them from if no flag names them.
VocabularyPair VocabulariesOf(const TrainOptions& o, FileSystem& files, const std::string& model) {
  if (!o.vocab.empty()) {
    const auto joint = std::make_shared<const Vocabulary>(Vocabulary::Load(o.vocab));
    return {joint, joint};
  }
  if (o.src_vocab.empty()) return LoadVocabularies(files, model);
  return {std::make_shared<const Vocabulary>(Vocabulary::Load(o.src_vocab)),
          std::make_shared<const Vocabulary>(Vocabulary::Load(o.tgt_vocab))};
}

int StartOf(const Vocabulary& vocab) {
  if (vocab.bos_id() >= 0) return vocab.bos_id();
  throw OptionError(
      fmt::format("--decoder-start is not given and {} has no <s> to start with; give the id of a token, or -1 for a "
                  "zero vector",
                  vocab.path()));
}

Precision UsablePrecision(Precision asked) {
  return asked == Precision::kBf16 && !kernels::HasFastBf16() ? Precision::kF32 : asked;
}

// Fine-tuning keeps the architecture, but small data want more dropout.
TransformerConfig WithDropoutOf(const TransformerConfig& wanted, TransformerConfig config) {
  config.embedding_dropout = wanted.embedding_dropout;
  config.residual_dropout = wanted.residual_dropout;
  config.attention_dropout = wanted.attention_dropout;
  config.ffn_dropout = wanted.ffn_dropout;
  return config;
}

// The inputs are looked at first, so that a wrong name leaves no directory behind.
CheckpointStore OpenStore(const TrainOptions& options, FileSystem& files, Reporter& reporter) {
  CheckInputFiles(options);
  return CheckpointStore(files, options.output, {.keep_best = options.keep_best},
                         [&reporter](const std::string& line) { reporter.Warn(line); });
}

// "batch 9 of epoch 1", "batches 9 to 12 of epoch 1"; an update never reaches into another epoch.
std::string NameOf(const std::vector<Batch>& batches) {
  const Batch& first = batches.front();
  if (batches.size() == 1) return fmt::format("batch {} of epoch {}", first.index + 1, first.epoch + 1);
  return fmt::format("batches {} to {} of epoch {}", first.index + 1, batches.back().index + 1, first.epoch + 1);
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, FileSystem& files)
    : options_(options),
      files_(files),
      pool_(options.Resolved().threads),
      reporter_(options_, files),
      store_(OpenStore(options_, files, reporter_)) {
  const std::optional<Checkpoint> last = store_.LatestGood();
  if (last && !options_.resume) {
    throw OptionError(
        fmt::format("--output {} holds a run already (step {}); give --resume to go on with it, or another "
                    "directory",
                    options_.output, last->manifest.step));
  }
  OpenModel(last ? &*last : nullptr);
  state_.seed = options_.seed;
  state_.threads = pool_.workers();
  state_.options = options_.DecisiveTexts();
  state_.options["precision"] = ValueText(UsablePrecision(options_.precision));
  if (last) ResumeFrom(*last);
  OpenData();
  reporter_.Open(state_, corpus_->size());
  ReportStart();
}

Trainer::~Trainer() = default;

// A resumed run has its model, and its vocabularies unless flags name them, in the checkpoint `last`: the model of
// --init-from need not be there any more.
void Trainer::OpenModel(const Checkpoint* last) {
  const bool is_tuned = !options_.init_from.empty();
  const std::string origin = last != nullptr ? last->directory
                             : is_tuned      ? ResolveModelDirectory(files_, options_.init_from)
                                             : "";
  vocabs_ = VocabulariesOf(options_, files_, origin);
  if (is_tuned && last != nullptr) {
    const std::string path = JoinPath(origin, kConfigFile);
    const TransformerConfig config = TransformerConfig::FromJson(ReadFile(files_, path), path);
    model_ = std::make_unique<Transformer>(WithDropoutOf(options_.model, config));
  } else if (is_tuned) {
    TranslationModel initial = LoadTranslationModel(files_, options_.init_from);
    const auto same = [](const Vocabulary& a, const Vocabulary& b) { return a.serialized() == b.serialized(); };
    if (!same(*initial.vocabs.src, *vocabs_.src) || !same(*initial.vocabs.tgt, *vocabs_.tgt)) {
      throw OptionError(
          fmt::format("--vocab is not the vocabulary of --init-from {}; leave --vocab out to take the "
                      "model's own",
                      options_.init_from));
    }
    model_ = std::make_unique<Transformer>(WithDropoutOf(options_.model, initial.model->config()));
    std::ranges::copy(initial.model->parameters().values(), model_->parameters().values().begin());
  } else {
    TransformerConfig config = options_.model;
    config.src_vocab = vocabs_.src->size();
    config.tgt_vocab = vocabs_.tgt->size();
    if (config.decoder_start == kStartOfVocabulary) config.decoder_start = StartOf(*vocabs_.tgt);
    model_ = std::make_unique<Transformer>(config);
    model_->Initialize(HashCombine(options_.seed, 1));
  }
  options_.model = model_->config();
  options_ = options_.Resolved();
  OptimizerOptions optimizer{options_.beta1,        options_.beta2,     options_.adam_epsilon,
                             options_.weight_decay, options_.clip_norm, options_.ema_decay};
  optimizer_ = std::make_unique<Optimizer>(optimizer, model_->parameters().flat_size());
  std::copy_n(model_->parameters().values().data(), optimizer_->average().size(), optimizer_->average().data());
  workers_ = std::make_unique<GradientWorkers>(
      *model_, pool_,
      GradientOptions{options_.label_smoothing, options_.micro_batch_tokens, UsablePrecision(options_.precision)});
}

void Trainer::ResumeFrom(const Checkpoint& checkpoint) {
  ReadWeights(files_, checkpoint.directory, model_.get(), optimizer_.get());
  state_ = GoOnFrom(ReadTrainState(files_, checkpoint.directory), state_,
                    [this](const std::string& line) { reporter_.Warn(line); });
  saved_step_ = state_.step;
  if (checkpoint.manifest.score) validated_step_ = state_.step;
  seconds_before_ = state_.seconds;
  reporter_.Note(fmt::format("resumed from {}", checkpoint.directory));
}

void Trainer::ReportStart() {
  if (UsablePrecision(options_.precision) != options_.precision) {
    reporter_.Warn("--precision bf16 needs a processor with AVX512_BF16, which this one lacks: training in f32");
  }
  const ScheduleOptions schedule = options_.ScheduleOf();
  if (schedule.Decays() && options_.max_steps > schedule.decay_steps) {
    reporter_.Warn(
        fmt::format("--max-steps is {}, but after --decay-steps {} the learning rate is 0: nothing is learnt "
                    "from then on",
                    options_.max_steps, schedule.decay_steps));
  }
  reporter_.Note(fmt::format("model: {} parameters, {} + {} layers, d_model {}, {} threads",
                             model_->parameters().count(), model_->config().encoder_layers,
                             model_->config().decoder_layers, model_->config().d_model, pool_.workers()));
}

void Trainer::OpenData() {
  const TransformerConfig& config = model_->config();
  const CorpusOptions corpus{config.max_src_len, config.max_tgt_len, pool_.workers(), ThrowIfStopRequested};
  corpus_ = std::make_unique<TokenCorpus>(TokenCorpus::OpenOrBuild(
      InputOf(options_), *vocabs_.src, *vocabs_.tgt, corpus, JoinPath(options_.output, "corpus.tokens"), files_));
  if (state_.step > 0) corpus_->RequireFingerprint(state_.corpus_fingerprint);
  state_.corpus_fingerprint = corpus_->fingerprint();
  for (const std::string& line : DescribeReport(corpus_->report(), InputOf(options_))) {
    reporter_.Note("data: " + line);
  }
  BatchOptions batches;
  batches.max_tokens = options_.batch_tokens;
  batches.order = options_.batch_order;
  batches.seed = options_.seed;
  batches.decoder_start = config.decoder_start;
  prefetcher_ = std::make_unique<Prefetcher>(BatchStream(*corpus_, batches, {state_.epoch, state_.batch_in_epoch}));
  if (!options_.valid_src.empty()) {
    validator_ = std::make_unique<Validator>(options_, *model_, *vocabs_.src, *vocabs_.tgt, *workers_, pool_);
    for (const std::string& line : validator_->Describe()) reporter_.Note("validation: " + line);
  }
}

// An update ends with its epoch, if with fewer batches than --accumulate: so that one epoch trains on each pair once.
void Trainer::NextBatches() {
  batches_.resize(static_cast<size_t>(options_.accumulate));
  size_t count = 0;
  do {
    std::swap(batches_[count++], upcoming_);
    prefetcher_->Next(&upcoming_);
  } while (count < batches_.size() && upcoming_.epoch == batches_.front().epoch);
  batches_.resize(count);
}

bool Trainer::ShouldStop(StopReason* reason) {
  if (StopRequested()) {
    *reason = StopReason::kSignal;
  } else if (options_.max_steps > 0 && state_.step >= options_.max_steps) {
    *reason = StopReason::kMaxSteps;
  } else if (options_.max_minutes > 0 && state_.seconds >= options_.max_minutes * 60) {
    *reason = StopReason::kMaxMinutes;
  } else if (options_.max_epochs > 0 && batches_.front().epoch >= options_.max_epochs) {
    *reason = StopReason::kMaxEpochs;
  } else if (options_.patience > 0 && state_.validations_since_best >= options_.patience) {
    *reason = StopReason::kPatience;
  } else {
    return false;
  }
  return true;
}

StopReason Trainer::Run() {
  StopReason reason{};
  timer_.Restart();
  prefetcher_->Next(&upcoming_);
  NextBatches();
  if (ValidationIsDue()) Validate();  // a signal ended the one before the checkpoint
  while (!ShouldStop(&reason)) {
    Step();
    NextBatches();
    if (ValidationIsDue()) {
      Validate();
    } else if (state_.step % options_.save_every == 0 && !ShouldStop(&reason)) {
      Save(nullptr);  // Finish saves the last one, with the score
    }
  }
  return Finish(reason);
}

void Trainer::Step() {
  int64_t tgt_tokens = 0;
  for (const Batch& batch : batches_) tgt_tokens += batch.tgt_tokens();
  const float scale = 1.0f / static_cast<float>(tgt_tokens);  // gradients of the mean loss per target token
  BatchSums sums;
  std::string suspects;  // the first batch without a finite loss, or all
  for (size_t i = 0; i < batches_.size(); ++i) {
    const uint64_t step_key = HashCombine(HashCombine(options_.seed, 2), static_cast<uint64_t>(state_.step));
    sums.Add(workers_->Accumulate(batches_[i], scale, HashCombine(step_key, i)));
    if (suspects.empty() && !std::isfinite(sums.loss)) suspects = NameOf({batches_[i]});
  }
  const double norm = optimizer_->SumGradients(pool_, workers_->gradients());
  const double rate = LearningRate(options_.ScheduleOf(), model_->config().d_model, state_.step + 1);
  if (std::isfinite(sums.loss) && std::isfinite(norm)) {
    const int64_t update = state_.step + 1 - state_.skipped_updates;
    optimizer_->Update(pool_, rate, update, norm, workers_->gradients(), model_->parameters().values());
    skipped_in_a_row_ = 0;
  } else {
    HandleNonFinite(suspects.empty() ? NameOf(batches_) : suspects, sums.loss, norm);
  }
  ++state_.step;
  const DataPosition position = After(batches_.back());
  if (skipped_in_a_row_ == 0) std::swap(witness_, batches_.front());
  state_.epoch = position.epoch;
  state_.batch_in_epoch = position.batch;
  state_.sentences += sums.sentences;
  state_.tgt_tokens += sums.tgt_tokens;
  state_.seconds = seconds_before_ + timer_.Seconds();
  // A NaN would be the mean of all that the log sums up.
  reporter_.Step(state_, skipped_in_a_row_ > 0 ? BatchSums{} : sums, rate, norm);
}

void Trainer::HandleNonFinite(const std::string& suspects, double loss, double norm) {
  const std::string what =
      fmt::format("step {}, {}: the loss is {} and the gradient's norm {}", state_.step + 1, suspects, loss, norm);
  if (options_.on_non_finite == OnNonFinite::kStop) {
    throw NumericError(what + ", expected finite numbers; " + LastSaved() + ", or --on-non-finite skip");
  }
  if (++skipped_in_a_row_ == kMaxSkippedInARow) {
    throw NumericError(what + fmt::format(", like those of {} updates before; {}", skipped_in_a_row_ - 1, LastSaved()));
  }
  optimizer_->Discard(pool_, workers_->gradients());
  ++state_.skipped_updates;
  reporter_.Warn(what + "; this update is skipped");
}

// The end of a message about numbers that are not finite.
std::string Trainer::LastSaved() const {
  const std::string saved =
      saved_step_ < 0 ? "there is no checkpoint yet" : fmt::format("the last checkpoint is of step {}", saved_step_);
  return saved + ". Try a lower --learning-rate" + (options_.clip_norm > 0 ? "" : " or --clip-norm 1");
}

bool Trainer::ValidationIsDue() const {
  return validator_ && state_.step > 0 && state_.step % options_.valid_every == 0 && validated_step_ != state_.step;
}

bool Trainer::Validate() {
  RequireSoundWeights();  // or the search would complain, which knows nothing of steps
  // The weights that will be used are validated: the moving average changes places with the weights meanwhile.
  const std::span<float> average = optimizer_->average();
  const auto swap = [&] { std::swap_ranges(average.begin(), average.end(), model_->parameters().values().begin()); };
  ValidationScores scores;
  swap();
  try {
    scores = validator_->Run(ThrowIfStopRequested);
  } catch (const Interrupted&) {
    swap();
    return false;
  }
  swap();
  const double quality = scores.Quality(options_.metric);
  const bool is_best = std::isfinite(quality) && (!state_.has_best || quality > state_.best_quality);
  ++state_.validations;
  state_.validations_since_best = is_best ? 0 : state_.validations_since_best + 1;
  if (is_best) {
    state_.has_best = true;
    state_.best_quality = quality;
  }
  validated_step_ = state_.step;
  reporter_.Validation(state_, scores, is_best, validator_->samples());
  state_.seconds = seconds_before_ + timer_.Seconds();
  Save(&scores);
  return true;
}

// A run could go on from here, which is what a checkpoint promises. An update may well leave weights that are finite,
// but too large to compute with: so they have to give a finite loss once more, on a batch that gave one before.
void Trainer::RequireSoundWeights() {
  const auto fail = [&](const std::string& what) {
    throw NumericError(
        fmt::format("step {}: {}, expected finite numbers, so nothing is saved; {}", state_.step, what, LastSaved()));
  };
  if (!kernels::AllFinite(model_->parameters().values())) fail("weights are not finite");
  if (!kernels::AllFinite(optimizer_->second_moment())) fail("squares of gradients are not finite");
  if (witness_.sentences() == 0 && saved_step_ >= 0) return;  // no update since the checkpoint they come from
  const double loss = workers_->Evaluate(witness_.sentences() > 0 ? witness_ : batches_.front()).loss;
  if (!std::isfinite(loss)) fail(fmt::format("the loss that the weights give is {}", loss));
}

void Trainer::Save(const ValidationScores* scores) {
  RequireSoundWeights();
  CheckpointContents contents;
  contents.step = state_.step;
  if (scores != nullptr) contents.score = scores->Quality(options_.metric);
  contents.files = CheckpointFiles(state_, vocabs_, *model_, *optimizer_);
  reporter_.Sync();  // no record up to this step may be missing once the checkpoint is there
  store_.Save(contents);
  saved_step_ = state_.step;
}

StopReason Trainer::Finish(StopReason reason) {
  const bool validates = reason != StopReason::kSignal && validator_ && validated_step_ != state_.step;
  if (validates && !Validate()) reason = StopReason::kSignal;
  if (saved_step_ != state_.step) Save(nullptr);
  const auto best = store_.BestDirectories(1);
  reporter_.End(state_, reason, best.empty() ? "" : best.front());
  if (reason == StopReason::kSignal || options_.average_best == 0) return reason;
  const auto directories = store_.BestDirectories(options_.average_best);
  AverageModels(files_, directories, JoinPath(options_.output, "averaged"));
  reporter_.Note(fmt::format("averaged the {} best checkpoints into {}", directories.size(),
                             JoinPath(options_.output, "averaged")));
  return reason;
}

}  // namespace dragoman
