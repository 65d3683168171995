// SPDX-License-Identifier: Apache-2.0
#include "autograd/tape.h"

#include "base/check.h"
#include "base/hash.h"
#include "kernels/elementwise.h"

namespace dragoman {

Tape::Tape(Workspace& workspace, float* gradients, uint64_t dropout_key)
    : workspace_(workspace), gradients_(gradients), dropout_key_(dropout_key) {
  DRAGOMAN_CHECK(workspace.tape_ == nullptr);
  workspace.tape_ = this;
}

Tape::~Tape() {
  while (!steps_.empty()) PopStep();
  workspace_.tape_ = nullptr;
}

void Tape::FreeGradient(const Variable& variable) {
  Matrix& gradient = variable.node_->gradient;
  if (gradient.data != nullptr) workspace_.pool_.Free(gradient.data);
  gradient = Matrix();
}

Tape::GradientSlot Tape::SlotFor(const Variable& variable) {
  Variable::Node* node = variable.node_;
  if (node->gradient.data != nullptr) return {node->gradient, /*accumulate=*/true};
  const Matrix& value = node->value;
  auto* data = static_cast<float*>(workspace_.pool_.Allocate(static_cast<size_t>(value.size()) * sizeof(float)));
  node->gradient = Matrix(data, value.rows, value.cols);
  return {node->gradient, /*accumulate=*/false};
}

void Tape::PassGradient(const Variable& from, const Variable& to) {
  DRAGOMAN_CHECK(from.rows() == to.rows() && from.cols() == to.cols());
  if (!HasGradient(to)) {
    std::swap(from.node_->gradient, to.node_->gradient);
    return;
  }
  const auto size = static_cast<size_t>(from.rows() * from.cols());
  kernels::AddTo({from.node_->gradient.data, size}, {to.node_->gradient.data, size});
  FreeGradient(from);
}

kernels::Dropout Tape::NextDropout(float rate) {
  if (rate <= 0) return {};
  return {rate, HashCombine(dropout_key_, ++dropouts_)};
}

void Tape::PopStep() {
  Step& step = steps_.back();
  step.destroy(step.closure);
  workspace_.pool_.Free(step.closure);
  steps_.pop_back();
}

void Tape::Backward() {
  while (!steps_.empty()) {
    Step& step = steps_.back();
    if (!step.output) {
      step.run(step.closure, *this);
    } else if (HasGradient(step.output)) {
      step.run(step.closure, *this);
      if (!step.keep_gradient) FreeGradient(step.output);
    }
    PopStep();
  }
  kept_.clear();
}

}  // namespace dragoman
