// SPDX-License-Identifier: Apache-2.0
#include "kernels/activation.h"

#include <utility>

#include "autograd/ops.h"
#include "autograd/shape_check.h"
#include "base/check.h"
#include "kernels/elementwise.h"

namespace dragoman {
namespace {

void DropoutInPlace(Tape& tape, Variable& y, float rate) {
  const kernels::Dropout dropout = tape.NextDropout(rate);
  if (!dropout.active()) return;
  kernels::ApplyDropout(dropout, y.value(), y.writable(), /*accumulate=*/false);
  tape.RecordInPlace(y, [&tape, y, dropout] {
    const Matrix& dy = tape.WritableGradient(y);
    kernels::ApplyDropout(dropout, dy, dy, /*accumulate=*/false);
  });
}

// ReLU's gradient can be told from its output, so it works in x's own memory: value and gradient alike.
Variable ReluInPlace(Tape& tape, Variable x, const Parameter* bias) {
  kernels::ActivationForward(kernels::Activation::kRelu, x.writable(), bias != nullptr ? bias->data : nullptr,
                             x.writable());
  tape.RecordInPlace(x, [&tape, bias, x] {
    const Matrix& dx = tape.WritableGradient(x);
    kernels::ActivationBackward(kernels::Activation::kRelu, dx, x.value(), dx);
    if (bias != nullptr) kernels::AddColumnSums(dx, tape.GradientOf(*bias));
  });
  return x;
}

Variable ActivateKeepingInput(Tape& tape, Variable x, const Parameter* bias, kernels::Activation activation) {
  Variable y = tape.New(x.rows(), x.cols());
  kernels::ActivationForward(activation, x.writable(), bias != nullptr ? bias->data : nullptr, y.writable());
  tape.Record(y, [&tape, bias, activation, x, y] {
    const Matrix& dy = tape.WritableGradient(y);
    kernels::ActivationBackward(activation, dy, x.value(), dy);  // dy now holds dx
    if (bias != nullptr) kernels::AddColumnSums(dy, tape.GradientOf(*bias));
    tape.PassGradient(y, x);
  });
  return y;
}

}  // namespace

Variable Activate(Tape& tape, Variable x, const Parameter* bias, kernels::Activation activation, float dropout_rate) {
  ExpectShape("Activate", bias, 1, x.cols());
  Variable y = activation == kernels::Activation::kRelu ? ReluInPlace(tape, std::move(x), bias)
                                                        : ActivateKeepingInput(tape, std::move(x), bias, activation);
  // Over ReLU's output in place too: an element that dropout zeroes has no gradient either way.
  DropoutInPlace(tape, y, dropout_rate);
  return y;
}

Variable ActivateGated(Tape& tape, const Variable& gate, const Variable& x, kernels::Activation activation,
                       float dropout_rate) {
  ExpectShape("ActivateGated", "gate", gate.value(), x.rows(), x.cols());
  Variable y = tape.New(x.rows(), x.cols());
  kernels::GatedForward(activation, gate.value(), x.value(), y.writable());
  tape.Record(y, [&tape, activation, gate, x, y] {
    const auto dgate = tape.SlotFor(gate);
    DRAGOMAN_CHECK(!dgate.accumulate);
    kernels::GatedBackward(activation, tape.Gradient(y), gate.value(), x.value(), dgate.matrix,
                           tape.WritableGradient(y));
    tape.PassGradient(y, x);
  });
  DropoutInPlace(tape, y, dropout_rate);
  return y;
}

}  // namespace dragoman
