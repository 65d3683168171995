// SPDX-License-Identifier: Apache-2.0
#include "train/agreement.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/signals.h"
#include "comm/packed_strings.h"
#include "kernels/gemm.h"

namespace dragoman {
namespace {

// "warmup 101" as "`warmup` 101".
std::string Quoted(const std::string& text) {
  const size_t end = text.find(' ');
  return "`" + text.substr(0, end) + "`" + text.substr(end);
}

}  // namespace

void RequireEqualOptions(const TrainOptions& options, Communicator& comm) {
  if (comm.size() == 1) return;
  const std::vector<std::string> own = options.SharedTexts(), first = UnpackStrings(comm.Broadcast(PackStrings(own)));
  for (size_t i = 0; i < own.size() && i < first.size(); ++i) {
    if (own[i] == first[i]) continue;
    throw OptionError(
        fmt::format("{} has the option {}, but rank 0 has {}; expected the same of all ranks; is `config` the same "
                    "file on all machines, and the program the same version?",
                    comm.name(), Quoted(own[i]), Quoted(first[i])),
        own[i].substr(0, own[i].find(' ')));
  }
}

bool HaveEqualThreads(int threads, Communicator& comm) {
  const auto own = static_cast<double>(threads);
  const std::vector<double> all = comm.AllGather({&own, 1});
  return std::ranges::all_of(all, [&](double other) { return other == all[0]; });
}

Precision UsablePrecision(Precision asked, Communicator& comm) {
  const double lacks_bf16 = kernels::HasFastBf16() ? 0 : 1;
  const bool can = std::ranges::max(comm.AllGather({&lacks_bf16, 1})) == 0;
  return asked == Precision::kBf16 && !can ? Precision::kF32 : asked;
}

void ShareStart(Communicator& comm, RunStanding* standing, Transformer* model, Optimizer* optimizer) {
  if (comm.size() == 1) return;
  standing->state = TrainState::FromJson(comm.Broadcast(standing->state.ToJson()), "state from rank 0");
  const double own[] = {static_cast<double>(standing->saved_step), static_cast<double>(standing->validated_step)};
  const std::vector<double> steps = comm.AllGather(own);
  standing->saved_step = static_cast<int64_t>(steps[0]);
  standing->validated_step = static_cast<int64_t>(steps[1]);
  comm.Broadcast(model->parameters().values());
  comm.Broadcast(optimizer->average());
  if (standing->state.step == 0) return;  // moments are zero
  comm.Broadcast(optimizer->first_moment());
  comm.Broadcast(optimizer->second_moment());
}

UpdateFindings Agree(const UpdateFindings& own, Communicator& comm) {
  const BatchSums& s = own.sums;
  const double values[] = {s.loss,
                           s.nll,
                           static_cast<double>(s.src_tokens),
                           static_cast<double>(s.tgt_tokens),
                           static_cast<double>(s.sentences),
                           own.squares,
                           static_cast<double>(own.first_suspect),
                           static_cast<double>(own.stop),
                           own.seconds};
  const std::vector<double> all = comm.AllGather(values);
  UpdateFindings total;
  for (size_t at = 0; at < all.size(); at += std::size(values)) {
    const double* v = &all[at];
    total.sums.Add({v[0], v[1], static_cast<int64_t>(v[2]), static_cast<int64_t>(v[3]), static_cast<int64_t>(v[4])});
    total.squares += v[5];
    total.first_suspect = std::min(total.first_suspect, static_cast<int>(v[6]));
    total.stop = std::max(total.stop, static_cast<int>(v[7]));
  }
  total.seconds = all[8];
  return total;
}

int StopAskedHere() { return StopRequested() ? 1 + StopSignalNumber() : 0; }

int AgreeOnStop(Communicator& comm) {
  const double own = StopAskedHere();
  return static_cast<int>(std::ranges::max(comm.AllGather({&own, 1})));
}

double AgreeOnSeconds(double own, Communicator& comm) { return comm.AllGather({&own, 1})[0]; }

}  // namespace dragoman
