// SPDX-License-Identifier: Apache-2.0
#include "decode/scorer.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>

#include "base/check.h"
#include "kernels/softmax.h"
#include "tensor/packed.h"

namespace dragoman {
namespace {

constexpr int64_t kBatchTokens = 1024;
constexpr size_t kBatchSentences = 64;
constexpr int64_t kSliceTokens = 256;  // logits exist for this many tokens at a time

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

Scorer::Scorer(const Transformer& model, const Tokenizer& src_vocab, const Tokenizer& tgt_vocab, WorkerPool& pool)
    : model_(model), src_vocab_(src_vocab), tgt_vocab_(tgt_vocab), pool_(pool) {
  for (int worker = 0; worker < pool.workers(); ++worker) workspaces_.push_back(std::make_unique<Workspace>());
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

void Scorer::ScoreBatch(Workspace& workspace, std::span<const Pair> pairs, std::span<const size_t> indices,
                        std::span<PairScore> scores) const {
  PackedSentences src, tgt_in, tgt_out;
  for (const size_t i : indices) {
    src.Add(pairs[i].src.tokens);
    tgt_in.AddShiftedRight(pairs[i].tgt, model_.config().decoder_start);
    tgt_out.Add(pairs[i].tgt);
  }
  const EncodedSource encoded = model_.Encode(workspace, src.view());
  const Variable hidden = model_.Decode(workspace, tgt_in.view(), encoded);  // [tgt_tokens, d_model]
  const std::vector<int32_t> sentence_of = tgt_out.packing().SentenceOfRows();
  std::vector<double> log_probs(tgt_in.ids.size());
  for (int64_t begin = 0; begin < hidden.rows(); begin += kSliceTokens) {
    const int64_t count = std::min(kSliceTokens, hidden.rows() - begin);
    const auto sentences = std::span(sentence_of).subspan(static_cast<size_t>(begin), static_cast<size_t>(count));
    Variable logits = model_.Logits(workspace, hidden.value().Rows(begin, count), sentences,
                                    encoded.copies());  // [count, tgt_vocab]
    kernels::LogSoftmaxRows(logits.writable());
    for (int64_t r = 0; r < count; ++r) {
      const auto position = static_cast<size_t>(begin + r);
      log_probs[position] = double{logits.value().At(r, tgt_out.ids[position])};
    }
  }
  std::span<double> rest = log_probs;
  for (const size_t i : indices) {
    std::fill_n(rest.begin(), tgt_vocab_.sentence().prefix.size(), 0.0);  // given, as in search
    scores[i] = ScoreOf(rest.first(pairs[i].tgt.size()));
    rest = rest.subspan(pairs[i].tgt.size());
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
      ScoreBatch(*workspaces_[static_cast<size_t>(worker)], pairs, batches[b], scores);
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
