// SPDX-License-Identifier: Apache-2.0
#include "train/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "base/cores.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/option_text.h"
#include "metrics/bleu_tokenizer.h"
#include "train/gradient_workers.h"
#include "train/training_data.h"

namespace dragoman {
namespace {

constexpr int64_t kMostMemoryMb = int64_t{1} << 30;  // a petabyte: far from overflow when counted in bytes

template <class Number>
void Require(bool condition, const char* option, const Number& found, const char* expected) {
  if (!condition) throw OptionError(fmt::format("{} is {}, expected {}", option, found, expected));
}

// Both sides come of one text.
void ValidateDenoising(const TrainOptions& o) {
  const auto fail = [&](const char* what) {
    throw OptionError(fmt::format("`denoise` is {}, which makes pairs of one text, {}", ValueText(o.denoise), what));
  };
  if (!o.train_tgt.empty() || !o.train_tsv.empty() || !o.train_jsonl.empty() || o.train_src.empty()) {
    fail("but the training data are not that; give `train_src` alone");
  }
  if (!o.valid_tgt.empty()) fail("but `valid_tgt` is given; give `valid_src` alone, of which the same is made");
  if (!o.train_tag.empty()) fail("whose sources are not to be told apart; leave `train_tag` out");
  if (o.max_length_ratio > 0) fail("whose sides differ by design; leave `max_length_ratio` out");
}

void ValidateData(const TrainOptions& o) {
  const bool denoises = o.denoise != Noise::kNone;
  if (denoises) ValidateDenoising(o);
  const bool two_files = !o.train_src.empty() || !o.train_tgt.empty();
  if (two_files + !o.train_tsv.empty() + !o.train_jsonl.empty() != 1) {
    throw OptionError(
        "training data is given in no way or in several; give `train_src` and `train_tgt`, or "
        "`train_tsv`, or `train_jsonl`");
  }
  if (!denoises && o.train_src.empty() != o.train_tgt.empty()) {
    throw OptionError(fmt::format("{} is missing; `train_src` and `train_tgt` belong together",
                                  o.train_src.empty() ? "`train_src`" : "`train_tgt`"));
  }
  TrainingTexts(o);
  if (!denoises && o.valid_src.empty() != o.valid_tgt.empty()) {
    throw OptionError(fmt::format("{} is missing; `valid_src` and `valid_tgt` belong together",
                                  o.valid_src.empty() ? "`valid_src`" : "`valid_tgt`"));
  }
  const bool two_vocabs = !o.src_vocab.empty() && !o.tgt_vocab.empty();
  const bool no_pair = o.src_vocab.empty() && o.tgt_vocab.empty();
  const bool from_model = !o.init_from.empty() && o.vocab.empty() && no_pair;
  if (!from_model && (o.vocab.empty() != two_vocabs || (!two_vocabs && !no_pair))) {
    throw OptionError("the vocabulary is given in no way or in several; give `vocab`, or `src_vocab` and `tgt_vocab`");
  }
  for (const auto& [option, code] : {std::pair("`src_lang`", o.src_lang), {"`tgt_lang`", o.tgt_lang}}) {
    if (code.empty() || !o.init_from.empty()) continue;
    throw OptionError(
        fmt::format("{} is \"{}\", but a new model knows no languages; give `init_from`, whose model does, or "
                    "leave it out",
                    option, code));
  }
  int from_stdin = 0;
  for (const InputPath& file : TrainingFiles(o)) from_stdin += file.path == kStdinPath;
  for (const std::string* path : {&o.valid_src, &o.valid_tgt, &o.vocab, &o.src_vocab, &o.tgt_vocab}) {
    from_stdin += *path == kStdinPath;
  }
  if (from_stdin > 1) throw OptionError("\"-\" (stdin) is given as two inputs, expected one; give files for the rest");
  if (o.output.empty()) throw OptionError("`output` is missing; give the directory for checkpoints and logs");
  if (o.output == "-") throw OptionError("`output` is -, expected a directory for checkpoints and logs");
}

int MicroBatchTokens(const TrainOptions& options, const TransformerConfig& config, Precision precision, int threads) {
  const int tokens =
      options.micro_batch_tokens > 0 ? options.micro_batch_tokens : DefaultMicroBatchTokens(config, precision);
  if (options.memory_mb == 0) return tokens;
  return static_cast<int>(
      std::clamp<int64_t>(MicroBatchTokensWithin(config, (options.memory_mb << 20) / threads), 1, tokens));
}

}  // namespace

const EnumNames<Precision>& NamesOf(Precision) {
  static const EnumNames<Precision> names = {{"f32", Precision::kF32}, {"bf16", Precision::kBf16}};
  return names;
}

const EnumNames<StopMetric>& NamesOf(StopMetric) {
  static const EnumNames<StopMetric> names = {{"loss", StopMetric::kLoss},
                                              {"bleu", StopMetric::kBleu},
                                              {"chrf", StopMetric::kChrf},
                                              {"rougeL", StopMetric::kRougeL},
                                              {"exact", StopMetric::kExactMatch}};
  return names;
}

const EnumNames<OnNonFinite>& NamesOf(OnNonFinite) {
  static const EnumNames<OnNonFinite> names = {{"stop", OnNonFinite::kStop}, {"skip", OnNonFinite::kSkip}};
  return names;
}

const EnumNames<BatchOrder>& NamesOf(BatchOrder) {
  static const EnumNames<BatchOrder> names = {
      {"shuffled", BatchOrder::kShuffled}, {"bucketed", BatchOrder::kBucketed}, {"file", BatchOrder::kFile}};
  return names;
}

const EnumNames<Overlong>& NamesOf(Overlong) {
  static const EnumNames<Overlong> names = {{"cut", Overlong::kCut}, {"drop", Overlong::kDrop}};
  return names;
}

const EnumNames<Noise>& NamesOf(Noise) {
  static const EnumNames<Noise> names = {
      {"none", Noise::kNone}, {"infilling", Noise::kInfilling}, {"spans", Noise::kSpans}, {"gap", Noise::kGap}};
  return names;
}

ScheduleOptions TrainOptions::ScheduleOf() const {
  return {schedule, learning_rate, learning_rate_factor, warmup, decay_steps > 0 ? decay_steps : max_steps};
}

TrainOptions TrainOptions::ResolvedFor(const TransformerConfig& config, Precision usable) const {
  TrainOptions resolved = *this;
  resolved.model = config;
  if (threads == 0) resolved.threads = UsableCores();
  if (ScheduleOf().Decays()) resolved.decay_steps = ScheduleOf().decay_steps;
  resolved.micro_batch_tokens = MicroBatchTokens(*this, config, usable, resolved.threads);
  return resolved;
}

std::map<std::string, std::string> TrainOptions::DecisiveTexts() const {
  constexpr std::string_view kDecisive[] = {"batch_tokens",
                                            "accumulate",
                                            "batch_order",
                                            "micro_batch_tokens",
                                            "precision",
                                            "schedule",
                                            "warmup",
                                            "decay_steps",
                                            "learning_rate",
                                            "beta1",
                                            "beta2",
                                            "adam_epsilon",
                                            "ema_decay",
                                            "clip_norm",
                                            "learning_rate_factor",
                                            "metric",
                                            "weight_decay",
                                            "on_non_finite",
                                            "label_smoothing",
                                            "max_length_ratio",
                                            "overlong",
                                            "r_drop",
                                            "denoise",
                                            "train_weight",
                                            "train_tag",
                                            "denoise_copies",
                                            "src_subword_dropout",
                                            "tgt_subword_dropout"};
  TrainOptions resolved = Resolved();  // memory_mb is in micro_batch_tokens
  if (!ScheduleOf().Decays()) resolved.decay_steps = 0;
  std::map<std::string, std::string> texts;
  ForEachTrainOption(resolved, [&](const char* key, const auto& value, const char*) {
    if (std::ranges::find(kDecisive, std::string_view(key)) != std::end(kDecisive)) texts[key] = ValueText(value);
  });
  if (ScheduleOf().Decays() && resolved.decay_steps == 0) {  // they follow from the data or the clock
    std::vector<std::string> ends;
    if (max_epochs > 0) ends.push_back(fmt::format("`max_epochs` {}", max_epochs));
    if (max_minutes > 0) ends.push_back(fmt::format("`max_minutes` {}", max_minutes));
    texts["decay_steps"] = fmt::format("the end of {}", fmt::join(ends, " or "));
  }
  return texts;
}

std::vector<std::string> TrainOptions::SharedTexts() const {
  constexpr std::array<std::string_view, 21> kOwn = {
      "train_src", "train_tgt",   "train_tsv", "train_jsonl", "jsonl_src_key", "jsonl_tgt_key", "valid_src",
      "valid_tgt", "vocab",       "src_vocab", "tgt_vocab",   "init_from",     "output",        "threads",
      "quiet",     "tensorboard", "log_every", "memory_mb",   "name",          "licence",       "origin"};
  std::vector<std::string> texts = {fmt::format("valid_src {}", valid_src.empty() ? "left out" : "given")};
  ForEachTrainOption(*this, [&](const char* key, const auto& value, const char*) {
    if (std::ranges::find(kOwn, std::string_view(key)) == kOwn.end())
      texts.push_back(fmt::format("{} {}", key, ValueText(value)));
  });
  return texts;
}

void TrainOptions::Validate() const {
  ValidateValues();
  ValidateData(*this);
  if (denoise == Noise::kNone && denoise_copies != 1) {
    throw OptionError(
        fmt::format("`denoise_copies` is {}, but no pairs are made; give `denoise`, or leave it out", denoise_copies));
  }
  if (max_steps == 0 && max_epochs == 0 && max_minutes == 0 && patience == 0) {
    throw OptionError("the run has no end; give `max_steps`, `max_epochs`, `max_minutes` or `patience`");
  }
  if ((patience > 0 || average_best > 0 || valid_first) && valid_src.empty()) {
    throw OptionError(fmt::format("`patience`, `average_best` and `valid_first` need validation; give `valid_src`{}",
                                  denoise == Noise::kNone ? " and `valid_tgt`" : ""));
  }
  const TransformerConfig& rates = model;
  const bool any_dropout =
      rates.embedding_dropout > 0 || rates.residual_dropout > 0 || rates.attention_dropout > 0 || rates.ffn_dropout > 0;
  if (r_drop > 0 && !any_dropout) {
    throw OptionError("`r_drop` compares two dropout masks, but no dropout is given; give some, or leave it out");
  }
  if (learning_rate > 0 && learning_rate_factor != 1) {
    throw OptionError(
        "`learning_rate` and `learning_rate_factor` are both given, and each decides the peak rate; give "
        "one of them");
  }
  if (ScheduleOf().Decays() && ScheduleOf().decay_steps == 0 && max_epochs == 0 && max_minutes == 0) {
    throw OptionError(
        fmt::format("`schedule` {} falls to 0 at the end of the run, and `patience` names none; give `decay_steps`, "
                    "`max_steps`, `max_epochs` or `max_minutes`",
                    ValueText(schedule)));
  }
  ValidateSchedule(ScheduleOf());
}

void TrainOptions::ValidateValues() const {
  Require(model.decoder_start >= kStartOfVocabulary, "`decoder_start`", model.decoder_start,
          "the id of a token, -1 for a zero vector, or -2 for the <s> of the target vocabulary");
  Require(max_steps >= 0, "`max_steps`", max_steps, "a positive number, or 0 for no limit");
  Require(max_epochs >= 0, "`max_epochs`", max_epochs, "a positive number, or 0 for no limit");
  Require(max_minutes >= 0, "`max_minutes`", max_minutes, "a positive number, or 0 for no limit");
  Require(max_length_ratio == 0 || (max_length_ratio >= 1 && std::isfinite(max_length_ratio)), "`max_length_ratio`",
          max_length_ratio, "1 or more, or 0 for any");
  Require(denoise_copies >= 1 && denoise_copies <= 1000, "`denoise_copies`", denoise_copies, "1 to 1000 pairs a line");
  const char* const rate = "0 (never) to 1 (as often as pieces can be split)";
  Require(src_subword_dropout >= 0 && src_subword_dropout <= 1, "`src_subword_dropout`", src_subword_dropout, rate);
  Require(tgt_subword_dropout >= 0 && tgt_subword_dropout <= 1, "`tgt_subword_dropout`", tgt_subword_dropout, rate);
  Require(batch_tokens >= 1 && batch_tokens <= (1 << 24), "`batch_tokens`", batch_tokens, "1 to 16777216");
  Require(accumulate >= 1 && accumulate <= 10000, "`accumulate`", accumulate, "1 to 10000");
  Require(micro_batch_tokens >= 0, "`micro_batch_tokens`", micro_batch_tokens, "a positive number, or 0");
  Require(memory_mb >= 0 && memory_mb <= kMostMemoryMb, "`memory_mb`", memory_mb, "1 to 1073741824, or 0");
  Require(threads >= 0 && threads <= 1024, "`threads`", threads, "1 to 1024, or 0 for one per core");
  Require(std::isfinite(learning_rate) && learning_rate >= 0, "`learning_rate`", learning_rate,
          "a positive number, or 0 for `learning_rate_factor`'s");
  Require(learning_rate_factor > 0, "`learning_rate_factor`", learning_rate_factor, "a positive number");
  Require(warmup >= 0, "`warmup`", warmup, "0 or more steps");
  Require(decay_steps >= 0, "`decay_steps`", decay_steps, "1 or more steps, or 0 for the end of the run");
  Require(label_smoothing >= 0 && label_smoothing < 1, "`label_smoothing`", label_smoothing, "at least 0 and below 1");
  Require(std::isfinite(r_drop) && r_drop >= 0, "`r_drop`", r_drop, "a positive number such as 5, or 0 for one pass");
  Require(beta1 >= 0 && beta1 < 1, "`beta1`", beta1, "at least 0 and below 1");
  Require(beta2 >= 0 && beta2 < 1, "`beta2`", beta2, "at least 0 and below 1");
  Require(adam_epsilon > 0, "`adam_epsilon`", adam_epsilon, "a positive number");
  Require(weight_decay >= 0, "`weight_decay`", weight_decay, "0 or more");
  Require(clip_norm >= 0, "`clip_norm`", clip_norm, "a positive norm, or 0 for none");
  Require(ema_decay >= 0 && ema_decay < 1, "`ema_decay`", ema_decay, "at least 0 and below 1");
  Require(valid_every >= 1, "`valid_every`", valid_every, "1 or more steps");
  Require(patience >= 0, "`patience`", patience, "1 or more validations, or 0 for never");
  Require(std::isfinite(min_delta) && min_delta >= 0, "`min_delta`", min_delta, "0 or more");
  Require(BleuTokenizerFromName(valid_tokenize).has_value(), "`valid_tokenize`", valid_tokenize,
          "13a, zh, char, intl or none");
  Require(valid_beam_size >= 1 && valid_beam_size <= 256, "`valid_beam_size`", valid_beam_size, "1 to 256");
  Require(save_every >= 1, "`save_every`", save_every, "1 or more steps");
  Require(keep_best >= 1, "`keep_best`", keep_best, "1 or more checkpoints");
  Require(average_best >= 0 && average_best <= keep_best, "`average_best`", average_best,
          "1 to `keep_best`, or 0 for none");
  Require(log_every >= 1, "`log_every`", log_every, "1 or more steps");
}

}  // namespace dragoman
