// SPDX-License-Identifier: Apache-2.0
#include "autograd/tape.h"

#include "base/check.h"
#include "base/hash.h"
#include "kernels/elementwise.h"

namespace dragoman {

void Variable::Release() {
  if (node_ != nullptr && --node_->references == 0) node_->tape->FreeNode(node_);
}

void Tape::StartRecording(float* gradients, uint64_t dropout_key) {
  Clear();
  recording_ = true;
  gradients_ = gradients;
  dropout_key_ = dropout_key;
  dropouts_ = 0;
}

Variable Tape::New(int64_t rows, int64_t cols) {
  auto* data = static_cast<float*>(pool_.Allocate(static_cast<size_t>(rows * cols) * sizeof(float)));
  auto* memory = pool_.Allocate(sizeof(Variable::Node));
  return Variable(new (memory) Variable::Node{this, 1, Matrix(data, rows, cols), Matrix()});
}

Variable Tape::Reuse(const Variable& x) {
  auto* memory = pool_.Allocate(sizeof(Variable::Node));
  const Matrix value = std::exchange(x.node_->value, Matrix(nullptr, x.rows(), x.cols()));
  return Variable(new (memory) Variable::Node{this, 1, value, Matrix()});
}

void Tape::FreeGradient(Variable::Node* node) {
  if (node->gradient.data != nullptr) pool_.Free(node->gradient.data);
  node->gradient = Matrix();
}

void Tape::FreeNode(Variable::Node* node) {
  FreeGradient(node);
  if (node->value.data != nullptr) pool_.Free(node->value.data);
  pool_.Free(node);
}

Tape::GradientSlot Tape::SlotFor(const Variable& variable) {
  Variable::Node* node = variable.node_;
  if (node->gradient.data != nullptr) return {node->gradient, /*accumulate=*/true};
  const Matrix& value = node->value;
  auto* data = static_cast<float*>(pool_.Allocate(static_cast<size_t>(value.size()) * sizeof(float)));
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
  FreeGradient(from.node_);
}

kernels::Dropout Tape::NextDropout(float rate) {
  if (!recording_ || rate <= 0) return {};
  return {rate, HashCombine(dropout_key_, ++dropouts_)};
}

void Tape::PopStep() {
  Step& step = steps_.back();
  step.destroy(step.closure);
  pool_.Free(step.closure);
  steps_.pop_back();
}

void Tape::Backward() {
  DRAGOMAN_CHECK(recording_);
  while (!steps_.empty()) {
    Step& step = steps_.back();
    if (!step.output) {
      step.run(step.closure);
    } else if (HasGradient(step.output)) {
      step.run(step.closure);
      if (!step.keep_gradient) FreeGradient(step.output.node_);
    }
    PopStep();
  }
}

void Tape::Clear() {
  while (!steps_.empty()) PopStep();
}

}  // namespace dragoman
