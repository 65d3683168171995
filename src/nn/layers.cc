// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace dragoman {

LinearLayer::LinearLayer(ParameterPlan& plan, const std::string& path, int64_t in, int64_t out, bool with_bias)
    : weight(plan.Declare(path + ".weight", {in, out}, WeightUse::kLinear)),
      bias(with_bias ? plan.Declare(path + ".bias", {out}) : nullptr) {}

void LinearLayer::Initialize(ParameterStore& store, Rng& rng) const {
  const double limit = std::sqrt(6.0 / static_cast<double>(weight->rows() + weight->cols()));
  for (float& w : store.Writable(*weight)) w = static_cast<float>((2.0 * rng.Uniform() - 1.0) * limit);
}

NormLayer::NormLayer(ParameterPlan& plan, const std::string& path, int64_t d, const Options& options)
    : gain(plan.Declare(path + ".weight", {d})),
      bias(options.bias ? plan.Declare(path + ".bias", {d}) : nullptr),
      epsilon(options.epsilon),
      rms(options.rms) {
  DRAGOMAN_CHECK(bias == nullptr || !rms);
}

void NormLayer::Initialize(ParameterStore& store) const { std::ranges::fill(store.Writable(*gain), 1.0f); }

}  // namespace dragoman
