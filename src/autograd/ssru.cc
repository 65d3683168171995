// SPDX-License-Identifier: Apache-2.0
#include "kernels/ssru.h"

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "base/check.h"

namespace dragoman {

Variable Ssru(Workspace& workspace, const Variable& forget, const Variable& x, const Packing& packing) {
  ExpectShape("Ssru", "forget", forget.value(), packing.tokens(), x.cols());
  ExpectShape("Ssru", "x", x.value(), packing.tokens(), x.cols());
  Variable cells = workspace.New(x.rows(), x.cols()), h = workspace.New(x.rows(), x.cols());
  kernels::SsruForward(packing, forget.value(), x.value(), cells.writable(), h.writable());
  Record(workspace, h, [=](Tape& tape) {
    const auto dforget = tape.SlotFor(forget), dx = tape.SlotFor(x);
    DRAGOMAN_CHECK(!dforget.accumulate && !dx.accumulate);  // nothing else uses them
    kernels::SsruBackward(packing, forget.value(), x.value(), cells.value(), tape.Gradient(h), dforget.matrix,
                          dx.matrix);
  });
  return h;
}

}  // namespace dragoman
