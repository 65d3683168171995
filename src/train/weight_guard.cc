// SPDX-License-Identifier: Apache-2.0
#include "train/weight_guard.h"

#include <fmt/format.h>

#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include "base/byte_hash.h"
#include "base/counted.h"
#include "base/error.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

constexpr int kMaxSkippedInARow = 100;  // the weights are beyond repair by then

}  // namespace

WeightGuard::WeightGuard(const TrainOptions& options, const Transformer& model, Optimizer& optimizer,
                         GradientWorkers& workers, Communicator& comm)
    : options_(options), model_(model), optimizer_(optimizer), workers_(workers), comm_(comm) {}

void WeightGuard::NoteFinite(std::span<Batch> batches) {
  skipped_in_a_row_ = 0;
  if (!batches.empty()) std::swap(witness_, batches.front());
}

std::string WeightGuard::Skip(int64_t step, const std::string& where, double loss, double norm, int64_t saved_step) {
  const std::string what =
      fmt::format("step {}, {}: the loss is {} and the gradient's norm {}", step, where, std::abs(loss), norm);
  if (options_.on_non_finite == OnNonFinite::kStop) {
    throw NumericError(what + ", expected finite numbers; " + LastSaved(saved_step) + ", or `on_non_finite` skip");
  }
  if (++skipped_in_a_row_ == kMaxSkippedInARow) {
    throw NumericError(what + fmt::format(", like those of {} before; {}", Counted(skipped_in_a_row_ - 1, "update"),
                                          LastSaved(saved_step)));
  }
  return what + "; this update is skipped";
}

// The end of a message about numbers that are not finite.
std::string WeightGuard::LastSaved(int64_t saved_step) const {
  const std::string saved =
      saved_step < 0 ? "there is no checkpoint yet" : fmt::format("the last checkpoint is of step {}", saved_step);
  return saved + ". Try a lower `learning_rate`" + (options_.clip_norm > 0 ? "" : " or `clip_norm` 1");
}

// An update may well leave weights that are finite, but too large to compute with: so they have to give a finite loss
// once more, on a batch that gave one before.
void WeightGuard::RequireSound(int64_t step, std::span<const Batch> otherwise, int64_t saved_step) {
  if (comm_.rank() > 0) return;  // all have the same
  const auto fail = [&](const std::string& what) {
    throw NumericError(fmt::format("step {}: {}, expected finite numbers, so nothing is saved; {}", step, what,
                                   LastSaved(saved_step)));
  };
  if (!kernels::AllFinite(model_.parameters().values())) fail("weights are not finite");
  if (!kernels::AllFinite(optimizer_.second_moment())) fail("squares of gradients are not finite");
  if (witness_.sentences() == 0 && saved_step >= 0) return;  // no update since the checkpoint they come from
  const double loss = workers_.Evaluate(witness_.sentences() > 0 ? witness_ : otherwise.front()).loss;
  if (!std::isfinite(loss)) fail(fmt::format("the loss that the weights give is {}", std::abs(loss)));
}

void WeightGuard::RequireEqual(int64_t step, int64_t saved_step) {
  if (comm_.size() == 1) return;
  const uint64_t hash = HashBytes(BytesOf(std::span<const float>(model_.parameters().values())));
  const double halves[] = {static_cast<double>(hash >> 32), static_cast<double>(hash & 0xFFFFFFFF)};
  const std::vector<double> all = comm_.AllGather(halves);
  for (size_t rank = 1; rank < all.size() / 2; ++rank) {
    if (all[2 * rank] == all[0] && all[2 * rank + 1] == all[1]) continue;
    throw NumericError(fmt::format(
        "step {}: the weights of {} are not those of {}, expected the same bits, so nothing is saved; {}; does that "
        "machine compute soundly, and is it the same program?",
        step, comm_.Name(static_cast<int>(rank)), comm_.Name(0), LastSaved(saved_step)));
  }
}

}  // namespace dragoman
