// SPDX-License-Identifier: Apache-2.0
#include "kernels/layer_norm.h"

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"

namespace dragoman {

Variable LayerNorm(Workspace& workspace, const Variable& x, const Parameter& gain, const Parameter* bias,
                   float epsilon) {
  ExpectShape("LayerNorm", &gain, 1, x.cols());
  ExpectShape("LayerNorm", bias, 1, x.cols());
  Variable y = workspace.New(x.rows(), x.cols());
  Variable statistics = workspace.New(2, x.rows());  // row 0: mean, row 1: 1 / sqrt(var + epsilon)
  float* mean = statistics.writable().Row(0);
  float* inv_std = statistics.writable().Row(1);
  kernels::LayerNormForward(x.value(), gain.data, bias != nullptr ? bias->data : nullptr, epsilon, y.writable(), mean,
                            inv_std);

  Record(workspace, y, [&gain, bias, x, y, statistics, mean, inv_std](Tape& tape) {
    const auto dx = tape.SlotFor(x);
    kernels::LayerNormBackward(tape.Gradient(y), x.value(), gain.data, mean, inv_std, dx.matrix, dx.accumulate,
                               tape.GradientOf(gain), bias != nullptr ? tape.GradientOf(*bias) : nullptr);
  });
  return y;
}

}  // namespace dragoman
