// SPDX-License-Identifier: Apache-2.0
// The building blocks with parameters: each declares its parameters under a path and applies the ops to them.
// They hold pointers into a ParameterStore, which must outlive them, and no state of their own: const after
// construction, so all workers share them.
#ifndef DRAGOMAN_NN_LAYERS_H_
#define DRAGOMAN_NN_LAYERS_H_

#include <string>

#include "autograd/ops.h"
#include "autograd/parameter.h"
#include "base/rng.h"

namespace dragoman {

// y = x W + b.   W [in, out], b [out] or absent.
struct LinearLayer {
  LinearLayer() = default;
  LinearLayer(ParameterPlan& plan, const std::string& path, int64_t in, int64_t out, bool with_bias);

  // With the bias added.
  Variable operator()(Workspace& workspace, const Variable& x) const { return Linear(workspace, x, *weight, bias); }
  // Without it, for where the next op adds it.
  Variable WithoutBias(Workspace& workspace, const Variable& x) const { return Linear(workspace, x, *weight, nullptr); }

  // Uniform in ±sqrt(6 / (in + out)) (Glorot 2010, Eq. 16); the bias stays 0.
  void Initialize(ParameterStore& store, Rng& rng) const;

  const Parameter* weight = nullptr;
  const Parameter* bias = nullptr;
};

// Layer normalisation (Ba 2016, Eq. 4) with gain [d], and bias [d] or none; or by the root of the mean square (Zhang
// 2019, Eq. 4), which has no bias.
struct NormLayer {
  struct Options {
    float epsilon = 1e-5f;
    bool bias = true;
    bool rms = false;
  };
  NormLayer() = default;
  NormLayer(ParameterPlan& plan, const std::string& path, int64_t d, const Options& options);

  Variable operator()(Workspace& workspace, const Variable& x) const {
    return rms ? RmsNorm(workspace, x, *gain, epsilon) : LayerNorm(workspace, x, *gain, bias, epsilon);
  }
  void Initialize(ParameterStore& store) const;  // gain 1, bias 0

  const Parameter* gain = nullptr;
  const Parameter* bias = nullptr;
  float epsilon = 1e-5f;
  bool rms = false;
};

}  // namespace dragoman

#endif  // DRAGOMAN_NN_LAYERS_H_
