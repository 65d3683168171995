// SPDX-License-Identifier: Apache-2.0
#include "kernels/dropout.h"

#include <utility>

#include "autograd/ops.h"
#include "autograd/tape.h"

namespace dragoman {

Variable Dropout(Workspace& workspace, Variable x, float rate) {
  const kernels::Dropout dropout = NextDropout(workspace, rate);
  if (!dropout.active()) return x;
  kernels::ApplyDropout(dropout, x.value(), x.writable(), /*accumulate=*/false);
  RecordInPlace(workspace, x, [x, dropout](Tape& tape) {
    const Matrix& dx = tape.WritableGradient(x);
    kernels::ApplyDropout(dropout, dx, dx, /*accumulate=*/false);
  });
  return x;
}

}  // namespace dragoman
