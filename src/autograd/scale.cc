// SPDX-License-Identifier: Apache-2.0
#include <span>
#include <utility>

#include "autograd/ops.h"
#include "autograd/tape.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

std::span<float> Elements(const Matrix& m) { return {m.data, static_cast<size_t>(m.size())}; }

}  // namespace

Variable Scale(Workspace& workspace, Variable x, float factor) {
  kernels::Scale(Elements(x.writable()), factor);
  RecordInPlace(workspace, x, [x, factor](Tape& tape) { kernels::Scale(Elements(tape.WritableGradient(x)), factor); });
  return x;
}

}  // namespace dragoman
