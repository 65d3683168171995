// SPDX-License-Identifier: Apache-2.0
#include "decode/translator.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <utility>

#include "base/error.h"
#include "tensor/packed.h"

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

Translator::Translator(const Transformer& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                       const DecodeOptions& options, WorkerPool& pool)
    : src_vocab_(src_vocab),
      tgt_vocab_(tgt_vocab),
      max_src_len_(model.config().max_src_len),
      pool_(pool),
      searcher_(model, options, GenerationRulesOf(tgt_vocab, model.config().tgt_vocab)),
      max_sentences_(SentencesPerBatch(options)) {
  for (int worker = 0; worker < pool.workers(); ++worker) workspaces_.push_back(std::make_unique<Workspace>());
}

TranslatedLine Translator::ToText(const TokenizedLine& source, const Found& found) const {
  TranslatedLine line;
  line.truncated = source.truncated;
  line.repaired = source.repaired;
  line.empty = source.tokens.empty();
  line.unknown = source.unknown;
  line.error = found.error;
  for (const Hypothesis& hypothesis : found.hypotheses) {
    const auto own =
        std::span(hypothesis.tokens).subspan(std::min(hypothesis.tokens.size(), tgt_vocab_.sentence().prefix.size()));
    line.n_best.push_back({tgt_vocab_.Decode(own), hypothesis.score, hypothesis.log_prob, hypothesis.complete});
  }
  if (!line.error.empty()) {
    constexpr double kNone = std::numeric_limits<double>::quiet_NaN();  // 0, an empty line's, is the best there is
    line.n_best.push_back({"", kNone, kNone, false});
  }
  if (line.n_best.empty()) line.n_best.emplace_back();
  return line;
}

std::vector<TranslatedLine> Translator::Translate(std::span<const std::string> lines, int64_t first_line,
                                                  const std::function<void()>& check) {
  return Run({lines, first_line, check, /*all_possible=*/false});
}

std::vector<TranslatedLine> Translator::TranslateAllPossible(std::span<const std::string> lines, int64_t first_line) {
  return Run({lines, first_line, [] {}, /*all_possible=*/true});
}

std::vector<TranslatedLine> Translator::Run(const Job& job) {
  std::vector<TokenizedLine> sources(job.lines.size());
  std::atomic<size_t> next_line = 0;
  const auto tokenize = [&](int) {
    for (size_t i = next_line++; i < sources.size(); i = next_line++) {
      sources[i] = TokenizeLine(src_vocab_, job.lines[i], max_src_len_);
    }
  };
  pool_.Run(std::ref(tokenize));

  std::vector<size_t> lengths;
  for (const TokenizedLine& source : sources) lengths.push_back(source.tokens.size());
  const auto batches = BatchByLength(lengths, kBatchTokens, max_sentences_);
  std::vector<Found> found(sources.size());
  std::atomic<size_t> next_batch = 0;
  const auto search = [&](int worker) {
    try {
      for (size_t b = next_batch++; b < batches.size(); b = next_batch++) {
        Search(job, sources, batches[b], worker, found);
      }
    } catch (...) {
      next_batch = batches.size();  // nobody begins another
      throw;
    }
  };
  pool_.Run(std::ref(search));

  std::vector<TranslatedLine> translated;
  translated.reserve(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) translated.push_back(ToText(sources[i], found[i]));
  return translated;
}

// batch: indices of the lines that are searched together. Where that fails and all that is possible is wanted, each is
// tried alone: its result is the same.
void Translator::Search(const Job& job, std::span<const TokenizedLine> sources, std::span<const size_t> batch,
                        int worker, std::span<Found> found) {
  PackedSentences packed;
  std::vector<int64_t> sentence_ids;
  for (const size_t i : batch) {
    packed.Add(sources[i].tokens);
    sentence_ids.push_back(job.first_line + static_cast<int64_t>(i));
  }
  try {
    auto results = searcher_.Search(*workspaces_[static_cast<size_t>(worker)], packed.view(), sentence_ids, job.check);
    for (size_t s = 0; s < results.size(); ++s) found[batch[s]].hypotheses = std::move(results[s]);
  } catch (const NumericError& error) {
    if (!job.all_possible) throw;
    if (batch.size() == 1) {
      found[batch[0]].error = error.what();
      return;
    }
    for (const size_t& i : batch) Search(job, sources, {&i, 1}, worker, found);
  }
}

}  // namespace dragoman
