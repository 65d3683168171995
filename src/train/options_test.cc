// SPDX-License-Identifier: Apache-2.0
#include "train/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "base/error.h"

namespace dragoman {
namespace {

using testing::HasSubstr;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

TrainOptions Sound() {
  TrainOptions options;
  options.train_src = "a.en";
  options.train_tgt = "a.de";
  options.vocab = "v.model";
  options.output = "RUN";
  options.max_steps = 10;
  return options;
}

std::string MessageOf(const TrainOptions& options) {
  try {
    options.Validate();
  } catch (const OptionError& error) {
    return error.what();
  }
  return "no error";
}

using Change = std::function<void(TrainOptions&)>;

struct Rule {
  Change breaks;
  std::vector<std::string> message;  // parts of it: the option, what was found, what to do
};

const Rule kRules[] = {
    // Data.
    {[](TrainOptions& o) { o.train_src = o.train_tgt = ""; },
     {"training data", "no way", "`train_src` and `train_tgt`"}},
    {[](TrainOptions& o) { o.train_tsv = "a.tsv"; }, {"training data", "several", "`train_tsv`"}},
    {[](TrainOptions& o) { o.train_jsonl = "a.jsonl"; }, {"training data", "several", "`train_jsonl`"}},
    {[](TrainOptions& o) { o.train_src = ""; }, {"`train_src` is missing"}},
    {[](TrainOptions& o) { o.train_tgt = ""; }, {"`train_tgt` is missing"}},
    {[](TrainOptions& o) { o.valid_src = "v.en"; }, {"`valid_tgt` is missing", "belong together"}},
    {[](TrainOptions& o) { o.valid_tgt = "v.de"; }, {"`valid_src` is missing", "belong together"}},
    {[](TrainOptions& o) { o.vocab = ""; }, {"vocabulary", "no way", "`vocab`, or `src_vocab` and `tgt_vocab`"}},
    {[](TrainOptions& o) { o.src_vocab = "s.model"; }, {"vocabulary", "several"}},
    {[](TrainOptions& o) { o.vocab = "", o.src_vocab = "s.model"; }, {"vocabulary", "`tgt_vocab`"}},
    {[](TrainOptions& o) { o.src_vocab = o.tgt_vocab = "s.model"; }, {"vocabulary", "several"}},
    {[](TrainOptions& o) { o.denoise = Noise::kSpans; }, {"`denoise` is spans", "give `train_src` alone"}},
    {[](TrainOptions& o) { o.denoise = Noise::kGap, o.train_src = o.train_tgt = "", o.train_tsv = "a.tsv"; },
     {"`denoise` is gap", "give `train_src` alone"}},
    {[](TrainOptions& o) { o.denoise = Noise::kGap, o.train_tgt = "", o.valid_src = o.valid_tgt = "v"; },
     {"`valid_tgt` is given", "`valid_src` alone"}},
    {[](TrainOptions& o) { o.denoise = Noise::kInfilling, o.train_tgt = "", o.max_length_ratio = 3; },
     {"leave `max_length_ratio` out"}},
    {[](TrainOptions& o) { o.denoise_copies = 0; }, {"`denoise_copies` is 0", "1 to 1000"}},
    {[](TrainOptions& o) { o.denoise_copies = 2; }, {"`denoise_copies` is 2", "give `denoise`"}},
    {[](TrainOptions& o) { o.src_subword_dropout = 1.1; }, {"`src_subword_dropout` is 1.1", "0 (never) to 1"}},
    {[](TrainOptions& o) { o.tgt_subword_dropout = kNan; }, {"`tgt_subword_dropout` is nan"}},
    {[](TrainOptions& o) { o.output = ""; }, {"`output` is missing"}},
    // The model: its other fields are TransformerConfig's to check.
    {[](TrainOptions& o) { o.model.decoder_start = -3; }, {"`decoder_start` is -3", "-1", "-2 for the <s>"}},
    // Length of the run.
    {[](TrainOptions& o) { o.max_steps = -1; }, {"`max_steps` is -1", "0 for no limit"}},
    {[](TrainOptions& o) { o.max_epochs = -2; }, {"`max_epochs` is -2", "0 for no limit"}},
    {[](TrainOptions& o) { o.max_minutes = -0.5; }, {"`max_minutes` is -0.5", "0 for no limit"}},
    {[](TrainOptions& o) { o.max_minutes = kNan; }, {"`max_minutes` is nan"}},
    {[](TrainOptions& o) { o.max_steps = 0; }, {"no end", "`max_steps`", "`patience`"}},
    // Batches.
    {[](TrainOptions& o) { o.batch_tokens = 0; }, {"`batch_tokens` is 0", "1 to 16777216"}},
    {[](TrainOptions& o) { o.batch_tokens = (1 << 24) + 1; }, {"`batch_tokens` is 16777217"}},
    {[](TrainOptions& o) { o.accumulate = 0; }, {"`accumulate` is 0", "1 to 10000"}},
    {[](TrainOptions& o) { o.accumulate = 10001; }, {"`accumulate` is 10001"}},
    {[](TrainOptions& o) { o.micro_batch_tokens = -1; }, {"`micro_batch_tokens` is -1"}},
    {[](TrainOptions& o) { o.memory_mb = -1; }, {"`memory_mb` is -1"}},
    {[](TrainOptions& o) { o.memory_mb = std::numeric_limits<int64_t>::max(); },
     {"`memory_mb` is 9223372036854775807"}},
    {[](TrainOptions& o) { o.threads = -1; }, {"`threads` is -1", "one per core"}},
    {[](TrainOptions& o) { o.threads = 1025; }, {"`threads` is 1025"}},
    // Optimisation.
    {[](TrainOptions& o) { o.learning_rate = -1e-3; }, {"`learning_rate` is -0.001"}},
    {[](TrainOptions& o) { o.learning_rate = kInfinity; }, {"`learning_rate` is inf"}},
    {[](TrainOptions& o) { o.learning_rate_factor = 0; }, {"`learning_rate_factor` is 0"}},
    {[](TrainOptions& o) { o.learning_rate = 0.1, o.learning_rate_factor = 7; },
     {"`learning_rate` and `learning_rate_factor` are both given"}},
    {[](TrainOptions& o) { o.warmup = -1; }, {"`warmup` is -1"}},
    {[](TrainOptions& o) { o.decay_steps = -5; }, {"`decay_steps` is -5", "0 for the end of the run"}},
    {[](TrainOptions& o) { o.label_smoothing = 1; }, {"`label_smoothing` is 1", "below 1"}},
    {[](TrainOptions& o) { o.label_smoothing = -0.1f; }, {"`label_smoothing` is -0.1"}},
    {[](TrainOptions& o) { o.r_drop = -1; }, {"`r_drop` is -1", "0 for one pass"}},
    {[](TrainOptions& o) { o.r_drop = 5, o.model.embedding_dropout = o.model.residual_dropout = 0; },
     {"`r_drop` compares two dropout masks", "no dropout is given"}},
    {[](TrainOptions& o) { o.beta1 = 1; }, {"`beta1` is 1", "below 1"}},
    {[](TrainOptions& o) { o.beta2 = static_cast<float>(kNan); }, {"`beta2` is nan"}},
    {[](TrainOptions& o) { o.adam_epsilon = 0; }, {"`adam_epsilon` is 0"}},
    {[](TrainOptions& o) { o.weight_decay = -1; }, {"`weight_decay` is -1"}},
    {[](TrainOptions& o) { o.clip_norm = -1; }, {"`clip_norm` is -1", "0 for none"}},
    {[](TrainOptions& o) { o.ema_decay = 1; }, {"`ema_decay` is 1", "below 1"}},
    {[](TrainOptions& o) { o.schedule = ScheduleKind::kConstant; }, {"`learning_rate`"}},
    {[](TrainOptions& o) {
       o.schedule = ScheduleKind::kCosine, o.learning_rate = 1, o.max_steps = 0, o.patience = 1;
       o.valid_src = o.valid_tgt = "v";
     },
     {"`decay_steps`"}},
    // Validation, checkpoints, logs.
    {[](TrainOptions& o) { o.valid_every = 0; }, {"`valid_every` is 0"}},
    {[](TrainOptions& o) { o.patience = -1; }, {"`patience` is -1"}},
    {[](TrainOptions& o) { o.patience = 1; }, {"need validation", "`valid_src` and `valid_tgt`"}},
    {[](TrainOptions& o) { o.average_best = 1; }, {"need validation", "`valid_src` and `valid_tgt`"}},
    {[](TrainOptions& o) { o.valid_first = true; }, {"need validation", "`valid_src` and `valid_tgt`"}},
    {[](TrainOptions& o) { o.min_delta = -0.1; }, {"`min_delta` is -0.1", "0 or more"}},
    {[](TrainOptions& o) { o.valid_tokenize = "foo"; }, {"`valid_tokenize` is foo", "13a, zh, char, intl or none"}},
    {[](TrainOptions& o) { o.valid_beam_size = 0; }, {"`valid_beam_size` is 0", "1 to 256"}},
    {[](TrainOptions& o) { o.valid_beam_size = 257; }, {"`valid_beam_size` is 257"}},
    {[](TrainOptions& o) { o.save_every = 0; }, {"`save_every` is 0"}},
    {[](TrainOptions& o) { o.keep_best = 0; }, {"`keep_best` is 0"}},
    {[](TrainOptions& o) { o.average_best = 2; }, {"`average_best` is 2", "1 to `keep_best`"}},
    {[](TrainOptions& o) { o.log_every = 0; }, {"`log_every` is 0"}},
};

TEST(TrainOptionsTest, EveryRuleNamesItsFlag) {
  for (const Rule& rule : kRules) {
    TrainOptions options = Sound();
    rule.breaks(options);
    for (const std::string& part : rule.message) EXPECT_THAT(MessageOf(options), HasSubstr(part));
  }
}

TEST(TrainOptionsTest, AcceptsWhatMakesSense) {
  const Change accepted[] = {
      [](TrainOptions&) {},
      [](TrainOptions& o) { o.train_src = o.train_tgt = "", o.train_tsv = "-"; },
      [](TrainOptions& o) { o.train_src = o.train_tgt = "", o.train_jsonl = "a.jsonl"; },
      [](TrainOptions& o) { o.train_tgt = "", o.valid_src = "v.en", o.denoise = Noise::kGap, o.denoise_copies = 2; },
      [](TrainOptions& o) { o.vocab = "", o.src_vocab = "s.model", o.tgt_vocab = "t.model"; },
      [](TrainOptions& o) { o.vocab = "", o.init_from = "OTHER/best"; },
      [](TrainOptions& o) { o.max_steps = 0, o.max_epochs = 1; },
      [](TrainOptions& o) { o.max_steps = 0, o.max_minutes = 0.1; },
      [](TrainOptions& o) { o.max_steps = 0, o.patience = 3, o.valid_src = "v.en", o.valid_tgt = "v.de"; },
      [](TrainOptions& o) { o.schedule = ScheduleKind::kCosine, o.learning_rate = 1e-3, o.warmup = 5; },
      [](TrainOptions& o) {
        o.schedule = ScheduleKind::kCosine, o.learning_rate = 1, o.max_steps = 0, o.max_epochs = 1;
      },
      [](TrainOptions& o) {
        o.schedule = ScheduleKind::kLinear, o.learning_rate = 1, o.max_steps = 0, o.max_minutes = 1;
      },
      [](TrainOptions& o) { o.average_best = o.keep_best = 4, o.valid_src = "v.en", o.valid_tgt = "v.de"; },
  };
  for (const Change& change : accepted) {
    TrainOptions options = Sound();
    change(options);
    EXPECT_EQ(MessageOf(options), "no error");
  }
}

TEST(TrainOptionsTest, DecayEndsWithTheRunUnlessSaidOtherwise) {
  TrainOptions options = Sound();
  EXPECT_EQ(options.ScheduleOf().decay_steps, 10);
  options.decay_steps = 7;
  EXPECT_EQ(options.ScheduleOf().decay_steps, 7);
}

TEST(TrainOptionsTest, ResolvedFillsInWhatIsChosenAndNothingElse) {
  TrainOptions options = Sound();
  options.model = TransformerConfig::Preset("tiny");
  const TrainOptions resolved = options.Resolved();
  EXPECT_GE(resolved.threads, 1);
  EXPECT_EQ(resolved.micro_batch_tokens, 1024);
  EXPECT_EQ(resolved.decay_steps, 0) << "the paper's schedule has none";
  options.schedule = ScheduleKind::kLinear;
  EXPECT_EQ(options.Resolved().decay_steps, 10);
  options.memory_mb = 1;
  options.threads = 4;
  const int tokens = options.Resolved().micro_batch_tokens;
  EXPECT_GE(tokens, 1);
  EXPECT_LT(tokens, 1024);
  TrainOptions wide = Sound();
  wide.model = TransformerConfig::Preset("base");
  EXPECT_EQ(wide.Resolved().micro_batch_tokens, 1280);
  wide.precision = Precision::kBf16;
  EXPECT_EQ(wide.Resolved().micro_batch_tokens, 512);
  options = options.Resolved();
  EXPECT_EQ(options.Resolved().micro_batch_tokens, tokens) << "once is enough";
  options.memory_mb = int64_t{1} << 30;
  options.micro_batch_tokens = 77;
  EXPECT_EQ(options.Resolved().micro_batch_tokens, 77);
  EXPECT_EQ(options.Resolved().threads, 4);
}

// A run of another model's checkpoint, on a processor without bf16.
TEST(TrainOptionsTest, MicroBatchesAreChosenByTheModelAndThePrecisionThatTheRunWillHave) {
  TrainOptions options = Sound();
  options.model = TransformerConfig::Preset("tiny");
  options.precision = Precision::kBf16;
  const TransformerConfig base = TransformerConfig::Preset("base");
  const TrainOptions resolved = options.ResolvedFor(base, Precision::kF32);
  EXPECT_EQ(resolved.micro_batch_tokens, 1280);
  EXPECT_EQ(resolved.model, base);
  EXPECT_EQ(resolved.precision, Precision::kBf16) << "what was asked for is kept";
  EXPECT_EQ(options.ResolvedFor(base, Precision::kBf16).micro_batch_tokens, 512);
  EXPECT_EQ(resolved.ResolvedFor(base, Precision::kBf16).micro_batch_tokens, 1280) << "once is enough";
}

// A new option has to be put on one of the two lists: this one, or that of DecisiveTexts.
TEST(TrainOptionsTest, EveryOptionDecidesTheWeightsOrIsKnownNotTo) {
  const std::vector<std::string> others = {
      "train_src",     "train_tgt",   "train_tsv",      "train_jsonl",  "jsonl_src_key",
      "jsonl_tgt_key",  // fingerprint
      "valid_src",     "valid_tgt",   "vocab",          "src_vocab",    "tgt_vocab",       "init_from",
      "src_lang",      "tgt_lang",  // fingerprint
      "preset",        "seed",
      "threads",  // TrainState
      "output",        "resume",      "max_steps",      "max_epochs",   "max_minutes",     "memory_mb",
      "valid_every",   "patience",    "valid_tokenize", "save_every",   "valid_beam_size", "keep_best",
      "log_every",     "tensorboard", "quiet",          "average_best", "shard_optimizer", "overlap",
      "valid_first",
      "min_delta",  // fingerprint
      "name",          "licence",     "origin"};
  TrainOptions options = Sound();
  std::vector<std::string> expected;
  ForEachTrainOption(options, [&](const char* key, const auto&, const char*) {
    if (std::find(others.begin(), others.end(), key) == others.end()) expected.push_back(key);
  });
  std::vector<std::string> decisive;
  for (const auto& [key, text] : options.DecisiveTexts()) decisive.push_back(key);
  EXPECT_THAT(decisive, testing::UnorderedElementsAreArray(expected));
}

}  // namespace
}  // namespace dragoman
