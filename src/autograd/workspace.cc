// SPDX-License-Identifier: Apache-2.0
#include "autograd/workspace.h"

#include <new>

namespace dragoman {

void Variable::Release() {
  if (node_ != nullptr && --node_->references == 0) node_->workspace->FreeNode(node_);
}

Variable Workspace::New(int64_t rows, int64_t cols) {
  auto* data = static_cast<float*>(pool_.Allocate(static_cast<size_t>(rows * cols) * sizeof(float)));
  auto* memory = pool_.Allocate(sizeof(Variable::Node));
  return Variable(new (memory) Variable::Node{this, 1, Matrix(data, rows, cols), Matrix()});
}

Variable Workspace::Reuse(Variable& x) {
  auto* memory = pool_.Allocate(sizeof(Variable::Node));
  const Matrix value = std::exchange(x.node_->value, Matrix(nullptr, x.rows(), x.cols()));
  return Variable(new (memory) Variable::Node{this, 1, value, Matrix()});
}

void Workspace::FreeNode(Variable::Node* node) {
  for (const Matrix& matrix : {node->gradient, node->value}) {
    if (matrix.data != nullptr) pool_.Free(matrix.data);
  }
  pool_.Free(node);
}

}  // namespace dragoman
