// SPDX-License-Identifier: Apache-2.0
#include "kernels/choose_tokens.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/choose_tokens.cc"
#include "hwy/foreach_target.h"
// After foreach_target.h:
#include "hwy/highway.h"
#include "kernels/lanes-inl.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace dragoman::kernels {
namespace HWY_NAMESPACE {

// The best so far, best first, with logits in place of log-probabilities.
class Ranking {
 public:
  // Nothing below `least` is among the best.
  Ranking(std::span<TokenLogProb> best, float least)
      : best_(best), to_beat_(std::nextafter(least, -std::numeric_limits<float>::infinity())) {}

  int64_t count() const { return static_cast<int64_t>(count_); }
  float to_beat() const { return to_beat_; }

  // Of a token behind all those offered before: of equals it is the last.
  void Offer(int32_t token, float logit) {
    if (!(logit > to_beat_)) return;
    if (count_ < best_.size()) ++count_;
    size_t at = count_ - 1;
    for (; at > 0 && best_[at - 1].log_prob < logit; --at) best_[at] = best_[at - 1];
    best_[at] = {token, logit};
    if (count_ == best_.size()) to_beat_ = best_.back().log_prob;
  }

 private:
  std::span<TokenLogProb> best_;
  size_t count_ = 0;
  float to_beat_;
};

// What `count` of the logits reach: so many parts of the row have their largest there. Knowing it, few tokens enter the
// ranking only to be driven out again.
float ReachedBy(size_t count, const float* logits, int64_t n) {
  constexpr float kNothing = -std::numeric_limits<float>::infinity();
  constexpr size_t kParts = kSumParts * kLanes;
  constexpr size_t kFew = 4;  // of which hardly any is driven out
  if (count < kFew || count > kParts || n < 8 * int64_t{kParts}) return kNothing;
  Largest largest(kNothing);
  ForEachVectorInParts(n, [&](int64_t i, auto lanes, int part) DRAGOMAN_LANES {
    largest.part[part] = hn::Max(largest.part[part], lanes.LoadOr(logits + i, kNothing));
  });
  HWY_ALIGN float parts[kParts];
  for (int part = 0; part < kSumParts; ++part) hn::Store(largest.part[part], Tag(), parts + part * kLanes);
  std::nth_element(parts, parts + (count - 1), parts + kParts, std::greater<>());
  return parts[count - 1];
}

// Four vectors at a time are looked at for one that is better.
void RankTokens(const float* logits, int64_t n, Ranking& ranking) {
  constexpr int64_t kVecs = 4, kStep = kVecs * kLanes;
  const Tag d;
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    Floats vecs[kVecs];
    for (int64_t v = 0; v < kVecs; ++v) vecs[v] = hn::LoadU(d, logits + i + v * kLanes);
    const Floats largest = hn::Max(hn::Max(vecs[0], vecs[1]), hn::Max(vecs[2], vecs[3]));
    const Floats to_beat = hn::Set(d, ranking.to_beat());
    if (hn::AllFalse(d, hn::Gt(largest, to_beat))) continue;
    uint8_t better[8] = {};  // a bit each
    for (int64_t v = 0; v < kVecs; ++v) {
      for (size_t byte = hn::StoreMaskBits(d, hn::Gt(vecs[v], to_beat), better), b = 0; b < byte; ++b) {
        for (unsigned bits = better[b]; bits != 0; bits &= bits - 1) {
          const int64_t at = i + v * kLanes + static_cast<int64_t>(8 * b) + std::countr_zero(bits);
          ranking.Offer(static_cast<int32_t>(at), logits[at]);
        }
      }
    }
  }
  for (; i < n; ++i) ranking.Offer(static_cast<int32_t>(i), logits[i]);
}

// Sets choice.found.
void ChooseLikeliest(const float* logits, int64_t vocab, TokenChoice& choice) {
  Ranking ranking(choice.best, ReachedBy(choice.best.size(), logits, vocab));
  RankTokens(logits, vocab, ranking);
  choice.found = ranking.count();
}

Normalizer Normalize(const float* logits, int64_t vocab) { return NormalizerOf(logits, vocab); }

// Neither NaN nor +inf is among them.
bool AreBelowInfinity(const float* logits, int64_t n) {
  const Tag d;
  const Floats infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  auto all = hn::FirstN(d, kLanes);
  ForEachVector(
      n, [&](int64_t i, auto lanes) DRAGOMAN_LANES { all = hn::And(all, hn::Lt(lanes.Load(logits + i), infinity)); });
  return hn::AllTrue(d, all);
}

// NOLINTNEXTLINE(google-readability-namespace-comments)
}  // namespace HWY_NAMESPACE
}  // namespace dragoman::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dragoman::kernels {

HWY_EXPORT(ChooseLikeliest);
HWY_EXPORT(Normalize);
HWY_EXPORT(AreBelowInfinity);

namespace {

// Where `point`, from 0 up to the weights' sum, falls.
int32_t TokenAt(std::span<const std::pair<double, int32_t>> weights, double point) {
  for (const auto& [weight, token] : weights) {
    point -= weight;
    if (point < 0) return token;
  }
  return weights.back().second;  // rounding left a crumb
}

// In choice.best the logit stands for the log-probability.
void Draw(std::span<const float> logits, const TokenDraw& draw, TokenChoice& choice) {
  const float largest = *std::ranges::max_element(logits);
  if (!(largest > -std::numeric_limits<float>::infinity())) return;
  thread_local std::vector<std::pair<double, int32_t>> weights;  // not normalised; memory that is used again
  weights.clear();
  weights.reserve(logits.size());
  double total = 0;
  for (size_t id = 0; id < logits.size(); ++id) {
    const double weight = std::exp((double{logits[id]} - double{largest}) / double{draw.temperature});
    if (!(weight > 0)) continue;
    weights.emplace_back(weight, static_cast<int32_t>(id));
    total += weight;
  }
  if (draw.top_k > 0 || draw.top_p < 1) {
    std::ranges::sort(weights, [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    });
    if (draw.top_k > 0 && weights.size() > static_cast<size_t>(draw.top_k)) {
      weights.resize(static_cast<size_t>(draw.top_k));
    }
    total = 0;
    for (const auto& weight : weights) total += weight.first;
    double reached = 0;
    size_t kept = 0;
    while (kept < weights.size() && (kept == 0 || reached < double{draw.top_p} * total))
      reached += weights[kept++].first;
    weights.resize(kept);
    total = reached;
  }
  const int32_t token = TokenAt(weights, draw.uniform * total);
  choice.best.front() = {token, logits[static_cast<size_t>(token)]};
  choice.found = 1;
}

void ChooseFrom(std::span<float> logits, std::span<const int32_t> banned_always, TokenChoice& choice) {
  const auto vocab = static_cast<int64_t>(logits.size());
  choice.found = 0;
  Normalizer normalizer{};
  if (choice.skip_log_probs) {
    if (!HWY_DYNAMIC_DISPATCH(AreBelowInfinity)(logits.data(), vocab)) return;
  } else {
    normalizer = HWY_DYNAMIC_DISPATCH(Normalize)(logits.data(), vocab);
    if (!std::isfinite(normalizer.log_sum)) return;
  }
  if (choice.given) {
    choice.best.front() = {*choice.given, normalizer.LogProb(logits[static_cast<size_t>(*choice.given)])};
    choice.found = 1;
    return;
  }
  const float last_resort = choice.last_resort >= 0 ? logits[static_cast<size_t>(choice.last_resort)] : 0;
  for (const auto tokens : {banned_always, choice.banned}) {
    for (const int32_t token : tokens) logits[static_cast<size_t>(token)] = -std::numeric_limits<float>::infinity();
  }
  choice.draw ? Draw(logits, *choice.draw, choice)
              : HWY_DYNAMIC_DISPATCH(ChooseLikeliest)(logits.data(), vocab, choice);
  if (choice.found == 0 && choice.last_resort >= 0 && std::isfinite(last_resort)) {
    choice.best.front() = {choice.last_resort, last_resort};
    choice.found = 1;
  }
  for (TokenLogProb& token : choice.best.first(static_cast<size_t>(choice.found))) {
    token.log_prob = choice.skip_log_probs ? 0.0f : normalizer.LogProb(token.log_prob);
  }
}

}  // namespace

void ChooseTokens(const Matrix& logits, std::span<const int32_t> banned_always, std::span<TokenChoice> choices) {
  for (int64_t r = 0; r < logits.rows; ++r) {
    ChooseFrom({logits.Row(r), static_cast<size_t>(logits.cols)}, banned_always, choices[static_cast<size_t>(r)]);
  }
}

}  // namespace dragoman::kernels
#endif  // HWY_ONCE
