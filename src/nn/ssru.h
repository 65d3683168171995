// SPDX-License-Identifier: Apache-2.0
// The simpler simple recurrent unit as a sub-layer. Source: Kim 2019, §3.1:
//   f_t = sigmoid(W_f x_t + b_f),   c_t = f_t * c_{t-1} + (1 - f_t) * W x_t,   max(0, c_t)
#ifndef DRAGOMAN_NN_SSRU_H_
#define DRAGOMAN_NN_SSRU_H_

#include <string>

#include "nn/layers.h"

namespace dragoman {

class SsruLayer {
 public:
  SsruLayer(ParameterPlan& plan, const std::string& path, int64_t d_model)
      : f_proj_(plan, path + ".f_proj", d_model, d_model, /*with_bias=*/true),
        x_proj_(plan, path + ".x_proj", d_model, d_model, /*with_bias=*/false) {}

  // x [tokens, d_model] -> [tokens, d_model]
  Variable Forward(Workspace& workspace, const Variable& x, const Packing& packing) const {
    return Ssru(workspace, f_proj_(workspace, x), x_proj_(workspace, x), packing);
  }
  void Initialize(ParameterStore& store, Rng& rng) const {
    f_proj_.Initialize(store, rng);
    x_proj_.Initialize(store, rng);
  }

 private:
  LinearLayer f_proj_, x_proj_;  // [d_model, d_model]
};

}  // namespace dragoman

#endif  // DRAGOMAN_NN_SSRU_H_
