// SPDX-License-Identifier: Apache-2.0
#include "data/update_stream.h"

#include <algorithm>
#include <cmath>

namespace dragoman {

void UpdateStream::Next(UpdateBatches* update) {
  update->begin = stream_.position();
  update->tgt_tokens = 0;
  size_t own = 0;
  const int most = share_.accumulate * share_.ranks;
  for (int i = 0; i < most && stream_.position().epoch == update->begin.epoch; ++i) {
    update->tgt_tokens += stream_.NextTgtTokens();
    update->end = {update->begin.epoch, update->begin.batch + i + 1};
    if (i % share_.ranks != share_.rank) {
      stream_.Skip();
      continue;
    }
    if (own == update->batches.size()) update->batches.emplace_back();
    stream_.Next(&update->batches[own++]);
  }
  update->batches.resize(own);
}

int64_t CountUpdates(std::span<const PairLengths> lengths, const BatchOptions& options, int64_t batches,
                     DataPosition from, int64_t epochs, const std::function<void()>& check) {
  constexpr int64_t kMostPlans = 1000;
  constexpr double kEndless = 1e15;
  const auto updates_of = [batches](int64_t count) { return (std::max<int64_t>(0, count) + batches - 1) / batches; };
  const bool all_alike =
      options.order != BatchOrder::kShuffled && !options.EpochsDiffer();  // the lengths come in the same order
  BatchPlan plan;
  int64_t updates = 0, whole = 0, epoch = from.epoch, planned = 0;  // whole: of the passes that were planned from 0 on
  for (; epoch < epochs && planned < (all_alike ? 1 : kMostPlans); ++epoch, ++planned) {
    check();
    PlanEpoch(lengths, options, epoch, &plan);
    whole += updates_of(plan.batches());
    updates += updates_of(plan.batches() - (epoch == from.epoch ? from.batch : 0));
  }
  if (epoch >= epochs) return updates;
  const double rest = static_cast<double>(epochs - epoch) * static_cast<double>(whole) / static_cast<double>(planned);
  return updates + std::llround(std::min(rest, kEndless));
}

}  // namespace dragoman
