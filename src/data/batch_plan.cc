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

constexpr int64_t kSourceFactor = 4;  // source tokens for each target token that a batch may hold

// The pairs of an epoch, in the file's order.
void ListPairs(int64_t pairs, std::span<const PairShare> shares, int64_t epoch, std::vector<uint32_t>* order) {
  order->clear();
  order->reserve(static_cast<size_t>(pairs));
  int64_t first = 0;
  const auto add = [&](int64_t pair) { order->push_back(static_cast<uint32_t>(first + pair)); };
  const auto add_all = [&](int64_t count) {
    for (int64_t pair = 0; pair < count; ++pair) add(pair);
  };
  if (shares.empty()) return add_all(pairs);
  for (const PairShare& share : shares) {
    for (int64_t time = 0; time < share.thousandths / 1000; ++time) add_all(share.pairs);
    // After 1000 epochs it has gone through them a whole number of times, and is at the first again.
    const int64_t step = share.thousandths % 1000 * share.pairs, turn = epoch % 1000;
    for (int64_t next = turn * step / 1000; next < (turn + 1) * step / 1000; ++next) add(next % share.pairs);
    first += share.pairs;
  }
  DRAGOMAN_CHECK(first == pairs);
}

// Cuts plan->order into batches, each as many pairs as fit.
void CutIntoBatches(std::span<const PairLengths> lengths, int64_t max_tokens, BatchPlan* plan) {
  plan->starts.clear();
  int64_t src = 0;
  int64_t tgt = 0;
  for (size_t i = 0; i < plan->order.size(); ++i) {
    const PairLengths pair = lengths[plan->order[i]];
    src += pair.src;
    tgt += pair.tgt;
    if (i > 0 && src <= max_tokens * kSourceFactor && tgt <= max_tokens) continue;
    plan->starts.push_back(static_cast<uint32_t>(i));
    src = pair.src;
    tgt = pair.tgt;
  }
  plan->starts.push_back(static_cast<uint32_t>(plan->order.size()));
}

// Sorts by length what holds pairs several times: in an order of chance, so that copies are not neighbours.
void SortCopiesByLength(std::span<const PairLengths> lengths, Rng* rng, std::vector<uint32_t>* order) {
  Shuffle(order, rng);
  const auto key = [&](uint32_t pair) { return std::tuple(lengths[pair].tgt, lengths[pair].src); };
  std::stable_sort(order->begin(), order->end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
}

// Sorts by length. Pairs of equal lengths come in an order of chance, so that batches differ between epochs; the key
// is unique, so that every sorting algorithm gives the same result.
void SortByLength(std::span<const PairLengths> lengths, uint64_t epoch_seed, std::vector<uint32_t>* order) {
  const auto key = [&](uint32_t pair) {
    const PairLengths length = lengths[pair];
    return std::tuple(length.tgt, length.src, HashCombine(epoch_seed, pair), pair);
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
    throw OptionError(fmt::format("`batch_tokens` {}: out of range; expected 1 to {}; some thousand is usual",
                                  max_tokens, INT32_MAX / 64));
  }
  const int64_t pairs = PairsAnEpoch(/*pairs=*/1);  // where there are no shares nothing is wrong with them
  if (pairs < 1 || pairs > INT64_C(0xFFFFFFFF) - std::ssize(shares)) {
    throw OptionError(
        fmt::format("`train_weight` makes epochs of {} pairs; expected 1 to some 4 billion; choose others", pairs));
  }
  if (decoder_start < -1) {
    throw OptionError(
        fmt::format("`decoder_start` {}: out of range; expected a token id, or -1 for a zero vector", decoder_start));
  }
}

int64_t BatchOptions::PairsAnEpoch(int64_t pairs) const {
  if (shares.empty()) return pairs;
  int64_t sum = 0;
  for (const PairShare& share : shares) sum += share.pairs * share.thousandths / 1000;
  return sum;
}

bool BatchOptions::EpochsDiffer() const {
  return std::ranges::any_of(shares, [](const PairShare& share) { return share.thousandths % 1000 != 0; });
}

bool BatchOptions::RepeatsPairs() const {
  return std::ranges::any_of(shares, [](const PairShare& share) { return share.thousandths > 1000; });
}

std::span<const uint32_t> BatchPlan::Pairs(int64_t batch) const {
  DRAGOMAN_CHECK(batch >= 0 && batch < batches());
  const auto b = static_cast<size_t>(batch);
  return std::span(order).subspan(starts[b], starts[b + 1] - starts[b]);
}

void PlanEpoch(std::span<const PairLengths> lengths, const BatchOptions& options, int64_t epoch, BatchPlan* plan) {
  const uint64_t epoch_seed = HashCombine(options.seed, static_cast<uint64_t>(epoch));
  Rng rng(epoch_seed);
  ListPairs(std::ssize(lengths), options.shares, epoch, &plan->order);
  if (options.order == BatchOrder::kShuffled) Shuffle(&plan->order, &rng);
  if (options.order == BatchOrder::kBucketed && options.RepeatsPairs()) {
    SortCopiesByLength(lengths, &rng, &plan->order);
  } else if (options.order == BatchOrder::kBucketed) {
    SortByLength(lengths, epoch_seed, &plan->order);
  }
  CutIntoBatches(lengths, options.max_tokens, plan);
  if (options.order == BatchOrder::kBucketed) ShuffleBatches(&rng, plan);
}

}  // namespace dragoman
