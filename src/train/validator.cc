// SPDX-License-Identifier: Apache-2.0
#include "train/validator.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "data/corpus_builder.h"
#include "data/parallel_reader.h"
#include "decode/translator.h"
#include "metrics/chrf.h"

namespace dragoman {
namespace {

constexpr int64_t kBatchTokens = 4096;
constexpr size_t kSamples = 3;

}  // namespace

double ValidationScores::Quality(StopMetric metric) const {
  if (metric == StopMetric::kBleu) return bleu;
  return metric == StopMetric::kChrf ? chrf : -loss;
}

Validator::Validator(const TrainOptions& options, Transformer& model, const Vocabulary& src_vocab,
                     const Vocabulary& tgt_vocab, GradientWorkers& workers, WorkerPool& pool)
    : model_(model),
      src_vocab_(src_vocab),
      tgt_vocab_(tgt_vocab),
      workers_(workers),
      pool_(pool),
      beam_size_(options.valid_beam_size) {
  const auto tokenizer = BleuTokenizerFromName(options.valid_tokenize);
  if (!tokenizer) {
    throw OptionError("--valid-tokenize is \"" + options.valid_tokenize + "\", expected 13a, zh, char, intl or none");
  }
  bleu_.tokenizer = *tokenizer;
  input_ = {.format = PairFormat::kTwoFiles, .source = options.valid_src, .target = options.valid_tgt};
  ParallelReader reader(input_);
  std::string_view source, target;
  while (reader.Next(&source, &target)) {
    sources_.emplace_back(source);
    references_.emplace_back(target);
  }
  if (sources_.empty()) {
    throw FileError(options.valid_src, "no sentence pairs in it, expected some to validate with; check the file names");
  }
  report_.crlf_lines = reader.notes().crlf_lines;
  report_.bom_files = reader.notes().bom_files;
  MakeBatches();
}

// Pairs as in training, but for those with an empty side, which count here: every line is translated.
void Validator::MakeBatches() {
  const TransformerConfig& config = model_.config();
  const CorpusOptions limits{.max_src_len = config.max_src_len, .max_tgt_len = config.max_tgt_len};
  int64_t tokens = kBatchTokens;  // of the current batch
  for (size_t i = 0; i < sources_.size(); ++i) {
    std::vector<int32_t> src = src_vocab_.Encode(sources_[i]);
    std::vector<int32_t> tgt = tgt_vocab_.Encode(references_[i]);
    TakePair(limits, {src_vocab_, tgt_vocab_}, static_cast<int64_t>(i) + 1, &src, &tgt, &report_);
    src.push_back(src_vocab_.eos_id());
    tgt.push_back(tgt_vocab_.eos_id());
    if (tokens >= kBatchTokens) {
      batches_.emplace_back().Clear();
      tokens = 0;
    }
    Batch& batch = batches_.back();
    batch.src_ids.insert(batch.src_ids.end(), src.begin(), src.end());
    batch.tgt_out_ids.insert(batch.tgt_out_ids.end(), tgt.begin(), tgt.end());
    batch.FinishSentence(static_cast<int64_t>(i), config.decoder_start);
    tokens += static_cast<int64_t>(tgt.size());
  }
}

BatchSums Validator::Losses(const std::function<void()>& check) {
  BatchSums sums;
  for (const Batch& batch : batches_) {
    check();
    sums.Add(workers_.Evaluate(batch));
  }
  return sums;
}

ValidationScores Validator::Run(const std::function<void()>& check) {
  model_.PrepareForDecoding();
  const BatchSums sums = Losses(check);
  DecodeOptions decode;
  decode.beam_size = beam_size_;
  Translator translator(model_, src_vocab_, tgt_vocab_, decode, pool_);
  const std::vector<TranslatedLine> lines = translator.Translate(sources_, 0, check);

  std::vector<std::string> translations;
  for (const TranslatedLine& line : lines) translations.push_back(line.n_best.front().text);
  samples_.clear();
  for (size_t i = 0; i < std::min(kSamples, lines.size()); ++i) {
    samples_.push_back({sources_[i], references_[i], translations[i]});
  }
  const auto tokens = static_cast<double>(std::max<int64_t>(1, sums.tgt_tokens));
  return {sums.loss / tokens, sums.nll / tokens, CorpusBleu(translations, references_, bleu_).score,
          CorpusChrf(translations, references_)};
}

}  // namespace dragoman
