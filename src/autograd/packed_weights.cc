// SPDX-License-Identifier: Apache-2.0
#include "autograd/packed_weights.h"

#include <algorithm>
#include <functional>

#include "base/check.h"

namespace dragoman {
namespace {

using kernels::Transpose;

size_t Slot(const Parameter& weight, Transpose transpose) {
  return 2 * static_cast<size_t>(weight.index) + (transpose == Transpose::kYes ? 1 : 0);
}

}  // namespace

void PackedWeights::Choose(const ParameterStore& parameters, Precision precision) {
  for (const auto& parameter : parameters.parameters()) {
    if (parameter->use == WeightUse::kOther) continue;
    for (const Transpose transpose : {Transpose::kNo, Transpose::kYes}) {
      const bool in_f32 = parameter->use == WeightUse::kOutput && transpose == Transpose::kYes;
      if (precision == Precision::kBf16 || in_f32) entries_.push_back({parameter.get(), transpose, {}});
    }
  }
  std::ranges::stable_sort(entries_, std::greater<>(), [](const Entry& entry) { return entry.weight->size; });
  entry_of_.assign(2 * parameters.parameters().size(), -1);
  for (size_t i = 0; i < entries_.size(); ++i) {
    entry_of_[Slot(*entries_[i].weight, entries_[i].transpose)] = static_cast<int>(i);
  }
}

void PackedWeights::Pack(const ParameterStore& parameters, Precision precision, WorkerPool& pool) {
  if (parameters_ == nullptr) {
    precision_ = precision;
    parameters_ = &parameters;
    Choose(parameters, precision);
  }
  DRAGOMAN_CHECK(precision == precision_ && &parameters == parameters_);
  const auto pack = [&](int worker) {
    for (auto i = static_cast<size_t>(worker); i < entries_.size(); i += static_cast<size_t>(pool.workers())) {
      Entry& entry = entries_[i];
      entry.factor.Pack(precision, entry.weight->value(), entry.transpose);
    }
  };
  pool.Run(std::ref(pack));
}

const kernels::PackedFactor* PackedWeights::Find(const Parameter& weight, Transpose transpose) const {
  DRAGOMAN_CHECK(parameters_ != nullptr);
  const int entry = entry_of_[Slot(weight, transpose)];
  return entry < 0 ? nullptr : &entries_[static_cast<size_t>(entry)].factor;
}

}  // namespace dragoman
