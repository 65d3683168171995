// SPDX-License-Identifier: Apache-2.0
// Everything that decides a training run. Filled once by cli/, validated before the first batch, never read by name
// afterwards.
#ifndef DRAGOMAN_TRAIN_OPTIONS_H_
#define DRAGOMAN_TRAIN_OPTIONS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/enum_names.h"
#include "data/batch_plan.h"
#include "data/corpus_builder.h"
#include "data/denoiser.h"
#include "kernels/gemm.h"
#include "model/transformer_config.h"
#include "train/schedule.h"

namespace dragoman {

enum class StopMetric { kLoss, kBleu, kChrf, kRougeL, kExactMatch };
enum class OnNonFinite { kStop, kSkip };
const EnumNames<Precision>& NamesOf(Precision);      // "f32", "bf16"
const EnumNames<StopMetric>& NamesOf(StopMetric);    // "loss", "bleu", "chrf", "rougeL", "exact"
const EnumNames<OnNonFinite>& NamesOf(OnNonFinite);  // "stop", "skip"
const EnumNames<BatchOrder>& NamesOf(BatchOrder);    // "shuffled", "bucketed", "file"
const EnumNames<Overlong>& NamesOf(Overlong);        // "cut", "drop"
const EnumNames<Noise>& NamesOf(Noise);              // "none", "infilling", "spans", "gap"

// As `decoder_start`: the target vocabulary's <s>, to be looked up once that is known.
inline constexpr int kStartOfVocabulary = -2;

struct TrainOptions {
  // Data.
  std::string train_src, train_tgt;  // two parallel files
  std::string train_tsv;             // or one file with a tab between source and target
  std::string train_jsonl;  // or one with a JSON object a line. Of each several, commas between: training_data.h
  std::string jsonl_src_key = "source";
  std::string jsonl_tgt_key = "target";
  std::string train_weight;     // of each of several texts, commas between: how often an epoch passes it; "": once
  std::string train_tag;        // likewise: what is put before its sources (Caswell 2019); "": nothing
  double max_length_ratio = 0;  // of the training data; see CorpusOptions
  Overlong overlong = Overlong::kCut;
  Noise denoise = Noise::kNone;  // pairs are made of train_src alone: see Denoiser (data/denoiser.h)
  int denoise_copies = 1;
  double src_subword_dropout = 0;  // 0 to 1; 0: none. See SubwordDropout (data/subword_dropout.h)
  double tgt_subword_dropout = 0;
  std::string valid_src, valid_tgt;
  std::string vocab;                 // joint
  std::string src_vocab, tgt_vocab;  // or one each
  std::string output;
  bool resume = false;
  std::string init_from;
  std::string src_lang, tgt_lang;     // of the sentences, where the model of init_from waits for it
  std::string name, licence, origin;  // what the model says about itself: format/about.h

  // The model. With `init_from` all but its dropout rates comes from there.
  std::string preset = "base";
  TransformerConfig model;  // vocabularies not known yet; decoder_start may be kStartOfVocabulary

  // Length of the run: the first limit that is reached ends it. 0: no such limit.
  int64_t max_steps = 0;
  int64_t max_epochs = 0;
  double max_minutes = 0;

  // Batches.
  int batch_tokens = 4096;
  int accumulate = 1;
  BatchOrder batch_order = BatchOrder::kShuffled;
  int micro_batch_tokens = 0;
  int64_t memory_mb = 0;
  int threads = 0;
  bool shard_optimizer = false;
  bool overlap = true;
  uint64_t seed = 1;
  Precision precision = Precision::kF32;

  // Optimisation.
  ScheduleKind schedule = ScheduleKind::kPaper;
  double learning_rate = 0;
  double learning_rate_factor = 1;
  int64_t warmup = 4000;
  int64_t decay_steps = 0;
  float label_smoothing = 0.1f;
  float r_drop = 0;
  float beta1 = 0.9f;
  float beta2 = 0.98f;
  float adam_epsilon = 1e-9f;
  float weight_decay = 0;
  float clip_norm = 0;
  float ema_decay = 0;
  OnNonFinite on_non_finite = OnNonFinite::kStop;

  // Validation, checkpoints, logs.
  int64_t valid_every = 1000;
  bool valid_first = false;
  StopMetric metric = StopMetric::kLoss;
  int patience = 0;
  double min_delta = 0;
  std::string valid_tokenize = "13a";
  int valid_beam_size = 4;
  int64_t save_every = 1000;
  int keep_best = 1;
  int average_best = 0;
  int64_t log_every = 100;
  bool tensorboard = true;
  bool quiet = false;

  // Throws OptionError, naming the options, for values out of range, for combinations that make no sense and for what
  // is missing.
  void Validate() const;
  void ValidateValues() const;  // only the first of these three

  // The same with every value that stands for "chosen" filled in: threads, micro_batch_tokens, and decay_steps if
  // max_steps decides it (RunLength knows the rest).
  TrainOptions Resolved() const { return ResolvedFor(model, precision); }
  // For the model that it will be and the precision that all ranks can compute in: micro-batches are chosen by these.
  // `precision` stays what was asked for.
  TrainOptions ResolvedFor(const TransformerConfig& config, Precision usable) const;

  ScheduleOptions ScheduleOf() const;

  // Those options that decide what the weights become, as text by key: all but the model's, which its config.json
  // holds, the data, which has a fingerprint, and seed and threads, which TrainState holds as numbers.
  std::map<std::string, std::string> DecisiveTexts() const;

  // "key value" of each option that processes which train together must share: all but the files, which only the first
  // one reads, the threads and what is printed.
  std::vector<std::string> SharedTexts() const;
};

// Calls visit(key, field, help) for every option but the model's (see ForEachField of TransformerConfig), and before
// those that belong together visit.Heading(text), if it has that. On the command line
// the keys' underscores are dashes.
template <class Options, class Visitor>
void ForEachTrainOption(Options& o, Visitor&& visit) {
  const auto heading = [&](const char* text) {
    if constexpr (requires { visit.Heading(text); }) visit.Heading(text);
  };
  heading("Data");
  visit("train_src", o.train_src, "source side of the training data, plain or gzip; several files with commas between");
  visit("train_tgt", o.train_tgt, "target side, line by line");
  visit("train_tsv", o.train_tsv, "training data as source TAB target, instead of two files; - is stdin");
  visit("train_jsonl", o.train_jsonl, "training data as one JSON object a line, instead of two files; - is stdin");
  visit("jsonl_src_key", o.jsonl_src_key,
        "key of the source in `train_jsonl`; translation.en: the key en of the object at translation");
  visit("jsonl_tgt_key", o.jsonl_tgt_key, "key of the target in `train_jsonl`");
  visit(
      "train_weight", o.train_weight,
      "of several files (names with commas between) how often a pass over the data holds each, such as 1,3 or 1,0.25");
  visit(
      "train_tag", o.train_tag,
      "of several files a piece of your own (vocab `symbols`) to put before each source, such as ,<bt> for the second");
  visit("max_length_ratio", o.max_length_ratio,
        "leave training pairs out whose sides differ more in their numbers of tokens, such as 3; 0: never");
  visit("overlong", o.overlong, "training pairs longer than `max_src_len` or `max_tgt_len`: cut, or leave out");
  visit("denoise", o.denoise,
        "make pairs of `train_src` alone, to learn from before others: a <mask> for spans, target is all the text "
        "(infilling) or the spans; or for the sentence (gap) most like the rest of its line");
  visit("denoise_copies", o.denoise_copies, "pairs that `denoise` makes of each line");
  visit(
      "src_subword_dropout", o.src_subword_dropout,
      "split each source piece into smaller ones with this probability, and these in turn, anew in each epoch; 0.1 is "
      "usual, 0: never");
  visit("tgt_subword_dropout", o.tgt_subword_dropout, "the same of target pieces; `batch_tokens` counts unsplit ones");
  visit("valid_src", o.valid_src, "source side of the validation data");
  visit("valid_tgt", o.valid_tgt, "target side of the validation data");
  visit("vocab", o.vocab, "joint vocabulary (dragoman vocab)");
  visit("src_vocab", o.src_vocab, "vocabulary of the source, when there are two");
  visit("tgt_vocab", o.tgt_vocab, "vocabulary of the target, when there are two");
  visit("output", o.output, "directory of the run: checkpoints and logs");
  visit("resume", o.resume, "go on from the last checkpoint in `output`; starts anew when there is none");
  visit("init_from", o.init_from, "start from this model's weights (fine-tuning); it decides the architecture");
  visit("src_lang", o.src_lang, "language of the source, where the model of `init_from` is one of several and asks");
  visit("tgt_lang", o.tgt_lang, "language of the target, likewise");
  visit("name", o.name, "name of the model, kept in its about.json for dragoman info; so are the next two");
  visit("licence", o.licence, "its licence, such as CC-BY-4.0");
  visit("origin", o.origin, "who made it, or a link to where it is from");
  heading("Length of the run");
  visit("max_steps", o.max_steps, "end after this many updates; 0: no such limit");
  visit("max_epochs", o.max_epochs, "end after this many passes over the data; 0: no such limit");
  visit("max_minutes", o.max_minutes, "end after this much training time; 0: no such limit");
  heading("Batches");
  visit("batch_tokens", o.batch_tokens, "target tokens of a batch, and at most 4 times as many of the source");
  visit("accumulate", o.accumulate, "batches whose gradients make one update, of each process");
  visit("batch_order", o.batch_order, "sentences of a batch at random, of similar length, or as in the file");
  visit("micro_batch_tokens", o.micro_batch_tokens,
        "tokens a thread computes on at a time (memory, not results up to rounding); 0: chosen");
  visit("memory_mb", o.memory_mb, "fit activations into this much memory, by smaller micro-batches; 0: no such limit");
  visit("threads", o.threads, "worker threads, of each process under mpirun; 0: one per core");
  visit("shard_optimizer", o.shard_optimizer, "under mpirun: each process updates its part of the weights only");
  visit("overlap", o.overlap, "under mpirun: exchange gradients while the backward pass goes on");
  visit("seed", o.seed, "decides initial weights, order of data and dropout");
  visit("precision", o.precision,
        "arithmetic of the matrix products (master weights stay f32); bf16 trains 1.6 to 1.9 times as fast where the "
        "processor has AVX512_BF16, elsewhere f32 is taken, and said");
  heading("Optimisation");
  visit("schedule", o.schedule, "learning rate after the warm-up");
  visit("learning_rate", o.learning_rate, "peak rate; 0 with `schedule` paper: `learning_rate_factor` decides");
  visit("learning_rate_factor", o.learning_rate_factor, "factor of the paper's formula (Eq. 3), without a peak rate");
  visit("warmup", o.warmup, "steps of linear warm-up");
  visit("decay_steps", o.decay_steps,
        "last step before linear and cosine are at 0; 0: the end of the run (`max_steps`, else as derived)");
  visit("label_smoothing", o.label_smoothing, "probability mass spread over all tokens");
  visit("r_drop", o.r_drop,
        "each sentence goes through twice, under two dropout masks, and to say different things costs this much "
        "(R-Drop; usual: 5); a step takes twice the time; 0: off");
  visit("beta1", o.beta1, "Adam's decay of the mean");
  visit("beta2", o.beta2, "Adam's decay of the variance");
  visit("adam_epsilon", o.adam_epsilon, "Adam's epsilon");
  visit("weight_decay", o.weight_decay, "decoupled weight decay (AdamW); 0: plain Adam");
  visit("clip_norm", o.clip_norm, "scale gradients down to this norm; 0: never");
  visit("ema_decay", o.ema_decay,
        "moving average of the weights (early: decay step/(step+9) if less), for validation and output; 0: off");
  visit("on_non_finite", o.on_non_finite, "a loss or gradient that is not finite: stop, or skip the batch");
  heading("Validation, checkpoints, logs");
  visit("valid_every", o.valid_every, "steps between validations");
  visit("valid_first", o.valid_first, "validate before the first step, too; saved as step 0, it may stay the best");
  visit(
      "metric", o.metric,
      "what decides which model is best, and early stopping: rougeL for summaries, exact for answers; loss is without "
      "label smoothing, as perplexity is");
  visit("patience", o.patience, "end after this many validations without a better one; 0: never");
  visit("min_delta", o.min_delta,
        "for `patience` a validation is better by this much at least (nats or points of `metric`); the best model is "
        "chosen without");
  visit("valid_tokenize", o.valid_tokenize,
        "BLEU tokenizer of validation: 13a, zh, char, intl, none; zh for Chinese (ROUGE-L as well), char for Japanese, "
        "Thai ...");
  visit("valid_beam_size", o.valid_beam_size, "beam of validation's translations");
  visit("save_every", o.save_every, "steps between checkpoints");
  visit("keep_best", o.keep_best, "best checkpoints kept, besides the last two");
  visit("average_best", o.average_best, "at the end, average this many of the best into OUTPUT/averaged; 0: off");
  visit("log_every", o.log_every, "steps between log lines");
  visit("tensorboard", o.tensorboard, "write TensorBoard event files into OUTPUT/tensorboard");
  visit("quiet", o.quiet, "nothing on stderr but errors");
  heading("Model");  // its fields follow
  visit(
      "preset", o.preset,
      "sizes of the model (layers x width, parameters with 8,000 joint pieces): tiny (4+4 x 128, 2.3 M), small (4+4 x "
      "256, 9.4 M), base (6+6 x 512, 48 M) or big (6+6 x 1024, 185 M); single sizes can be given besides");
}

// ForEachField of a model that is still to be trained: its decoder_start may be left to the vocabulary.
template <class Config, class Visitor>
void ForEachModelOption(Config& c, Visitor&& visit) {
  ForEachField(c, [&](const char* key, auto& field, const char* help) {
    const char* const decoder_start_help =
        "token id that starts the decoder's input; -1: a zero vector; -2: the <s> of the target vocabulary";
    visit(key, field, std::string_view(key) == "decoder_start" ? decoder_start_help : help);
  });
}

}  // namespace dragoman

#endif  // DRAGOMAN_TRAIN_OPTIONS_H_
