// SPDX-License-Identifier: Apache-2.0
// Position-wise feed-forward network. Source: Vaswani 2017, §3.3, Eq. 2:  act(x W_in + b_in) W_out + b_out,
// or gated (Shazeer 2020, Eq. 6):  (act(x W_gate + b_gate) * (x W_in + b_in)) W_out + b_out.
// Deeper than the paper's, the plain form has further products with the non-linearity between W_in and W_out.
#ifndef DRAGOMAN_NN_FEED_FORWARD_H_
#define DRAGOMAN_NN_FEED_FORWARD_H_

#include <string>
#include <vector>

#include "nn/layers.h"

namespace dragoman {

class FeedForward {
 public:
  struct Options {
    int64_t d_model = 0;
    int64_t d_ff = 0;
    int depth = 2;  // products
    kernels::Activation activation = kernels::Activation::kRelu;
    bool gated = false;
    bool bias = true;
    float dropout = 0;  // after the activation
  };

  FeedForward(ParameterPlan& plan, const std::string& path, const Options& options);

  // x [tokens, d_model] -> [tokens, d_model], before the output bias: AddResidual adds output_bias().
  Variable Forward(Workspace& workspace, const Variable& x) const;

  const Parameter* output_bias() const { return out_proj_.bias; }
  void Initialize(ParameterStore& store, Rng& rng) const;

 private:
  Options options_;
  LinearLayer in_proj_;                    // [d_model, d_ff]
  LinearLayer gate_proj_;                  // [d_model, d_ff], gated forms only
  std::vector<LinearLayer> hidden_projs_;  // [depth - 2] of [d_ff, d_ff]
  LinearLayer out_proj_;                   // [d_ff, d_model]
};

}  // namespace dragoman

#endif  // DRAGOMAN_NN_FEED_FORWARD_H_
