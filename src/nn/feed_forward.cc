// SPDX-License-Identifier: Apache-2.0
#include "nn/feed_forward.h"

namespace dragoman {

FeedForward::FeedForward(ParameterPlan& plan, const std::string& path, const Options& options)
    : options_(options), in_proj_(plan, path + ".in_proj", options.d_model, options.d_ff, options.bias) {
  if (options.gated) gate_proj_ = LinearLayer(plan, path + ".gate_proj", options.d_model, options.d_ff, options.bias);
  out_proj_ = LinearLayer(plan, path + ".out_proj", options.d_ff, options.d_model, options.bias);
}

Variable FeedForward::Forward(Workspace& workspace, const Variable& x) const {
  Variable hidden;  // [tokens, d_ff]
  if (options_.gated) {
    hidden = ActivateGated(workspace, gate_proj_(workspace, x), in_proj_(workspace, x), options_.activation,
                           options_.dropout);
  } else {
    hidden =
        Activate(workspace, in_proj_.WithoutBias(workspace, x), in_proj_.bias, options_.activation, options_.dropout);
  }
  return out_proj_.WithoutBias(workspace, hidden);  // [tokens, d_model]
}

void FeedForward::Initialize(ParameterStore& store, Rng& rng) const {
  in_proj_.Initialize(store, rng);
  if (options_.gated) gate_proj_.Initialize(store, rng);
  out_proj_.Initialize(store, rng);
}

}  // namespace dragoman
