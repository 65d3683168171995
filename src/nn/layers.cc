// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"

#include <algorithm>
#include <cmath>

namespace dragoman {

LinearLayer::LinearLayer(ParameterStore& store, const std::string& path, int64_t in, int64_t out, bool with_bias)
    : weight(store.Declare(path + ".weight", {in, out}, WeightUse::kLinear)),
      bias(with_bias ? store.Declare(path + ".bias", {out}) : nullptr) {}

void LinearLayer::Initialize(ParameterStore& store, Rng& rng) const {
  const double limit = std::sqrt(6.0 / static_cast<double>(weight->rows() + weight->cols()));
  for (float& w : store.Writable(*weight)) w = static_cast<float>((2.0 * rng.Uniform() - 1.0) * limit);
}

LayerNormLayer::LayerNormLayer(ParameterStore& store, const std::string& path, int64_t d, float epsilon_in)
    : gain(store.Declare(path + ".weight", {d})), bias(store.Declare(path + ".bias", {d})), epsilon(epsilon_in) {}

void LayerNormLayer::Initialize(ParameterStore& store) const { std::ranges::fill(store.Writable(*gain), 1.0f); }

}  // namespace dragoman
