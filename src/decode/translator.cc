// SPDX-License-Identifier: Apache-2.0
#include "decode/translator.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <utility>

namespace dragoman {
namespace {

// Enough rows for GEMMs at full rate (sentences times beam), few enough that caches of keys and values stay small: they
// grow with the rows.
constexpr int64_t kBatchTokens = 2048;
constexpr int kBatchSentences = 64;
constexpr int kBatchRows = 512;

}  // namespace

size_t SentencesPerBatch(const DecodeOptions& options) {
  const int rows = options.sample ? options.n_best : options.beam_size;  // of one sentence
  return static_cast<size_t>(std::clamp(kBatchRows / rows, 1, kBatchSentences));
}

Translator::Translator(const Transformer& model, const Vocabulary& src_vocab, const Vocabulary& tgt_vocab,
                       const DecodeOptions& options, WorkerPool& pool)
    : src_vocab_(src_vocab),
      tgt_vocab_(tgt_vocab),
      max_src_len_(model.config().max_src_len),
      pool_(pool),
      searcher_(model, options, tgt_vocab.eos_id(), tgt_vocab.unk_id()),
      max_sentences_(SentencesPerBatch(options)) {
  for (int worker = 0; worker < pool.workers(); ++worker) tapes_.push_back(std::make_unique<Tape>());
}

TranslatedLine Translator::ToText(const TokenizedLine& source, const std::vector<Hypothesis>& hypotheses) const {
  TranslatedLine line;
  line.truncated = source.truncated;
  line.repaired = source.repaired;
  for (const Hypothesis& hypothesis : hypotheses) {
    line.n_best.push_back(
        {tgt_vocab_.Decode(hypothesis.tokens), hypothesis.score, hypothesis.log_prob, hypothesis.complete});
  }
  if (line.n_best.empty()) line.n_best.emplace_back();
  return line;
}

std::vector<TranslatedLine> Translator::Translate(std::span<const std::string> lines, int64_t first_line,
                                                  const std::function<void()>& check) {
  std::vector<TokenizedLine> sources(lines.size());
  std::atomic<size_t> next_line = 0;
  const auto tokenize = [&](int) {
    for (size_t i = next_line++; i < lines.size(); i = next_line++) {
      sources[i] = TokenizeLine(src_vocab_, lines[i], max_src_len_);
    }
  };
  pool_.Run(std::ref(tokenize));

  std::vector<size_t> lengths;
  for (const TokenizedLine& source : sources) lengths.push_back(source.tokens.size());
  const auto batches = BatchByLength(lengths, kBatchTokens, max_sentences_);
  std::vector<std::vector<Hypothesis>> hypotheses(lines.size());
  std::atomic<size_t> next_batch = 0;
  const auto search = [&](int worker) {
    for (size_t b = next_batch++; b < batches.size(); b = next_batch++) {
      PackedBatch batch;
      std::vector<int64_t> sentence_ids;
      for (const size_t i : batches[b]) {
        batch.Add(sources[i].tokens);
        sentence_ids.push_back(first_line + static_cast<int64_t>(i));
      }
      auto results = searcher_.Search(*tapes_[static_cast<size_t>(worker)], batch.view(), sentence_ids, check);
      for (size_t s = 0; s < results.size(); ++s) hypotheses[batches[b][s]] = std::move(results[s]);
    }
  };
  pool_.Run(std::ref(search));

  std::vector<TranslatedLine> translated;
  translated.reserve(lines.size());
  for (size_t i = 0; i < lines.size(); ++i) translated.push_back(ToText(sources[i], hypotheses[i]));
  return translated;
}

}  // namespace dragoman
