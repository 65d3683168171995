// SPDX-License-Identifier: Apache-2.0
#include "nn/layers.h"

#include <algorithm>
#include <cmath>

namespace dragoman {

LinearLayer::LinearLayer(ParameterStore& store, const std::string& path, int64_t in, int64_t out, bool with_bias)
    : weight(store.Declare(path + ".weight", {in, out})),
      bias(with_bias ? store.Declare(path + ".bias", {out}) : nullptr) {
  weight->use = WeightUse::kLinear;
}

void LinearLayer::Initialize(Rng& rng) const {
  const double limit = std::sqrt(6.0 / static_cast<double>(weight->rows() + weight->cols()));
  for (float& w : weight->span()) w = static_cast<float>((2.0 * rng.Uniform() - 1.0) * limit);
}

LayerNormLayer::LayerNormLayer(ParameterStore& store, const std::string& path, int64_t d, float epsilon_in)
    : gain(store.Declare(path + ".weight", {d})), bias(store.Declare(path + ".bias", {d})), epsilon(epsilon_in) {}

void LayerNormLayer::Initialize() const { std::fill_n(gain->data, gain->size, 1.0f); }

}  // namespace dragoman
