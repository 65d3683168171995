// SPDX-License-Identifier: Apache-2.0
#include "train/trainer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/option_text.h"
#include "base/signals.h"
#include "kernels/elementwise.h"
#include "kernels/gemm.h"
#include "model/model_file.h"
#include "train/average.h"

namespace dragoman {
namespace {

constexpr char kStateFile[] = "train_state.json";
constexpr char kMomentsFile[] = "train_state.safetensors";
constexpr int kMaxSkippedInARow = 100;  // the weights are beyond repair by then
constexpr int kDefaultMicroBatchTokens = 1024;

int ThreadsOf(const TrainOptions& options) {
  return options.threads > 0 ? options.threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

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

VocabularyPair VocabulariesOf(const TrainOptions& o, FileSystem& files) {
  if (!o.vocab.empty()) {
    const auto joint = std::make_shared<const Vocabulary>(Vocabulary::Load(o.vocab));
    return {joint, joint};
  }
  if (o.src_vocab.empty()) return LoadVocabularies(files, ResolveModelDirectory(files, o.init_from));
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

// A token's activations in all layers, forward and backward, in floats: what a micro-batch's memory is made of. The
// factors count the buffers that ops keep (see docs/design.md).
int64_t ActivationFloatsPerToken(const TransformerConfig& c) {
  const int64_t attention = int64_t{4} * c.attention_width() + int64_t{2} * c.d_model;
  const int64_t ffn = int64_t{c.d_ff} * (c.gated                                      ? 4
                                         : c.activation == kernels::Activation::kRelu ? 1
                                                                                      : 2) +
                      2 * c.d_model;
  return (attention + ffn) * c.encoder_layers / 2 + (attention * 2 + ffn) * c.decoder_layers / 2;
}

int MicroBatchTokens(const TrainOptions& options, const TransformerConfig& config, int threads) {
  int tokens = options.micro_batch_tokens > 0 ? options.micro_batch_tokens : kDefaultMicroBatchTokens;
  if (options.memory_mb > 0) {
    const int64_t floats = options.memory_mb * (1 << 20) / 4 / threads;
    tokens = static_cast<int>(std::clamp<int64_t>(floats / ActivationFloatsPerToken(config), 1, tokens));
  }
  return tokens;
}

// Fine-tuning keeps the architecture, but small data want more dropout.
TransformerConfig WithDropoutOf(const TransformerConfig& wanted, TransformerConfig config) {
  config.embedding_dropout = wanted.embedding_dropout;
  config.residual_dropout = wanted.residual_dropout;
  config.attention_dropout = wanted.attention_dropout;
  config.ffn_dropout = wanted.ffn_dropout;
  return config;
}

CheckpointStore OpenStore(const TrainOptions& options, FileSystem& files, Reporter& reporter) {
  return CheckpointStore(files, options.output, {.keep_best = options.keep_best},
                         [&reporter](const std::string& line) { reporter.Warn(line); });
}

}  // namespace

Trainer::Trainer(const TrainOptions& options, FileSystem& files)
    : options_(options),
      files_(files),
      pool_(ThreadsOf(options)),
      reporter_(options_, files),
      store_(OpenStore(options_, files, reporter_)),
      vocabs_(VocabulariesOf(options, files)) {
  const std::optional<Checkpoint> last = store_.LatestGood();
  if (last && !options_.resume) {
    throw OptionError(
        fmt::format("--output {} holds a run already (step {}); give --resume to go on with it, or another "
                    "directory",
                    options_.output, last->manifest.step));
  }
  state_.seed = options_.seed;
  state_.threads = pool_.workers();
  state_.options = options_.DecisiveTexts();
  OpenModel();
  if (last) ResumeFrom(*last);
  reporter_.Open(state_.step);
  OpenData();
  if (UsablePrecision(options_.precision) != options_.precision) {
    reporter_.Note("--precision bf16 needs a processor with AVX512_BF16, which this one lacks: training in f32");
  }
  reporter_.Note(fmt::format("model: {} parameters, {} + {} layers, d_model {}, {} threads",
                             model_->parameters().count(), model_->config().encoder_layers,
                             model_->config().decoder_layers, model_->config().d_model, pool_.workers()));
}

Trainer::~Trainer() = default;

void Trainer::OpenModel() {
  if (!options_.init_from.empty()) {
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
  OptimizerOptions optimizer{options_.beta1,        options_.beta2,     options_.adam_epsilon,
                             options_.weight_decay, options_.clip_norm, options_.ema_decay};
  optimizer_ = std::make_unique<Optimizer>(optimizer, model_->parameters().flat_size());
  std::copy_n(model_->parameters().values().data(), optimizer_->average().size(), optimizer_->average().data());
  const int micro_batch_tokens = MicroBatchTokens(options_, model_->config(), pool_.workers());
  workers_ = std::make_unique<GradientWorkers>(
      *model_, pool_,
      GradientOptions{options_.label_smoothing, micro_batch_tokens, UsablePrecision(options_.precision)});
}

void Trainer::ResumeFrom(const Checkpoint& checkpoint) {
  const std::string& directory = checkpoint.directory;
  const std::string config_path = JoinPath(directory, kConfigFile);
  if (!(TransformerConfig::FromJson(ReadFile(files_, config_path), config_path) == model_->config())) {
    throw OptionError(
        fmt::format("the options describe another model than {}; resume with the options the run began "
                    "with, or start anew in another --output",
                    config_path));
  }
  const std::string state_path = JoinPath(directory, kStateFile);
  const TrainState saved = TrainState::FromJson(ReadFile(files_, state_path), state_path);
  if (saved.seed != state_.seed) {
    throw OptionError(fmt::format("--seed is {}, but the run in --output began with {}; resume with that one",
                                  state_.seed, saved.seed));
  }
  if (saved.threads != state_.threads) {
    reporter_.Warn(
        fmt::format("the run had {} threads and now has {}: it will end with other weights than an "
                    "uninterrupted run",
                    saved.threads, state_.threads));
  }
  CompareOptions(saved.options);
  const std::map<std::string, std::string> options = std::move(state_.options);
  state_ = saved;
  state_.options = options;
  state_.threads = pool_.workers();
  const ParameterStore& parameters = model_->parameters();
  const SafetensorsReader weights(files_, JoinPath(directory, kWeightsFile));
  const SafetensorsReader moments(files_, JoinPath(directory, kMomentsFile));
  ReadParameters(moments, parameters, optimizer_->first_moment(), "adam.m.");
  ReadParameters(moments, parameters, optimizer_->second_moment(), "adam.v.");
  const bool has_average = moments.Has("weights." + parameters.parameters().front()->name);
  if (has_average != (optimizer_->average().size() > 0)) {
    throw OptionError(
        fmt::format("--ema-decay is {}, but the run in --output was {} a moving average; resume with the "
                    "options it began with",
                    options_.ema_decay, has_average ? "with" : "without"));
  }
  ReadParameters(has_average ? moments : weights, parameters, model_->parameters().values(),
                 has_average ? "weights." : "");
  if (has_average) ReadParameters(weights, parameters, optimizer_->average());
  saved_step_ = state_.step;
  seconds_before_ = state_.seconds;
  reporter_.Note(fmt::format("resumed from {}", directory));
}

// Another learning rate may be just what the user wants; another metric would compare what cannot be compared.
void Trainer::CompareOptions(const std::map<std::string, std::string>& began_with) {
  for (const auto& [key, now] : state_.options) {
    const auto before = began_with.find(key);
    if (before == began_with.end() || before->second == now) continue;
    const std::string difference =
        fmt::format("{} is {}, but the run in --output began with {}", FlagName(key), now, before->second);
    if (key == "metric") throw OptionError(difference + "; resume with that one");
    reporter_.Warn(difference + ": it will end with other weights than an uninterrupted run");
  }
}

void Trainer::OpenData() {
  const TransformerConfig& config = model_->config();
  const CorpusOptions corpus{config.max_src_len, config.max_tgt_len, pool_.workers()};
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

void Trainer::NextBatches() {
  batches_.resize(static_cast<size_t>(options_.accumulate));
  for (Batch& batch : batches_) prefetcher_->Next(&batch);
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
  NextBatches();
  while (!ShouldStop(&reason)) {
    Step();
    NextBatches();
    state_.seconds = seconds_before_ + timer_.Seconds();
    if (validator_ && state_.step % options_.valid_every == 0) {
      Validate();
    } else if (state_.step % options_.save_every == 0 && !ShouldStop(&reason)) {
      Save(nullptr);  // Finish saves the last one, with the score
    }
  }
  Finish(reason);
  return reason;
}

void Trainer::Step() {
  int64_t tgt_tokens = 0;
  for (const Batch& batch : batches_) tgt_tokens += batch.tgt_tokens();
  const float scale = 1.0f / static_cast<float>(tgt_tokens);  // gradients of the mean loss per target token
  BatchSums sums;
  const Batch* suspect = nullptr;  // the first one without a finite loss
  for (size_t i = 0; i < batches_.size(); ++i) {
    const uint64_t step_key = HashCombine(HashCombine(options_.seed, 2), static_cast<uint64_t>(state_.step));
    sums.Add(workers_->Accumulate(batches_[i], scale, HashCombine(step_key, i)));
    if (suspect == nullptr && !std::isfinite(sums.loss)) suspect = &batches_[i];
  }
  const double norm = optimizer_->SumGradients(pool_, workers_->gradients());
  const double rate = LearningRate(options_.ScheduleOf(), model_->config().d_model, state_.step + 1);
  if (std::isfinite(sums.loss) && std::isfinite(norm)) {
    optimizer_->Update(pool_, rate, state_.step + 1, norm, workers_->gradients(), model_->parameters().values());
    skipped_in_a_row_ = 0;
  } else {
    HandleNonFinite(suspect != nullptr ? *suspect : batches_.front(), sums.loss, norm);
  }
  ++state_.step;
  const DataPosition position = After(batches_.back());
  if (skipped_in_a_row_ == 0) std::swap(witness_, batches_.front());
  state_.epoch = position.epoch;
  state_.batch_in_epoch = position.batch;
  state_.sentences += sums.sentences;
  state_.tgt_tokens += sums.tgt_tokens;
  // A NaN would be the mean of all that the log sums up.
  reporter_.Step(state_, skipped_in_a_row_ > 0 ? BatchSums{} : sums, rate, norm);
}

void Trainer::HandleNonFinite(const Batch& suspect, double loss, double norm) {
  const std::string what = fmt::format("step {}, batch {} of epoch {}: the loss is {} and the gradient's norm {}",
                                       state_.step + 1, suspect.index + 1, suspect.epoch + 1, loss, norm);
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
      saved_step_ < 0 ? "nothing is saved" : fmt::format("the last checkpoint is of step {}", saved_step_);
  return saved + ". Try a lower --learning-rate or --clip-norm 1";
}

std::span<const float> Trainer::OutputWeights() {
  if (optimizer_->average().size() > 0) return optimizer_->average();
  return model_->parameters().values();
}

void Trainer::Validate() {
  RequireSoundWeights();  // or the search would complain, which knows nothing of steps
  // The weights that will be used are validated: the moving average changes places with the weights meanwhile.
  const std::span<float> average = optimizer_->average();
  const auto swap = [&] { std::swap_ranges(average.begin(), average.end(), model_->parameters().values().begin()); };
  swap();
  const ValidationScores scores = validator_->Run();
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
  const ParameterStore& parameters = model_->parameters();
  CheckpointContents contents;
  contents.step = state_.step;
  if (scores != nullptr) contents.score = scores->Quality(options_.metric);
  contents.files.push_back(FileOfBytes(kConfigFile, model_->config().ToJson()));
  contents.files.push_back(FileOfBytes(kStateFile, state_.ToJson()));
  if (vocabs_.joint()) {
    contents.files.push_back(FileOfBytes(kJointVocabFile, vocabs_.src->serialized()));
  } else {
    contents.files.push_back(FileOfBytes(kSrcVocabFile, vocabs_.src->serialized()));
    contents.files.push_back(FileOfBytes(kTgtVocabFile, vocabs_.tgt->serialized()));
  }
  contents.files.push_back(
      {kWeightsFile, [&](WritableFile& file) {
         WriteSafetensors(ParameterViews(parameters, OutputWeights()), {{"format", "dragoman"}}, file);
       }});
  contents.files.push_back({kMomentsFile, [&](WritableFile& file) {
                              auto views = ParameterViews(parameters, optimizer_->first_moment(), "adam.m.");
                              for (auto& view : ParameterViews(parameters, optimizer_->second_moment(), "adam.v.")) {
                                views.push_back(std::move(view));
                              }
                              if (optimizer_->average().size() > 0) {
                                for (auto& view : ParameterViews(parameters, parameters.values(), "weights.")) {
                                  views.push_back(std::move(view));
                                }
                              }
                              WriteSafetensors(std::move(views), {}, file);
                            }});
  reporter_.Sync();  // no record up to this step may be missing once the checkpoint is there
  store_.Save(contents);
  saved_step_ = state_.step;
}

void Trainer::Finish(StopReason reason) {
  if (saved_step_ != state_.step) {
    if (reason != StopReason::kSignal && validator_ && validated_step_ != state_.step) {
      Validate();
    } else {
      Save(nullptr);
    }
  }
  if (reason == StopReason::kSignal) {
    reporter_.Note(fmt::format("stopped by a signal at step {}; saved, --resume goes on from here", state_.step));
    return;
  }
  if (options_.average_best > 0) {
    const auto directories = store_.BestDirectories(options_.average_best);
    AverageModels(files_, directories, JoinPath(options_.output, "averaged"));
    reporter_.Note(fmt::format("averaged the {} best checkpoints into {}", directories.size(),
                               JoinPath(options_.output, "averaged")));
  }
}

}  // namespace dragoman
