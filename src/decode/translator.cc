// SPDX-License-Identifier: Apache-2.0
#include "decode/translator.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <limits>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/file_system.h"

namespace dragoman {
namespace {

// Of each source the first that is equal to it: what is found for that is found for all. Samples are each its own.
std::vector<size_t> FirstOfEachKind(std::span<const TokenizedLine> sources, const DecodeOptions& options) {
  std::unordered_map<std::string_view, size_t> firsts;
  std::vector<size_t> first(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) {
    const std::string_view bytes = BytesOf(std::span<const int32_t>(sources[i].tokens));
    first[i] = options.sample ? i : firsts.try_emplace(bytes, i).first->second;
  }
  return first;
}

}  // namespace

Translator::Translator(const InferenceModel& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab,
                       const DecodeOptions& options, WorkerPool& pool)
    : src_vocab_(src_vocab),
      tgt_vocab_(tgt_vocab),
      max_src_len_(model.config().max_src_len),
      options_(options),
      pool_(pool) {
  options_.Validate();
  for (int worker = 0; worker < pool.workers(); ++worker) {
    engines_.push_back(std::make_unique<Engine>(model, GenerationRulesOf(tgt_vocab, model.config().tgt_vocab)));
  }
}

TranslatedLine Translator::ToText(const TokenizedLine& source, const SearchResult& found) const {
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

  const std::vector<size_t> first = FirstOfEachKind(sources, options_);
  // The longest first: they take the most steps, and in the end no engine is left with a few of them alone.
  std::vector<size_t> order;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].tokens.empty() && first[i] == i) order.push_back(i);
  }
  std::ranges::stable_sort(order, std::ranges::greater(), [&](size_t i) { return sources[i].tokens.size(); });
  std::vector<SearchResult> found(sources.size());
  std::atomic<size_t> next = 0;
  std::atomic<bool> has_failed = false;
  const auto search = [&](int worker) {
    std::unique_ptr<Engine>& engine = engines_[static_cast<size_t>(worker)];
    const auto add_some = [&] {
      for (size_t i = 0; engine->HasRoom() && (i = next++) < order.size();) {
        const auto line = static_cast<int64_t>(order[i]);
        engine->Add({line, sources[order[i]].tokens, &options_, job.first_line + line});
      }
    };
    try {
      for (add_some(); !engine->idle() && !has_failed; add_some()) {
        job.check();
        for (SearchResult& result : engine->Step()) {
          if (!result.error.empty() && !job.all_possible) throw NumericError(result.error);
          found[static_cast<size_t>(result.id)] = std::move(result);
        }
      }
    } catch (...) {
      has_failed = true;
      engine->CancelAll();
      throw;
    }
    engine->CancelAll();  // what is left when another one has failed
  };
  pool_.Run(std::ref(search));

  std::vector<TranslatedLine> translated;
  translated.reserve(sources.size());
  for (size_t i = 0; i < sources.size(); ++i) translated.push_back(ToText(sources[i], found[first[i]]));
  return translated;
}

}  // namespace dragoman
