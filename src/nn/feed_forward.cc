// SPDX-License-Identifier: Apache-2.0
#include "nn/feed_forward.h"

namespace dragoman {

FeedForward::FeedForward(ParameterPlan& plan, const std::string& path, const Options& options)
    : options_(options), in_proj_(plan, path + ".in_proj", options.d_model, options.d_ff, options.bias) {
  if (options.gated) gate_proj_ = LinearLayer(plan, path + ".gate_proj", options.d_model, options.d_ff, options.bias);
  for (int i = 2; i < options.depth; ++i) {
    hidden_projs_.emplace_back(plan, path + ".hidden_projs." + std::to_string(i - 2), options.d_ff, options.d_ff,
                               options.bias);
  }
  out_proj_ = LinearLayer(plan, path + ".out_proj", options.d_ff, options.d_model, options.bias);
}

Variable FeedForward::Forward(Workspace& workspace, const Variable& x) const {
  const auto activated = [&](const LinearLayer& layer, const Variable& input) {
    return Activate(workspace, layer.WithoutBias(workspace, input), layer.bias, options_.activation, options_.dropout);
  };
  Variable hidden = options_.gated ? ActivateGated(workspace, gate_proj_(workspace, x), in_proj_(workspace, x),
                                                   options_.activation, options_.dropout)
                                   : activated(in_proj_, x);  // [tokens, d_ff]
  for (const LinearLayer& layer : hidden_projs_) hidden = activated(layer, hidden);
  return out_proj_.WithoutBias(workspace, hidden);  // [tokens, d_model]
}

void FeedForward::Initialize(ParameterStore& store, Rng& rng) const {
  in_proj_.Initialize(store, rng);
  if (options_.gated) gate_proj_.Initialize(store, rng);
  for (const LinearLayer& layer : hidden_projs_) layer.Initialize(store, rng);
  out_proj_.Initialize(store, rng);
}

}  // namespace dragoman
