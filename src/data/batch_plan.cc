// SPDX-License-Identifier: Apache-2.0
#include "data/batch_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/check.h"
#include "base/error.h"
#include "base/hash.h"
#include "data/shuffle.h"

namespace dragoman {
namespace {

constexpr int64_t kOtherSideFactor = 4;  // of the side that max_tokens does not count

// Says whether one more pair fits into a batch.
class Budget {
 public:
  explicit Budget(const BatchOptions& options)
      : max_src_(options.max_tokens * (options.unit == TokenUnit::kTarget ? kOtherSideFactor : 1)),
        max_tgt_(options.max_tokens * (options.unit == TokenUnit::kSource ? kOtherSideFactor : 1)),
        max_sentences_(options.max_sentences > 0 ? options.max_sentences : INT64_MAX) {}

  // Adds the pair and returns true, or starts anew with it and returns false. The first pair always starts anew.
  bool Add(PairLengths pair) {
    if (sentences_ > 0 && sentences_ + 1 <= max_sentences_ && src_ + pair.src <= max_src_ &&
        tgt_ + pair.tgt <= max_tgt_) {
      ++sentences_;
      src_ += pair.src;
      tgt_ += pair.tgt;
      return true;
    }
    sentences_ = 1;
    src_ = pair.src;
    tgt_ = pair.tgt;
    return false;
  }

 private:
  int64_t max_src_;
  int64_t max_tgt_;
  int64_t max_sentences_;
  int64_t sentences_ = 0;
  int64_t src_ = 0;
  int64_t tgt_ = 0;
};

// Sorts by length. Pairs of equal lengths come in an order of chance, so that batches differ between epochs; the key
// is unique, so that every sorting algorithm gives the same result.
void SortByLength(std::span<const PairLengths> lengths, TokenUnit unit, uint64_t epoch_seed,
                  std::vector<uint32_t>* order) {
  const auto key = [&](uint32_t pair) {
    const PairLengths length = lengths[pair];
    const uint16_t first = unit == TokenUnit::kTarget   ? length.tgt
                           : unit == TokenUnit::kSource ? length.src
                                                        : std::max(length.src, length.tgt);
    return std::tuple(first, static_cast<uint32_t>(length.src) + length.tgt, HashCombine(epoch_seed, pair), pair);
  };
  std::sort(order->begin(), order->end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
}

// Puts the batches, each a run of plan->order, in random order.
void ShuffleBatches(Rng* rng, BatchPlan* plan) {
  std::vector<uint32_t> batches(static_cast<size_t>(plan->batches()));
  std::iota(batches.begin(), batches.end(), 0u);
  Shuffle(&batches, rng);
  std::vector<uint32_t> order;
  std::vector<uint32_t> starts;
  order.reserve(plan->order.size());
  starts.reserve(plan->starts.size());
  for (const uint32_t batch : batches) {
    starts.push_back(static_cast<uint32_t>(order.size()));
    const auto pairs = plan->Pairs(batch);
    order.insert(order.end(), pairs.begin(), pairs.end());
  }
  starts.push_back(static_cast<uint32_t>(order.size()));
  plan->order.swap(order);
  plan->starts.swap(starts);
}

}  // namespace

void BatchOptions::Validate() const {
  if (max_tokens < 1 || max_tokens > INT32_MAX / 64) {
    throw OptionError(fmt::format("max_tokens_per_batch {}: out of range; expected 1 to {}; some thousand is usual",
                                  max_tokens, INT32_MAX / 64));
  }
  if (max_sentences < 0) {
    throw OptionError(
        fmt::format("max_sentences_per_batch {}: negative; expected a number, or 0 for no limit", max_sentences));
  }
  if (decoder_start < -1) {
    throw OptionError(
        fmt::format("decoder_start {}: out of range; expected a token id, or -1 for a zero vector", decoder_start));
  }
}

std::span<const uint32_t> BatchPlan::Pairs(int64_t batch) const {
  DRAGOMAN_CHECK(batch >= 0 && batch < batches());
  const auto b = static_cast<size_t>(batch);
  return std::span(order).subspan(starts[b], starts[b + 1] - starts[b]);
}

void PlanEpoch(std::span<const PairLengths> lengths, const BatchOptions& options, int64_t epoch, BatchPlan* plan) {
  const uint64_t epoch_seed = HashCombine(options.seed, static_cast<uint64_t>(epoch));
  Rng rng(epoch_seed);
  plan->order.resize(lengths.size());
  std::iota(plan->order.begin(), plan->order.end(), 0u);
  if (options.order == BatchOrder::kShuffled) Shuffle(&plan->order, &rng);
  if (options.order == BatchOrder::kBucketed) SortByLength(lengths, options.unit, epoch_seed, &plan->order);

  plan->starts.clear();
  Budget budget(options);
  for (size_t i = 0; i < plan->order.size(); ++i) {
    if (!budget.Add(lengths[plan->order[i]])) plan->starts.push_back(static_cast<uint32_t>(i));
  }
  plan->starts.push_back(static_cast<uint32_t>(plan->order.size()));
  if (options.order == BatchOrder::kBucketed) ShuffleBatches(&rng, plan);
}

}  // namespace dragoman
