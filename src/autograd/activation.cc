// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.h"

#include <utility>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "autograd/tape.h"
#include "base/check.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

// ReLU's gradient can be told from its output, so it works in x's own memory: value and gradient alike.
Variable ReluInPlace(Workspace& workspace, Variable x, const Parameter* bias) {
  kernels::ActivationForward(kernels::Activation::kRelu, x.writable(), bias != nullptr ? bias->data : nullptr,
                             x.writable());
  RecordInPlace(workspace, x, [bias, x](Tape& tape) {
    const Matrix& dx = tape.WritableGradient(x);
    kernels::ActivationBackward(kernels::Activation::kRelu, dx, x.value(), dx);
    if (bias != nullptr) kernels::AddColumnSums(dx, tape.GradientOf(*bias));
  });
  return x;
}

Variable ActivateKeepingInput(Workspace& workspace, Variable x, const Parameter* bias, kernels::Activation activation) {
  Variable y = workspace.New(x.rows(), x.cols());
  kernels::ActivationForward(activation, x.writable(), bias != nullptr ? bias->data : nullptr, y.writable());
  Record(workspace, y, [bias, activation, x, y](Tape& tape) {
    const Matrix& dy = tape.WritableGradient(y);
    kernels::ActivationBackward(activation, dy, x.value(), dy);  // dy now holds dx
    if (bias != nullptr) kernels::AddColumnSums(dy, tape.GradientOf(*bias));
    tape.PassGradient(y, x);
  });
  return y;
}

}  // namespace

Variable Activate(Workspace& workspace, Variable x, const Parameter* bias, kernels::Activation activation,
                  float dropout_rate) {
  ExpectShape("Activate", bias, 1, x.cols());
  Variable y = activation == kernels::Activation::kRelu
                   ? ReluInPlace(workspace, std::move(x), bias)
                   : ActivateKeepingInput(workspace, std::move(x), bias, activation);
  // Over ReLU's output in place too: an element that dropout zeroes has no gradient either way.
  return Dropout(workspace, std::move(y), dropout_rate);
}

Variable ActivateGated(Workspace& workspace, const Variable& gate, const Variable& x, kernels::Activation activation,
                       float dropout_rate) {
  ExpectShape("ActivateGated", "gate", gate.value(), x.rows(), x.cols());
  Variable y = workspace.New(x.rows(), x.cols());
  kernels::GatedForward(activation, gate.value(), x.value(), y.writable());
  Record(workspace, y, [activation, gate, x, y](Tape& tape) {
    const auto dgate = tape.SlotFor(gate);
    DRAGOMAN_CHECK(!dgate.accumulate);
    kernels::GatedBackward(activation, tape.Gradient(y), gate.value(), x.value(), dgate.matrix,
                           tape.WritableGradient(y));
    tape.PassGradient(y, x);
  });
  return Dropout(workspace, std::move(y), dropout_rate);
}

}  // namespace dragoman
