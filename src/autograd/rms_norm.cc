// SPDX-License-Identifier: Apache-2.0
#include "kernels/rms_norm.h"

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"

namespace dragoman {

Variable RmsNorm(Workspace& workspace, const Variable& x, const Parameter& gain, float epsilon) {
  ExpectShape("RmsNorm", &gain, 1, x.cols());
  Variable y = workspace.New(x.rows(), x.cols());
  Variable statistics = workspace.New(1, x.rows());  // 1 / sqrt(mean(x^2) + epsilon)
  float* inv_rms = statistics.writable().Row(0);
  kernels::RmsNormForward(x.value(), gain.data, epsilon, y.writable(), inv_rms);

  Record(workspace, y, [&gain, x, y, statistics, inv_rms](Tape& tape) {
    const auto dx = tape.SlotFor(x);
    kernels::RmsNormBackward(tape.Gradient(y), x.value(), gain.data, inv_rms, dx.matrix, dx.accumulate,
                             tape.GradientOf(gain));
  });
  return y;
}

}  // namespace dragoman
