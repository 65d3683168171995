// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "kernels/dropout.h"
#include "kernels/elementwise.h"

namespace dragoman {

Variable AddResidual(Workspace& workspace, Variable x, const Parameter* bias, const Variable& residual,
                     float dropout_rate) {
  ExpectShape("AddResidual", bias, 1, x.cols());
  ExpectShape("AddResidual", "residual", residual.value(), x.rows(), x.cols());
  const kernels::Dropout dropout = NextDropout(workspace, dropout_rate);
  const ConstMatrix x_value = x.value();
  Variable y = workspace.Reuse(x);
  kernels::ResidualDropout(dropout, x_value, bias != nullptr ? bias->data : nullptr, residual.value(), y.writable());

  Record(workspace, y, [bias, x, residual, y, dropout](Tape& tape) {
    const auto dx = tape.SlotFor(x);
    kernels::ApplyDropout(dropout, tape.Gradient(y), dx.matrix, dx.accumulate);  // dx = dy * mask
    if (bias != nullptr) kernels::AddColumnSums(dx.matrix, tape.GradientOf(*bias));
    tape.PassGradient(y, residual);  // dresidual += dy
  });
  return y;
}

}  // namespace dragoman
