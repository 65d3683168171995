// SPDX-License-Identifier: Apache-2.0
#include "decode/scorer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.h"
#include "infer/decoder.h"
#include "kernels/choose_tokens.h"
#include "tensor/packed.h"

namespace dragoman {
namespace {

constexpr int64_t kBatchTokens = 4096;
constexpr size_t kBatchSentences = 256;
constexpr int64_t kLogitRows = 64;  // logits exist for so many rows at a time

PairScore NoScore() {
  PairScore score;
  score.log_prob = std::numeric_limits<double>::quiet_NaN();
  return score;
}

// token_log_probs: of all of its target's tokens.
PairScore ScoreOf(std::span<const double> token_log_probs) {
  PairScore score;
  score.token_log_probs.assign(token_log_probs.begin(), token_log_probs.end());
  for (const double log_prob : token_log_probs) score.log_prob += log_prob;
  if (std::isfinite(score.log_prob)) return score;
  score = NoScore();
  score.error =
      "the model gives no finite log-probability for this target; its weights are damaged, score with an earlier "
      "checkpoint";
  return score;
}

}  // namespace

Scorer::Scorer(const InferenceModel& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, WorkerPool& pool)
    : model_(model), src_vocab_(src_vocab), tgt_vocab_(tgt_vocab), pool_(pool) {
  for (int worker = 0; worker < pool.workers(); ++worker) memory_.push_back(std::make_unique<BufferPool>());
}

Scorer::Pair Scorer::Tokenize(const std::string& source, const std::string& target) const {
  Pair pair;
  pair.src = TokenizeLine(src_vocab_, source, model_.config().max_src_len);
  TokenizedLine tgt = TokenizeLine(tgt_vocab_, target, model_.config().max_tgt_len);
  if (tgt.tokens.empty()) tgt_vocab_.sentence().Wrap(&tgt.tokens);  // an empty translation is </s> alone
  pair.truncated = pair.src.truncated || tgt.truncated;
  pair.unknown = pair.src.unknown + tgt.unknown;
  pair.tgt = std::move(tgt.tokens);
  return pair;
}

void Scorer::ScoreBatch(BufferPool& memory, std::span<const Pair> pairs, std::span<const size_t> indices,
                        std::span<PairScore> scores) const {
  PackedSentences sources;
  size_t longest = 0;
  for (const size_t i : indices) {
    sources.Add(pairs[i].src.tokens);
    longest = std::max(longest, pairs[i].tgt.size());
  }
  Decoder decoder(model_, memory);
  std::vector<int32_t> numbers;
  decoder.Open(sources.view(), &numbers);
  std::vector<std::vector<double>> log_probs(indices.size());
  std::vector<int32_t> row_of(indices.size(), -1);  // in the last step
  for (size_t t = 0; t < longest; ++t) {
    std::vector<DecoderRow> rows;
    std::vector<size_t> pair_of;  // of each row
    std::vector<int32_t> said;
    for (size_t p = 0; p < indices.size(); ++p) {
      const std::vector<int32_t>& target = pairs[indices[p]].tgt;
      if (t >= target.size()) continue;
      rows.push_back({numbers[p], t == 0 ? model_.config().decoder_start : target[t - 1], row_of[p]});
      row_of[p] = static_cast<int32_t>(pair_of.size());
      pair_of.push_back(p);
      said.push_back(target[t]);
    }
    decoder.Step(rows);
    for (size_t first = 0; first < rows.size(); first += static_cast<size_t>(kLogitRows)) {
      const size_t count = std::min(rows.size() - first, static_cast<size_t>(kLogitRows));
      const PooledMatrix logits = decoder.Logits(static_cast<int64_t>(first), static_cast<int64_t>(count));
      std::array<float, kLogitRows> found;
      kernels::LogProbsOf(logits.view(), std::span(said).subspan(first, count), found);
      for (size_t r = 0; r < count; ++r) log_probs[pair_of[first + r]].push_back(double{found[r]});
    }
  }
  for (size_t p = 0; p < indices.size(); ++p) {
    std::fill_n(log_probs[p].begin(), tgt_vocab_.sentence().prefix.size(), 0.0);  // given, as in search
    scores[indices[p]] = ScoreOf(log_probs[p]);
  }
}

std::vector<PairScore> Scorer::Score(std::span<const std::string> sources, std::span<const std::string> targets) {
  DRAGOMAN_CHECK(sources.size() == targets.size());
  std::vector<Pair> pairs(sources.size());
  std::atomic<size_t> next_pair = 0;
  const auto tokenize = [&](int) {
    for (size_t i = next_pair++; i < pairs.size(); i = next_pair++) pairs[i] = Tokenize(sources[i], targets[i]);
  };
  pool_.Run(std::ref(tokenize));

  std::vector<size_t> lengths;  // of source and target together
  for (const Pair& pair : pairs) {
    lengths.push_back(pair.src.tokens.empty() ? 0 : pair.src.tokens.size() + pair.tgt.size());
  }
  const auto batches = BatchByLength(lengths, kBatchTokens, kBatchSentences);
  std::vector<PairScore> scores(sources.size(), NoScore());
  std::atomic<size_t> next_batch = 0;
  const auto work = [&](int worker) {
    for (size_t b = next_batch++; b < batches.size(); b = next_batch++) {
      ScoreBatch(*memory_[static_cast<size_t>(worker)], pairs, batches[b], scores);
    }
  };
  pool_.Run(std::ref(work));
  for (size_t i = 0; i < scores.size(); ++i) {
    scores[i].truncated = pairs[i].truncated;
    scores[i].unknown = pairs[i].unknown;
  }
  return scores;
}

}  // namespace dragoman
