// SPDX-License-Identifier: Apache-2.0
#include "recommend/recommendation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "data/denoiser.h"

namespace dragoman {
namespace {

// Sizes by the number of pairs, after the table in docs/guide.md, which says where each is from; rows without a source
// there lie between two that have one.
struct SizeRule {
  double pairs;  // up to so many
  const char* preset;
  int vocab;  // pieces of a joint vocabulary
  float dropout;
  double rate;
  int batch_tokens;
};
constexpr SizeRule kSizeRules[] = {
    {20e3, "tiny", 2000, 0.1f, 0.004, 2048},     // 2 + 2 layers: the phrase book's
    {100e3, "tiny", 8000, 0.3f, 0.005, 4096},    // Multi30k's
    {400e3, "base", 10000, 0.3f, 0.0005, 4096},  // 4 heads, d_ff 1,024: IWSLT's
    {2e6, "base", 16000, 0.2f, 0.0007, 8192},    // between
    {20e6, "base", 32000, 0.1f, 0.0007, 25000},  // WMT's
    {1e300, "big", 32000, 0.1f, 0.0005, 25000},
};

const SizeRule& RuleFor(int64_t pairs) {
  const auto fits = [&](const SizeRule& rule) { return static_cast<double>(pairs) <= rule.pairs; };
  return *std::find_if(std::begin(kSizeRules), std::end(kSizeRules), fits);
}

// What the preset alone does not say.
void AdaptSizes(const CorpusFacts& facts, Recommendation* r) {
  TrainOptions& o = r->options;
  if (facts.pairs <= 20'000) o.model.encoder_layers = o.model.decoder_layers = 2;
  if (facts.pairs > 100'000 && facts.pairs <= 400'000) {
    o.model.heads = 4;
    o.model.d_ff = 1024;
  }
  if (facts.pairs > 20'000 && facts.pairs <= 100'000 && !r->joint) {  // two scripts: Tatoeba's
    o.model.d_model = 192;
    o.model.d_ff = 512;
    o.learning_rate = 0.003;
  }
}

TaskKind KindOf(const CorpusFacts& facts) {
  // A handful of different answers, or few words each that come again and again.
  if (facts.tgt_words <= 3 && facts.distinct_targets <= 0.05 && facts.pairs >= 1000) return TaskKind::kAnswers;
  // Much shorter than its source, and mostly in its words.
  if (facts.src_words >= 4 * facts.tgt_words && facts.copied >= 0.3) return TaskKind::kSummaries;
  return TaskKind::kTranslation;
}

// The more text, the fewer passes: 36 over Multi30k's 29,000 pairs, some 3 over millions.
double EpochsFor(int64_t pairs) { return std::clamp(40 * std::pow(3e4 / static_cast<double>(pairs), 0.4), 3.0, 60.0); }

void AdaptToSummaries(const CorpusFacts& facts, Recommendation* r) {
  TrainOptions& o = r->options;
  r->reasons.push_back(fmt::format(
      "targets are {:.1f} times shorter than sources and {:.0f} % of their words stand there: summaries, so copy",
      facts.src_words / std::max(1.0, facts.tgt_words), 100 * facts.copied));
  r->joint = true;  // what is copied has to be of the target's vocabulary
  o.model.copy = true;
  o.model.norm_order = NormOrder::kPre;
  o.model.final_norm = true;
  o.model.relative_buckets = 32;
  o.model.max_src_len = 200;
  o.model.max_tgt_len = 64;
  if (o.preset == "tiny") {
    o.model.d_model = 192;
    o.model.d_ff = 512;
  }
  o.model.embedding_dropout = o.model.residual_dropout = 0.2f;
  o.model.ffn_dropout = 0;
  r->warmup = 0.045;
  o.batch_tokens = 2048;  // with four times as many of the source
  o.learning_rate = 0.003;
  o.clip_norm = 1;
  o.metric = StopMetric::kRougeL;
  if (facts.src_sentences < 3) return;
  r->reasons.push_back(fmt::format(
      "{:.0f} sentences a source: first learn from the sources alone to tell a sentence by the others (Zhang 2020)",
      facts.src_sentences));
  r->vocab.symbols = {kMaskPiece};
  r->pretraining = 0.25;  // this and the passes over the pairs as in recipes/arxiv-titles.sh
  r->epochs /= 2;
}

void AdaptToAnswers(const CorpusFacts& facts, Recommendation* r) {
  TrainOptions& o = r->options;
  r->reasons.push_back(
      fmt::format("{:.1f} words a target, {:.1f} % of them different: answers, which are right or wrong",
                  facts.tgt_words, 100 * facts.distinct_targets));
  r->joint = true;
  r->vocab.type = VocabType::kBpe;
  r->vocab.size = 400;
  o.preset = "tiny";  // whatever the number of pairs: bAbI's recipe, of 172,000, has it so
  o.model = TransformerConfig::Preset(o.preset);
  o.model.decoder_start = kStartOfVocabulary;
  o.batch_tokens = 4096;
  o.model.norm_order = NormOrder::kPre;
  o.model.final_norm = true;
  o.model.d_ff = 4 * o.model.d_model;
  o.model.embedding_dropout = o.model.residual_dropout = 0;
  o.model.max_src_len = 600;
  o.model.max_tgt_len = 16;
  o.label_smoothing = 0;
  o.learning_rate = 0.001;
  o.clip_norm = 1;
  o.metric = StopMetric::kExactMatch;
  r->epochs = 100;
  r->warmup = 0.01;
  if (facts.segment_mark.empty()) return;
  r->reasons.push_back(fmt::format("{} ends the parts of a source: each is seen as one fact", facts.segment_mark));
  r->vocab.symbols = {facts.segment_mark};
  o.model.segment_end = 3;  // the first of a vocabulary's symbols
  o.model.encoder_layers = 1;
  o.model.encoder_repeats = 6;
  o.model.decoder_layers = 2;
  o.micro_batch_tokens = 8192;  // few rows of the encoder each
}

}  // namespace

Recommendation Recommend(const CorpusFacts& facts, bool has_fast_bf16) {
  Recommendation r;
  r.kind = KindOf(facts);
  const SizeRule& rule = RuleFor(facts.pairs);
  TrainOptions& o = r.options;
  o.preset = rule.preset;
  o.model = TransformerConfig::Preset(rule.preset);
  o.model.decoder_start = kStartOfVocabulary;
  o.model.embedding_dropout = o.model.residual_dropout = rule.dropout;
  if (rule.dropout > 0.2f) o.model.ffn_dropout = 0.1f;
  o.learning_rate = rule.rate;
  o.batch_tokens = rule.batch_tokens;
  o.schedule = ScheduleKind::kLinear;
  o.ema_decay = 0.999f;
  o.precision = has_fast_bf16 ? Precision::kBf16 : Precision::kF32;
  o.metric = StopMetric::kBleu;
  r.epochs = EpochsFor(facts.pairs);
  r.warmup = 0.4;  // a small model learns long at a rising rate; a large one has thousands of updates in less
  if (facts.pairs > 400'000) r.warmup = 0.1;
  r.joint = facts.shared_letters >= 0.5;
  r.vocab.size = rule.vocab;
  if (r.kind == TaskKind::kTranslation) {
    AdaptSizes(facts, &r);
    o.overlong = Overlong::kDrop;  // halves of a pair that is cut need not match
    r.reasons.push_back(r.joint ? "one script: one vocabulary for both sides, and all embeddings tied"
                                : "two scripts: a vocabulary each");
    if (!r.joint) r.vocab.size /= 2;
  }
  if (r.kind == TaskKind::kSummaries) AdaptToSummaries(facts, &r);
  if (r.kind == TaskKind::kAnswers) AdaptToAnswers(facts, &r);
  if (!r.joint) {
    o.model.tying = Tying::kDecoder;
    o.metric = StopMetric::kChrf;  // which needs no tokenizer that suits the target's script
  }
  r.reasons.insert(r.reasons.begin(),
                   fmt::format("{} pairs: a {} model, dropout {}, {} pieces{}", facts.pairs, o.preset,
                               o.model.residual_dropout, r.vocab.size, r.joint ? "" : " a side"));
  return r;
}

}  // namespace dragoman
